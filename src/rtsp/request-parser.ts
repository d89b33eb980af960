import { parseHeaderLines, type HeaderBlock, type HeaderFailure } from './header-lines.ts';

/** Why a head is none. */
export type HeadFailure = 'bad_request_line' | 'bad_version' | HeaderFailure;

export interface RequestHead extends HeaderBlock {
  readonly method: string;
  readonly uri: string;
}

/** RFC 2326 §6.1; methods are tokens. */
const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}) +([^\s]{1,4096}) +RTSP\/(\d{1,3})\.(\d{1,3})$/;

/** The head of a request without its empty line: RFC 2326 §6, lines ended by CRLF or LF. Never throws. */
export function parseRequestHead(text: string): RequestHead | HeadFailure {
  const [first = '', ...lines] = text.split(/\r?\n/);
  const [, method, uri, major] = REQUEST_LINE.exec(first.trimEnd()) ?? [];
  if (method === undefined || uri === undefined) return 'bad_request_line';
  if (major !== '1') return 'bad_version';
  const block = parseHeaderLines(lines);
  return typeof block === 'string' ? block : { method, uri, ...block };
}
