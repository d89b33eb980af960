import type { RtspHeaders } from './message.ts';

/** Why a head is none. */
export type HeadFailure = 'bad_request_line' | 'bad_version' | 'bad_header' | 'too_many_headers' | 'bad_length';

export interface RequestHead {
  readonly method: string;
  readonly uri: string;
  readonly headers: RtspHeaders;
  readonly contentLength: number;
}

const MAX_HEADERS = 64;
/** Of a header's values joined. */
const MAX_VALUE_CHARS = 8192;
/** RFC 2326 §6.1; methods are tokens. */
const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}) +([^\s]{1,4096}) +RTSP\/(\d{1,3})\.(\d{1,3})$/;
const HEADER = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64})[ \t]*:[ \t]*(.*)$/;

/** The head of a request without its empty line: RFC 2326 §6, lines ended by CRLF or LF. Never throws. */
export function parseRequestHead(text: string): RequestHead | HeadFailure {
  const [first = '', ...lines] = text.split(/\r?\n/);
  const [, method, uri, major] = REQUEST_LINE.exec(first.trimEnd()) ?? [];
  if (method === undefined || uri === undefined) return 'bad_request_line';
  if (major !== '1') return 'bad_version';
  if (lines.length > MAX_HEADERS) return 'too_many_headers';
  const headers = parseHeaders(lines);
  if (typeof headers === 'string') return headers;
  const contentLength = parseLength(headers.get('content-length'));
  return contentLength === undefined ? 'bad_length' : { method, uri, headers, contentLength };
}

function parseHeaders(lines: readonly string[]): Map<string, string> | HeadFailure {
  const headers = new Map<string, string>();
  let last: string | undefined;
  for (const line of lines) {
    if (line === '') continue;
    const folded = /^[ \t]/.test(line);
    const [, name, value] = folded ? [line, last, line] : (HEADER.exec(line) ?? []);
    if (name === undefined || value === undefined) return 'bad_header';
    last = name.toLowerCase();
    const before = headers.get(last);
    const joined = before === undefined ? value.trim() : `${before}${folded ? ' ' : ', '}${value.trim()}`;
    if (joined.length > MAX_VALUE_CHARS) return 'bad_header';
    headers.set(last, joined);
  }
  return headers;
}

function parseLength(text: string | undefined): number | undefined {
  if (text === undefined) return 0;
  return /^\d{1,7}$/.test(text) ? Number(text) : undefined;
}
