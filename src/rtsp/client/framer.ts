import type { RtspHeaders } from '../message.ts';
import { parseRequestHead, type HeadFailure } from '../request-parser.ts';
import { parseResponseHead, type ResponseFailure } from './response-parser.ts';

/** Bytes of one head. */
export const MAX_HEAD_BYTES = 16_384;
/** Bytes of one body. */
export const MAX_BODY_BYTES = 65_536;
/** RFC 2326 §10.12. */
const DOLLAR = 0x24;
const FRAME_HEADER_BYTES = 4;
const NOTHING = Buffer.alloc(0);

export interface ServerResponse {
  readonly kind: 'response';
  readonly status: number;
  readonly reason: string;
  /** Names in lower case. */
  readonly headers: RtspHeaders;
  readonly body: Buffer;
}

/** A server may ask, too (RFC 2326 §10). */
export interface ServerRequest {
  readonly kind: 'request';
  readonly method: string;
  readonly headers: RtspHeaders;
}

export type ClientItem =
  | ServerResponse
  | ServerRequest
  /** One or more complete frames without anything between; valid during the call. */
  | { readonly kind: 'frames'; readonly frames: Buffer };

export type ClientFramerFailure = ResponseFailure | HeadFailure | 'head_too_long' | 'body_too_long';

type Head =
  | { readonly item: Omit<ServerResponse, 'body'>; readonly contentLength: number }
  | { readonly item: ServerRequest; readonly contentLength: number };

/**
 * Cuts what a server sends into responses, requests of its own and runs of interleaved frames. Bounded by the two limits
 * above and the 64 KiB of a frame. After a failure the rest cannot be understood.
 */
export class ClientFramer {
  #pending: Buffer = NOTHING;
  #head: Head | undefined;
  #failure: ClientFramerFailure | undefined;

  /** Bytes kept for later. */
  get pendingBytes(): number {
    return this.#pending.length;
  }

  /** Tells each item that is complete; returns the failure from which on nothing more is told. */
  push(chunk: Buffer, tell: (item: ClientItem) => void): ClientFramerFailure | undefined {
    if (this.#failure !== undefined) return this.#failure;
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    let item = this.#next();
    while (item !== undefined && typeof item !== 'string') {
      tell(item);
      item = this.#next();
    }
    this.#failure = item;
    // What is kept must not hold the socket's whole chunk.
    this.#pending = item === undefined ? Buffer.from(this.#pending) : NOTHING;
    return item;
  }

  #next(): ClientItem | ClientFramerFailure | undefined {
    if (this.#head !== undefined) return this.#body(this.#head);
    this.#skipBlankLines();
    if (this.#pending.length === 0) return undefined;
    if (this.#pending[0] === DOLLAR) return this.#frames();
    const end = endOfHead(this.#pending);
    if (end === undefined) return this.#pending.length > MAX_HEAD_BYTES ? 'head_too_long' : undefined;
    if (end > MAX_HEAD_BYTES) return 'head_too_long';
    const head = parseHead(this.#take(end).toString('latin1').trimEnd());
    if (typeof head === 'string') return head;
    if (head.contentLength > MAX_BODY_BYTES) return 'body_too_long';
    this.#head = head;
    return this.#body(head);
  }

  #body({ item, contentLength }: Head): ServerResponse | ServerRequest | undefined {
    if (this.#pending.length < contentLength) return undefined;
    this.#head = undefined;
    const body = Buffer.from(this.#take(contentLength));
    return item.kind === 'request' ? item : { ...item, body };
  }

  #frames(): ClientItem | undefined {
    let end = 0;
    while (this.#pending[end] === DOLLAR && end + FRAME_HEADER_BYTES <= this.#pending.length) {
      const next = end + FRAME_HEADER_BYTES + this.#pending.readUInt16BE(end + 2);
      if (next > this.#pending.length) break;
      end = next;
    }
    return end === 0 ? undefined : { kind: 'frames', frames: this.#take(end) };
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

function parseHead(text: string): Head | ClientFramerFailure {
  if (/^RTSP\//i.test(text)) {
    const head = parseResponseHead(text);
    if (typeof head === 'string') return head;
    const { contentLength, status, reason, headers } = head;
    return { item: { kind: 'response', status, reason, headers }, contentLength };
  }
  const head = parseRequestHead(text);
  if (typeof head === 'string') return head;
  return {
    item: { kind: 'request', method: head.method, headers: head.headers },
    contentLength: head.contentLength,
  };
}

/** Offset behind the empty line. */
function endOfHead(bytes: Buffer): number | undefined {
  const crlf = bytes.indexOf('\r\n\r\n');
  const lf = bytes.indexOf('\n\n');
  if (crlf < 0 && lf < 0) return undefined;
  return lf < 0 || (crlf >= 0 && crlf < lf) ? crlf + 4 : lf + 2;
}
