import type { RtspHeaders } from './message.ts';

/** Why a head is none. */
export type HeaderFailure = 'bad_header' | 'too_many_headers' | 'bad_length';

export interface HeaderBlock {
  readonly headers: RtspHeaders;
  readonly contentLength: number;
}

const MAX_HEADERS = 64;
/** Of a header's values joined. */
const MAX_VALUE_CHARS = 8192;
const HEADER = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64})[ \t]*:[ \t]*(.*)$/;

/**
 * The header lines of a message (RFC 2326 §4.2): names in lower case, folded lines and repeated fields joined.
 * `tolerant` leaves out lines that are no header, as some cameras send them. Never throws.
 */
export function parseHeaderLines(lines: readonly string[], tolerant = false): HeaderBlock | HeaderFailure {
  if (lines.length > MAX_HEADERS) return 'too_many_headers';
  const headers = new Map<string, string>();
  let last: string | undefined;
  for (const line of lines) {
    if (line === '') continue;
    const folded = /^[ \t]/.test(line);
    const [, name, value] = folded ? [line, last, line] : (HEADER.exec(line) ?? []);
    if (name === undefined || value === undefined) {
      if (tolerant) continue;
      return 'bad_header';
    }
    last = name.toLowerCase();
    const before = headers.get(last);
    const joined = before === undefined ? value.trim() : `${before}${folded ? ' ' : ', '}${value.trim()}`;
    if (joined.length > MAX_VALUE_CHARS) return 'bad_header';
    headers.set(last, joined);
  }
  const contentLength = parseLength(headers.get('content-length'));
  return contentLength === undefined ? 'bad_length' : { headers, contentLength };
}

function parseLength(text: string | undefined): number | undefined {
  if (text === undefined) return 0;
  return /^\d{1,7}$/.test(text) ? Number(text) : undefined;
}
