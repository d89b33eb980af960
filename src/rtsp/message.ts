import { REASON_PHRASES, type RtspStatus } from './status.ts';

/** Header fields in order; names compare without case (RFC 2326 §15.2). */
export type RtspHeaders = ReadonlyMap<string, string>;

export interface RtspRequest {
  readonly method: string;
  /** As in the request line; `*` for the server itself. */
  readonly uri: string;
  /** Names in lower case; repeated fields are joined by commas. */
  readonly headers: RtspHeaders;
  readonly body: Buffer;
}

export interface RtspResponse {
  readonly status: RtspStatus;
  /** For people, behind the phrase of the status: clients show the whole line. */
  readonly reason?: string;
  /** Names as they are to be written. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body?: string;
}

const MAX_REASON_CHARS = 200;

/** RFC 2326 §7. */
export function formatResponse(response: RtspResponse, cseq: string | undefined): string {
  const { status, reason, headers = {}, body = '' } = response;
  const phrase = reason === undefined ? REASON_PHRASES[status] : `${REASON_PHRASES[status]}: ${printable(reason)}`;
  const lines = [`RTSP/1.0 ${status} ${phrase}`];
  if (cseq !== undefined) lines.push(`CSeq: ${cseq}`);
  lines.push('Server: gbrtc');
  for (const [name, value] of Object.entries(headers)) {
    const values = value === undefined || typeof value === 'string' ? [value] : value;
    for (const one of values) if (one !== undefined) lines.push(`${name}: ${one}`);
  }
  if (body !== '') lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** What may stand in a status line. */
function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]+/g, ' ').slice(0, MAX_REASON_CHARS);
}
