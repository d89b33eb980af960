import { HeaderList } from './headers/header-list.ts';
import { fieldName } from './headers/names.ts';
import { reasonPhrase } from './reason-phrases.ts';
import { Request, Response } from './message.ts';

/** Pairs of a field's name and value. */
export type HeaderPairs = ReadonlyArray<readonly [name: string, value: string]>;

/** RFC 3261 §20.22. */
const MAX_FORWARDS = '70';

const VIA = fieldName('Via');
const TO = fieldName('To');
const LENGTH = fieldName('Content-Length');

/** Parts of a request that the transaction or the dialog knows. */
export interface RequestParts {
  readonly method: string;
  readonly uri: string;
  readonly via: string;
  /** With tag. */
  readonly from: string;
  /** With tag inside of a dialog. */
  readonly to: string;
  readonly callId: string;
  readonly sequence: number;
  readonly routes?: readonly string[];
  readonly contact?: string;
  readonly headers?: HeaderPairs;
  readonly userAgent?: string;
  readonly contentType?: string;
  readonly body?: Buffer;
}

/** A request with the fields of RFC 3261 §8.1.1 in front. */
export function buildRequest(parts: RequestParts): Request {
  const headers = new HeaderList();
  headers.push(VIA, parts.via);
  for (const route of parts.routes ?? []) headers.append('Route', route);
  headers.append('Max-Forwards', MAX_FORWARDS);
  headers.append('From', parts.from);
  headers.append('To', parts.to);
  headers.append('Call-ID', parts.callId);
  headers.append('CSeq', `${parts.sequence} ${parts.method}`);
  if (parts.contact !== undefined) headers.append('Contact', parts.contact);
  if (parts.userAgent !== undefined) headers.append('User-Agent', parts.userAgent);
  appendUserHeaders(headers, parts);
  return new Request({ method: parts.method, uri: parts.uri }, headers, parts.body);
}

/** Parts of a response that its request does not give. */
export interface ResponseParts {
  readonly status: number;
  readonly reason?: string;
  /** Put into To where the request's has none; not for 100 (RFC 3261 §8.2.6.2). */
  readonly toTag?: string;
  readonly contact?: string;
  readonly headers?: HeaderPairs;
  readonly userAgent?: string;
  readonly contentType?: string;
  readonly body?: Buffer;
}

/** A response with the fields that RFC 3261 §8.2.6.2 copies from the request. */
export function buildResponse(request: Request, parts: ResponseParts): Response {
  const { status } = parts;
  const from = request.headers;
  const headers = new HeaderList();
  headers.copy(from, 'via');
  headers.copy(from, 'from');
  const to = from.get('to') ?? '';
  const addTag = parts.toTag !== undefined && status > 100 && request.toTag === undefined;
  headers.push(TO, addTag ? `${to};tag=${parts.toTag}` : to);
  headers.copy(from, 'call-id');
  headers.copy(from, 'cseq');
  // RFC 3261 §12.1.1: the route set of the dialog that this response makes.
  if (status > 100 && status < 300) headers.copy(from, 'record-route');
  if (status === 100) headers.copy(from, 'timestamp');
  if (parts.contact !== undefined) headers.append('Contact', parts.contact);
  if (parts.userAgent !== undefined) headers.append('User-Agent', parts.userAgent);
  appendUserHeaders(headers, parts);
  const reason = parts.reason === undefined ? reasonPhrase(status) : wireText(parts.reason);
  return new Response({ status, reason }, headers, parts.body);
}

function appendUserHeaders(headers: HeaderList, parts: Pick<RequestParts, 'headers' | 'contentType' | 'body'>): void {
  for (const [name, value] of parts.headers ?? []) headers.append(headerToken(name), wireText(value));
  if (parts.contentType !== undefined) headers.set('Content-Type', wireText(parts.contentType));
  headers.delete('Content-Length');
  headers.push(LENGTH, String(parts.body?.length ?? 0));
}

/** One byte a character, and no line end that would let a value become a field of its own. */
export function wireText(value: string): string {
  let text = value;
  for (let at = 0; at < value.length; at += 1) {
    const code = value.charCodeAt(at);
    if (code > 0xff) {
      text = Buffer.from(value, 'utf8').toString('latin1');
      break;
    }
  }
  return /[\r\n\0]/.test(text) ? text.replaceAll(/[\r\n\0]+/g, ' ') : text;
}

function headerToken(name: string): string {
  return /^[\w\-.!%*+`'~]+$/.test(name) ? name : name.replaceAll(/[^\w\-.!%*+`'~]/g, '_');
}
