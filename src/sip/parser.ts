import { HeaderList } from './headers/header-list.ts';
import { fieldName } from './headers/names.ts';
import { Request, Response } from './message.ts';

/** Why bytes are no SIP message. */
export type ParseFault =
  | 'empty'
  | 'not_sip'
  | 'bad_start_line'
  | 'bad_status'
  | 'head_too_long'
  | 'too_many_headers'
  | 'incomplete_head';

/** Largest start line and header section, and most fields in it. */
export const MAX_HEAD_BYTES = 32_768;
const MAX_HEADERS = 256;

/** Start line and header fields, without the body. */
export interface ParsedHead {
  readonly start: StartLine;
  readonly headers: HeaderList;
  /** Where the body begins. */
  readonly bodyStart: number;
}

type StartLine =
  | { readonly kind: 'request'; method: string; uri: string; version: string; strict: boolean }
  | { readonly kind: 'response'; status: number; reason: string };

/**
 * One datagram (RFC 3261 §18.3). Line ends before the start line, bare line feeds, a missing blank line and any
 * Content-Length are let through; the values of the fields are not looked at, see validateRequest.
 */
export function parseMessage(bytes: Buffer): Request | Response | ParseFault {
  const start = skipBlank(bytes, 0);
  if (start === bytes.length) return 'empty';
  const head = parseHead(bytes, start, true);
  if (typeof head === 'string') return head;
  return makeMessage(head, datagramBody(bytes, head));
}

/** Joins a head and its body. */
export function makeMessage({ start, headers }: ParsedHead, body: Buffer): Request | Response {
  return start.kind === 'request' ? new Request(start, headers, body) : new Response(start, headers, body);
}

/** First byte at or after `from` that is neither a line end, a blank nor a control character. */
export function skipBlank(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && isBlank(bytes[at])) at += 1;
  return at;
}

function isBlank(byte: number | undefined): boolean {
  return byte === undefined || byte <= 0x20 || byte === 0x7f;
}

/** Reads the head that starts at `from`; `final` when no more bytes will come. */
export function parseHead(bytes: Buffer, from: number, final: boolean): ParsedHead | ParseFault {
  const text = bytes.toString('latin1', from, Math.min(bytes.length, from + MAX_HEAD_BYTES));
  const end = headEnd(text);
  if (end < 0) {
    if (from + MAX_HEAD_BYTES < bytes.length) return 'head_too_long';
    if (!final) return 'incomplete_head';
  }
  const head = end < 0 ? text : text.slice(0, end);
  const lineEnd = head.indexOf('\n');
  const start = parseStartLine(withoutCr(lineEnd < 0 ? head : head.slice(0, lineEnd)));
  if (typeof start === 'string') return start;
  const headers = new HeaderList();
  if (lineEnd >= 0 && !readFields(head, lineEnd + 1, headers)) return 'too_many_headers';
  const bodyStart = end < 0 ? bytes.length : from + end + (text.charCodeAt(end) === 0x0d ? 2 : 1);
  return { start, headers, bodyStart };
}

/** Position of the blank line, whichever line ends are used; -1 without one. */
function headEnd(text: string): number {
  const crlf = text.indexOf('\n\r\n');
  const lf = text.indexOf('\n\n');
  if (crlf < 0 && lf < 0) return -1;
  if (crlf < 0) return lf + 1;
  return lf < 0 || crlf < lf ? crlf + 1 : lf + 1;
}

function withoutCr(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

function parseStartLine(line: string): StartLine | ParseFault {
  if (/^SIP\//i.test(line)) return parseStatusLine(line);
  const trimmed = line.trimEnd();
  const first = trimmed.search(/[ \t]/);
  const last = Math.max(trimmed.lastIndexOf(' '), trimmed.lastIndexOf('\t'));
  const version = trimmed.slice(last + 1);
  if (!/^SIP\/\d+\.\d+$/i.test(version)) return 'not_sip';
  if (first <= 0 || first === last) return 'bad_start_line';
  const method = trimmed.slice(0, first);
  if (!isToken(method)) return 'bad_start_line';
  const uri = trimmed.slice(first + 1, last);
  return { kind: 'request', method, uri, version: version.toUpperCase(), strict: trimmed.length === line.length };
}

/** RFC 3261 §25.1. */
function isToken(text: string): boolean {
  return /^[\w\-.!%*+`'~]+$/.test(text);
}

/** RFC 3261 §7.2; the reason phrase and the blank before it may be missing. */
function parseStatusLine(line: string): StartLine | ParseFault {
  const match = /^SIP\/2\.0[ \t]+(\d+)(?:[ \t](.*))?$/is.exec(line);
  if (match === null) return 'bad_start_line';
  const status = Number(match[1]);
  if (match[1]?.length !== 3 || status < 100 || status > 699) return 'bad_status';
  return { kind: 'response', status, reason: match[2] ?? '' };
}

function readFields(head: string, from: number, headers: HeaderList): boolean {
  let start = from;
  while (start < head.length) {
    const found = head.indexOf('\n', start);
    const end = found < 0 ? head.length : found;
    if (!readField(head, start, end, headers)) return false;
    start = end + 1;
  }
  return true;
}

function readField(head: string, start: number, end: number, headers: HeaderList): boolean {
  const first = head.charCodeAt(start);
  const indented = first === 0x20 || first === 0x09;
  if (indented && !isIndentedLength(head, start, end)) {
    headers.fold(head.slice(start, end).trim());
    return true;
  }
  const colon = head.indexOf(':', start);
  // A line that is no field is skipped: the message around it is still of use.
  if (colon < 0 || colon >= end) return true;
  const name = head.slice(start, colon).trim();
  if (name === '') return true;
  if (headers.size === MAX_HEADERS) return false;
  headers.push(fieldName(name), head.slice(colon + 1, end).trim());
  return true;
}

/** Some devices put blanks before `Content-Length`, which by the letter would fold it into the field above. */
function isIndentedLength(head: string, start: number, end: number): boolean {
  return /^[ \t]+(?:Content-Length|l)[ \t]*:[ \t]*\d+\s*$/i.test(head.slice(start, end));
}

/** Declared length; undefined where the field is missing or is no number. */
export function contentLength(headers: HeaderList): number | undefined {
  const value = headers.get('content-length');
  if (value === undefined || !/^\d{1,9}$/.test(value)) return undefined;
  return Number(value);
}

/**
 * The rest of the datagram, whatever Content-Length says (Hikvision sends 0 or a wrong one), except for trailing
 * blanks or NULs and for a second message, which RFC 3261 §18.3 tells us to discard.
 */
function datagramBody(bytes: Buffer, { headers, bodyStart }: ParsedHead): Buffer {
  const rest = bytes.subarray(bodyStart);
  const declared = contentLength(headers);
  if (declared === undefined || declared >= rest.length) return rest;
  const beyond = skipBlank(rest, declared);
  if (beyond === rest.length || startsMessage(rest, beyond)) return rest.subarray(0, declared);
  return rest;
}

const MAX_START_LINE = 2_048;

/** True where a whole start line stands at `at`. */
export function startsMessage(bytes: Buffer, at: number): boolean {
  const newline = bytes.subarray(at, at + MAX_START_LINE).indexOf(0x0a);
  if (newline < 0) return false;
  return typeof parseStartLine(withoutCr(bytes.toString('latin1', at, at + newline))) !== 'string';
}
