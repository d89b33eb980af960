import type { Response } from 'express';
import { mapError } from '../errors.ts';

/** Characters that the original's encoder escapes inside JSON texts, so that bodies match byte for byte. */
const ESCAPED: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

/** JSON as srs-sip writes it: one line, HTML characters escaped, a newline at the end. */
export function formatEnvelope(code: number, data: unknown): string {
  const json = JSON.stringify({ code, data });
  return `${json.replace(/[<>&\u2028\u2029]/g, (char) => ESCAPED[char] ?? char)}\n`;
}

/** Always HTTP 200, as the original; only a missing token gives 401. */
export function sendEnvelope(res: Response, code: number, data: unknown, status = 200): void {
  res.status(status).setHeader('Content-Type', 'application/json');
  res.end(formatEnvelope(code, data));
}

/** Anything thrown as an envelope: 400 for the caller's mistakes in the request, 401, else 500. */
export function sendEnvelopeError(res: Response, error: unknown): void {
  const { status, problem, headers } = mapError(error);
  if (status === 401 || status === 403) {
    for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
    sendEnvelope(res, status, { msg: problem.error.message }, status);
    return;
  }
  sendEnvelope(res, isBadRequest(problem.error.code) ? 400 : 500, { msg: problem.error.message });
}

function isBadRequest(code: string): boolean {
  return ['invalid_request', 'invalid_json', 'body_too_large', 'media_type_unsupported'].includes(code);
}
