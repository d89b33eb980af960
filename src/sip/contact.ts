import { parseNameAddr } from './headers/name-addr.ts';
import { formatUri, parseUri } from './headers/uri.ts';
import type { SipHeaders } from './types.ts';
import type { TransportFlow } from './transport/flow.ts';
import type { Transport } from './transport/transport.ts';

/** Our Contact on a flow (RFC 3261 §20.10): `user` may carry parameters behind a semicolon. */
export function contactOn(transport: Transport, flow: TransportFlow, user: string): string {
  const semicolon = user.indexOf(';');
  const name = semicolon < 0 ? user : user.slice(0, semicolon);
  const given = semicolon < 0 ? '' : user.slice(semicolon);
  // RFC 3261 §19.1.1: without the parameter the peer would come back over UDP.
  const params = given === '' && flow.protocol === 'tcp' ? ';transport=tcp' : given;
  const prefix = name === '' ? '' : `${name}@`;
  return `<sip:${prefix}${transport.sentBy(flow)}${params}>`;
}

/** Remote target of a dialog (RFC 3261 §12.1): URI of the first Contact, as text. */
export function contactUri(headers: SipHeaders): string | undefined {
  const [first] = headers.getAll('contact');
  const address = first === undefined ? undefined : parseNameAddr(first);
  return address === undefined ? undefined : formatUri(address.uri);
}

/** User part of a URI, empty where it has none. */
export function userOf(uri: string): string {
  return parseUri(uri.replaceAll(/[<>]/g, ''))?.user ?? '';
}

/** `<uri>` for From and To; what has brackets already stays. */
export function bracketed(uri: string): string {
  return uri.includes('<') ? uri : `<${uri}>`;
}
