import { MAX_HEAD_BYTES, contentLength, makeMessage, parseHead, startsMessage, type ParsedHead } from './parser.ts';
import type { Request, Response } from './message.ts';

/** Largest body on a stream; larger ones end the connection. */
export const MAX_STREAM_BODY_BYTES = 262_144;
const MAX_SCAN_LINE_BYTES = 2_048;
const NOTHING = Buffer.alloc(0);

/** What the framer tells; `skipped` are bytes in which no message begins. */
export interface FrameSink {
  message(message: Request | Response, bytes: Buffer): void;
  /** RFC 5626 §3.5.1: two line ends between messages. */
  ping(): void;
  skipped(reason: StreamFault, bytes: Buffer): void;
}

/** Why bytes of a stream were given up. */
export type StreamFault = 'lost_sync' | 'head_too_long' | 'body_too_long' | 'too_many_headers' | 'bad_start_line';

/**
 * Cuts a byte stream into messages (RFC 3261 §18.3). Where Content-Length is missing or wrong it falls back on the
 * next start line, and after garbage it takes up again at one. Holds at most one head and one body.
 */
export class StreamFramer {
  readonly #sink: FrameSink;
  #pending: Buffer = NOTHING;
  #head: ParsedHead | undefined;
  /** Where the search for a start line inside the awaited body goes on. */
  #scanned = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Bytes that wait for more. */
  get buffered(): number {
    return this.#pending.length;
  }

  push(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    let progress = true;
    while (progress && this.#pending.length > 0) {
      progress = this.#head === undefined ? this.#readHead() : this.#readBody(this.#head);
    }
    this.#pending = ownBytes(this.#pending);
  }

  #readHead(): boolean {
    if (!this.#skipLineEnds()) return false;
    const head = parseHead(this.#pending, 0, false);
    if (head === 'incomplete_head') return this.#awaitHead();
    if (typeof head === 'string') {
      this.#resync(head === 'not_sip' || head === 'bad_status' || head === 'empty' ? 'lost_sync' : head);
      return true;
    }
    this.#head = head;
    this.#scanned = head.bodyStart;
    return true;
  }

  /** Takes line ends and control characters between messages; false when nothing else is left. */
  #skipLineEnds(): boolean {
    const bytes = this.#pending;
    let at = 0;
    let lineEnds = 0;
    for (; at < bytes.length; at += 1) {
      const byte = bytes[at] ?? 0;
      if (byte > 0x20 && byte !== 0x7f) break;
      if (byte !== 0x0a) continue;
      lineEnds += 1;
      if (lineEnds % 2 === 0) this.#sink.ping();
    }
    // A lone CR or CRLF may be the first half of a ping: it waits for the other one.
    if (at === bytes.length && lineEnds % 2 === 1 && at <= 4) return false;
    this.#pending = bytes.subarray(at);
    return this.#pending.length > 0;
  }

