import type { RequestHandler } from 'express';
import type { HealthReport } from './types.ts';

/** GET /healthz: open to everybody, for load balancers and containers. */
export function healthz(health: () => HealthReport): RequestHandler {
  return (_req, res) => {
    const { ok, problems } = health();
    res.setHeader('Cache-Control', 'no-store');
    if (ok) res.status(200).json({ status: 'ok' });
    else res.status(503).json({ status: 'unavailable', problems });
  };
}
