import { parseCSeq, type CSeq } from './headers/cseq.ts';
import { HeaderList } from './headers/header-list.ts';
import { firstValueEnd } from './headers/list.ts';
import { tagOf } from './headers/name-addr.ts';
import { parseVia, type Via } from './headers/via.ts';
import type { SipHeaders, SipRequest, SipResponse } from './types.ts';

const EMPTY_BODY = Buffer.alloc(0);

/** What requests and responses share; structured fields are parsed once, when first asked for. */
abstract class Message {
  readonly headers: HeaderList;
  readonly body: Buffer;
  #via: Via | undefined | null = null;
  #cseq: CSeq | undefined | null = null;
  #toTag: string | undefined | null = null;

  constructor(headers: HeaderList, body: Buffer = EMPTY_BODY) {
    this.headers = headers;
    this.body = body;
  }

  /** Top Via, RFC 3261 §20.42. */
  get via(): Via | undefined {
    if (this.#via === null) {
      const value = this.headers.get('via');
      this.#via = value === undefined ? undefined : parseVia(value.slice(0, firstValueEnd(value)));
    }
    return this.#via;
  }

  get cseq(): CSeq | undefined {
    if (this.#cseq === null) {
      const value = this.headers.get('cseq');
      this.#cseq = value === undefined ? undefined : parseCSeq(value);
    }
    return this.#cseq;
  }

  get callId(): string {
    return this.headers.get('call-id') ?? '';
  }

  get fromTag(): string | undefined {
    return tagOf(this.headers.get('from') ?? '');
  }

  get toTag(): string | undefined {
    if (this.#toTag === null) this.#toTag = tagOf(this.headers.get('to') ?? '');
    return this.#toTag;
  }
}

/** A request, from the wire or to it (RFC 3261 §7.1). */
export class Request extends Message implements SipRequest {
  readonly kind = 'request';
  readonly method: string;
  readonly uri: string;
  /** `SIP/2.0`, or what stood in its place. */
  readonly version: string;
  /** False where the request line has blanks that the grammar does not allow. */
  readonly strictLine: boolean;

  constructor(line: RequestLine, headers: HeaderList, body?: Buffer) {
    super(headers, body);
    this.method = line.method;
    this.uri = line.uri;
    this.version = line.version ?? 'SIP/2.0';
    this.strictLine = line.strict ?? true;
  }
}

/** Parts of a request line, RFC 3261 §7.1. */
export interface RequestLine {
  readonly method: string;
  readonly uri: string;
  readonly version?: string;
  readonly strict?: boolean;
}

/** A response, from the wire or to it (RFC 3261 §7.2). */
export class Response extends Message implements SipResponse {
  readonly kind = 'response';
  readonly status: number;
  readonly reason: string;

  constructor(line: { readonly status: number; readonly reason: string }, headers: HeaderList, body?: Buffer) {
    super(headers, body);
    this.status = line.status;
    this.reason = line.reason;
  }
}

/** The header list behind the public interface; copies one that was made elsewhere. */
export function headerListOf(headers: SipHeaders): HeaderList {
  if (headers instanceof HeaderList) return headers;
  const list = new HeaderList();
  for (const [name, value] of headers) list.append(name, value);
  return list;
}

/** Bytes of a message. Content-Length is written from the body; header text goes out one byte per character. */
export function formatMessage(message: SipRequest | SipResponse): Buffer {
  const headers = headerListOf(message.headers);
  const line =
    message.kind === 'request'
      ? `${message.method} ${message.uri} SIP/2.0`
      : `SIP/2.0 ${message.status} ${message.reason}`;
  headers.set('Content-Length', String(message.body.length));
  const head = Buffer.from(`${line}\r\n${headers.format()}\r\n`, 'latin1');
  return message.body.length === 0 ? head : Buffer.concat([head, message.body]);
}
