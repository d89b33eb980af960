import { parseNameAddr } from './headers/name-addr.ts';
import { parseUri } from './headers/uri.ts';
import { contentLength } from './parser.ts';
import type { Request, Response } from './message.ts';
import type { SipUri } from './types.ts';

/** Why a request is refused, and with which status. */
export interface RequestFault {
  readonly status: number;
  readonly reason: string;
}

/** What the user agent core must be able to read before a request reaches its user (RFC 3261 §8.1.1, §8.2). */
export function validateRequest(request: Request): RequestFault | undefined {
  if (request.version !== 'SIP/2.0') return { status: 505, reason: 'Version Not Supported' };
  const uri = parseUri(request.uri);
  const reason = lineFault(request, uri) ?? mandatoryFault(request) ?? optionalFault(request);
  if (reason !== undefined) return { status: 400, reason };
  if (uri?.scheme !== 'sip' && uri?.scheme !== 'sips') return { status: 416, reason: 'Unsupported URI Scheme' };
  return undefined;
}

/** RFC 3261 §7.1 and §19.1.1: single blanks, and no headers in a Request-URI. */
function lineFault(request: Request, uri: SipUri | undefined): string | undefined {
  if (!request.strictLine) return 'Bad Request Line';
  return uri === undefined || uri.headers !== undefined ? 'Bad Request-URI' : undefined;
}

function mandatoryFault(request: Request): string | undefined {
  if (request.via === undefined) return 'Bad Via';
  const { cseq } = request;
  if (cseq === undefined) return 'Bad CSeq';
  if (cseq.method !== request.method) return 'CSeq Method Does Not Match';
  if (request.callId === '') return 'Missing Call-ID';
  return addressFault(request, 'from') ?? addressFault(request, 'to');
}

function addressFault(request: Request, name: 'from' | 'to'): string | undefined {
  const value = request.headers.get(name);
  if (value === undefined) return `Missing ${name === 'from' ? 'From' : 'To'}`;
  // Two of them and no way to tell which one the peer answers to.
  return request.headers.count(name) > 1 || parseNameAddr(value) === undefined
    ? `Bad ${name === 'from' ? 'From' : 'To'}`
    : undefined;
}

function optionalFault(request: Request): string | undefined {
  const { headers } = request;
  if (headers.has('content-length') && contentLength(headers) === undefined) return 'Bad Content-Length';
  if (headers.count('cseq') > 1 || headers.count('call-id') > 1 || lengthsDiffer(request))
    return 'Repeated Header Field';
  if (headers.has('contact') && !headers.getAll('contact').every(isContact)) return 'Bad Contact';
  const date = headers.get('date');
  return date !== undefined && isForeignZone(date) ? 'Bad Date' : undefined;
}

function lengthsDiffer({ headers }: Request): boolean {
  return headers.count('content-length') > 1 && new Set(headers.getRaw('content-length')).size > 1;
}

function isContact(value: string): boolean {
  return value === '*' || parseNameAddr(value) !== undefined;
}

/** RFC 3261 §20.17 knows GMT only; other forms of a date than RFC 1123's are a matter of the user. */
function isForeignZone(date: string): boolean {
  return /^[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} [\d:]{8} (?!GMT$)/.test(date);
}

/** Whether a response can belong to a transaction at all; Via may be missing, Call-ID and CSeq may not. */
export function validateResponse(response: Response): string | undefined {
  if (response.cseq === undefined) return 'bad_cseq';
  return response.callId === '' ? 'missing_call_id' : undefined;
}
