import { parseHeaderLines, type HeaderBlock, type HeaderFailure } from '../header-lines.ts';

/** Why a head is no response. */
export type ResponseFailure = 'bad_status_line' | 'bad_version' | HeaderFailure;

export interface ResponseHead extends HeaderBlock {
  readonly status: number;
  /** As the server words it. */
  readonly reason: string;
}

/** RFC 2326 §7.1; some cameras leave the reason out. */
const STATUS_LINE = /^RTSP\/(\d{1,3})\.(\d{1,3})[ \t]+([1-9]\d{2})(?:[ \t]+(.{0,200}))?$/i;

/** The head of a response without its empty line, lines ended by CRLF or LF. Never throws. */
export function parseResponseHead(text: string): ResponseHead | ResponseFailure {
  const [first = '', ...lines] = text.split(/\r?\n/);
  const [, major, , status, reason = ''] = STATUS_LINE.exec(first.trimEnd()) ?? [];
  if (major === undefined) return 'bad_status_line';
  if (major !== '1') return 'bad_version';
  const block = parseHeaderLines(lines, true);
  return typeof block === 'string' ? block : { status: Number(status), reason: reason.trim(), ...block };
}
