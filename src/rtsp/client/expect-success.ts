import { RtspClientError } from './errors.ts';
import type { ServerResponse } from './framer.ts';

export function refused(method: string, status: number, reason: string): RtspClientError {
  return new RtspClientError('rtsp_refused', `${method} was answered with ${status} ${reason}`.trim(), { status });
}

/** @throws RtspClientError */
export function expectSuccess(method: string, { status, reason }: ServerResponse): void {
  if (status >= 200 && status < 300) return;
  if (status === 404) throw new RtspClientError('rtsp_not_found', 'the server has no such stream', { status });
  if (status === 415)
    throw new RtspClientError('codec_unsupported', `${method} was answered with 415 ${reason}`, { status });
  throw refused(method, status, reason);
}
