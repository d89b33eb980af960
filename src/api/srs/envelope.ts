import { randomBytes } from 'node:crypto';
import type { Response } from 'express';

/** Who answers: SRS tells it in each reply, so that clients notice a restart. */
export interface SrsIdentity {
  readonly server: string;
  readonly service: string;
  readonly pid: string;
}

export function createIdentity(): SrsIdentity {
  return {
    server: `vid-${randomBytes(4).toString('hex').slice(0, 7)}`,
    service: randomBytes(4).toString('hex'),
    pid: String(process.pid),
  };
}

/** SRS's reply: code, who answers, then the rest. */
export function sendSrs(
  res: Response,
  identity: SrsIdentity,
  code: number,
  rest: Readonly<Record<string, unknown>>,
): void {
  res.setHeader('Content-Type', 'application/json');
  res.end(`${JSON.stringify({ code, ...identity, ...rest })}\n`);
}