  /** A first line that is complete must be a start line: garbage is not collected up to the limit of a head. */
  #awaitHead(): boolean {
    const newline = this.#pending.indexOf(0x0a);
    const open = newline < 0 && this.#pending.length <= MAX_SCAN_LINE_BYTES;
    if (open || (newline >= 0 && startsMessage(this.#pending, 0))) return false;
    this.#resync('lost_sync');
    return true;
  }

  /** Drops bytes up to the next line that is a start line, or all but the last, unfinished line. */
  #resync(reason: StreamFault): void {
    const bytes = this.#pending;
    const found = nextStartLine(bytes, 1);
    const lastLine = bytes.lastIndexOf(0x0a) + 1;
    const keepTail = lastLine > 0 && bytes.length - lastLine <= MAX_SCAN_LINE_BYTES;
    const end = found >= 0 ? found : keepTail ? lastLine : bytes.length;
    this.#sink.skipped(reason, bytes.subarray(0, end));
    this.#pending = bytes.subarray(end);
  }

  #readBody(head: ParsedHead): boolean {
    const declared = contentLength(head.headers) ?? 0;
    if (declared > MAX_STREAM_BODY_BYTES) {
      this.#head = undefined;
      this.#resync('body_too_long');
      return true;
    }
    const end = head.bodyStart + declared;
    if (this.#pending.length < end) return this.#cutAtStartLine(head);
    this.#emit(head, this.#honestEnd(head, end));
    return true;
  }

  /** Content-Length was too large where the next message begins inside the body that is waited for. */
  #cutAtStartLine(head: ParsedHead): boolean {
    if (carriesMessages(head)) return false;
    const found = nextStartLine(this.#pending, this.#scanned);
    if (found >= 0) {
      this.#emit(head, found);
      return true;
    }
    this.#scanned = Math.max(head.bodyStart, this.#pending.lastIndexOf(0x0a) + 1);
    return false;
  }

  /** Content-Length was too small where a body goes on with what cannot be a message. */
  #honestEnd(head: ParsedHead, end: number): number {
    const bytes = this.#pending;
    let next = end;
    while (next < bytes.length && (bytes[next] ?? 0) <= 0x20) next += 1;
    const goesOn = next < bytes.length && head.headers.has('content-type') && !carriesMessages(head);
    if (!goesOn || mayStartMessage(bytes, next)) return end;
    const found = nextStartLine(bytes, next);
    return found < 0 ? bytes.length : found;
  }

  #emit(head: ParsedHead, end: number): void {
    const bytes = this.#pending.subarray(0, end);
    this.#head = undefined;
    this.#pending = this.#pending.subarray(end);
    this.#sink.message(makeMessage(head, bytes.subarray(head.bodyStart)), bytes);
  }
}

/** What waits must not keep in memory the much larger chunk that it came in. */
function ownBytes(bytes: Buffer): Buffer {
  if (bytes.length === 0) return NOTHING;
  if (bytes.buffer.byteLength <= 2 * bytes.length) return bytes;
  const own = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(own);
  return own;
}

/** Bodies in which a start line is content: message/sip, multipart. */
function carriesMessages({ headers }: ParsedHead): boolean {
  return /^(?:message|multipart)\//i.test(headers.get('content-type') ?? '');
}

/** A start line, or the beginning of one that is not complete yet. */
function mayStartMessage(bytes: Buffer, at: number): boolean {
  const window = bytes.subarray(at, at + MAX_HEAD_BYTES);
  if (window.includes(0x0a)) return startsMessage(bytes, at);
  const blank = window.indexOf(0x20);
  const word = window.toString('latin1', 0, blank < 0 ? Math.min(window.length, MAX_SCAN_LINE_BYTES) : blank);
  return /^[\w\-.!%*+`'~/]+$/.test(word);
}

/** Next start line at or after `from`, or -1; it may stand right behind a body that has no line end. */
function nextStartLine(bytes: Buffer, from: number): number {
  // `SIP/2.0` is in every start line: lines without it are passed over without being decoded.
  let at = from;
  while (at < bytes.length) {
    const hit = bytes.indexOf('SIP/2.0', at, 'latin1');
    const newline = hit < 0 ? -1 : bytes.indexOf(0x0a, hit);
    if (newline < 0) return -1;
    const line = Math.max(at, bytes.lastIndexOf(0x0a, hit) + 1, hit - MAX_SCAN_LINE_BYTES);
    const text = bytes.toString('latin1', line, Math.min(newline, hit + MAX_SCAN_LINE_BYTES));
    const found = text.search(START_LINE);
    if (found >= 0) return line + found;
    at = newline + 1;
  }
  return -1;
}

/** Stricter than the parser's: what it finds ends a body or a run of garbage. */
const START_LINE = /(?:(?<![A-Z])[A-Z]{3,20} sips?:[^ ]{1,1000} SIP\/2\.0|SIP\/2\.0 \d{3}(?: .{0,1000})?)\r?$/;
