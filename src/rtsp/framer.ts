import type { RtspRequest } from './message.ts';
import { parseRequestHead, type HeadFailure, type RequestHead } from './request-parser.ts';

/** Bytes of one request's head. */
export const MAX_HEAD_BYTES = 16_384;
/** Bytes of one request's body. */
export const MAX_BODY_BYTES = 65_536;
/** RFC 2326 §10.12. */
const DOLLAR = 0x24;
const FRAME_HEADER_BYTES = 4;

export type FramerFailure = HeadFailure | 'head_too_long' | 'body_too_long';

export type FramerItem =
  | { readonly kind: 'request'; readonly request: RtspRequest }
  /** A packet on an interleaved channel; valid during the call. */
  | { readonly kind: 'packet'; readonly channel: number; readonly packet: Buffer };

/**
 * Cuts what arrives on a connection into requests and interleaved packets. Bounded by the two limits above and the 64 KiB
 * of a packet. After a failure the rest cannot be understood.
 */
export class RtspFramer {
  #pending: Buffer = Buffer.alloc(0);
  #head: RequestHead | undefined;
  #failure: FramerFailure | undefined;

  /** Bytes kept for later. */
  get pendingBytes(): number {
    return this.#pending.length;
  }

  /** Tells each item that is complete; returns the failure from which on nothing more is told. */
  push(chunk: Buffer, tell: (item: FramerItem) => void): FramerFailure | undefined {
    if (this.#failure !== undefined) return this.#failure;
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    let item = this.#next();
    while (item !== undefined && typeof item !== 'string') {
      tell(item);
      item = this.#next();
    }
    this.#failure = item;
    // What is kept must not hold the socket's whole chunk.
    this.#pending = item === undefined ? Buffer.from(this.#pending) : Buffer.alloc(0);
    return item;
  }

  #next(): FramerItem | FramerFailure | undefined {
    if (this.#head !== undefined) return this.#body(this.#head);
    this.#skipBlankLines();
    if (this.#pending.length === 0) return undefined;
    if (this.#pending[0] === DOLLAR) return this.#packet();
    const end = endOfHead(this.#pending);
    if (end === undefined) return this.#pending.length > MAX_HEAD_BYTES ? 'head_too_long' : undefined;
    if (end > MAX_HEAD_BYTES) return 'head_too_long';
    const head = parseRequestHead(this.#take(end).toString('latin1').trimEnd());
    if (typeof head === 'string') return head;
    if (head.contentLength > MAX_BODY_BYTES) return 'body_too_long';
    this.#head = head;
    return this.#body(head);
  }

  #body({ method, uri, headers, contentLength }: RequestHead): FramerItem | undefined {
    if (this.#pending.length < contentLength) return undefined;
    this.#head = undefined;
    return { kind: 'request', request: { method, uri, headers, body: Buffer.from(this.#take(contentLength)) } };
  }

  #packet(): FramerItem | undefined {
    if (this.#pending.length < FRAME_HEADER_BYTES) return undefined;
    const length = FRAME_HEADER_BYTES + this.#pending.readUInt16BE(2);
    if (this.#pending.length < length) return undefined;
    const channel = this.#pending[1] ?? 0;
    return { kind: 'packet', channel, packet: this.#take(length).subarray(FRAME_HEADER_BYTES) };
  }

  /** RFC 2326 §4: empty lines before a message are ignored. */
  #skipBlankLines(): void {
    let at = 0;
    while (this.#pending[at] === 0x0d || this.#pending[at] === 0x0a) at += 1;
    if (at > 0) this.#pending = this.#pending.subarray(at);
  }

  #take(bytes: number): Buffer {
    const taken = this.#pending.subarray(0, bytes);
    this.#pending = this.#pending.subarray(bytes);
    return taken;
  }
}

/** Offset behind the empty line. */
function endOfHead(bytes: Buffer): number | undefined {
  const crlf = bytes.indexOf('\r\n\r\n');
  const lf = bytes.indexOf('\n\n');
  if (crlf < 0 && lf < 0) return undefined;
  return lf < 0 || (crlf >= 0 && crlf < lf) ? crlf + 4 : lf + 2;
}
