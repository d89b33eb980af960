import type { SipUri } from '../types.ts';

const NONE: ReadonlyMap<string, string> = new Map();
const MAX_PORT = 65_535;

/**
 * SIP URI (RFC 3261 §19.1) without `<` and `>`: any host text is taken, numeric domains included; a port that is no
 * number is left out. Other schemes keep what follows the colon as `host`. Undefined where there is no scheme, no
 * host, or a blank inside.
 */
export function parseUri(text: string): SipUri | undefined {
  const colon = text.indexOf(':');
  if (colon <= 0 || hasBlank(text)) return undefined;
  const scheme = text.slice(0, colon).toLowerCase();
  if (!isScheme(scheme)) return undefined;
  const rest = text.slice(colon + 1);
  if (rest === '') return undefined;
  return scheme === 'sip' || scheme === 'sips' ? parseSipUri(scheme, rest) : { scheme, host: rest, params: NONE };
}

function parseSipUri(scheme: string, rest: string): SipUri | undefined {
  // RFC 3261 §25.1: the user part may hold `;`, `?` and `/`, so the at sign is looked for first.
  const at = rest.lastIndexOf('@');
  const question = rest.indexOf('?', at + 1);
  const end = question < 0 ? rest.length : question;
  const semicolon = rest.indexOf(';', at + 1);
  const hostEnd = semicolon < 0 || semicolon > end ? end : semicolon;
  const { host, port } = splitHostPort(rest.slice(at + 1, hostEnd));
  if (host === '') return undefined;
  return {
    scheme,
    ...userInfo(rest, at),
    host,
    ...(port !== undefined && { port }),
    params: hostEnd === end ? NONE : uriParams(rest.slice(hostEnd + 1, end)),
    ...(question >= 0 && { headers: rest.slice(question + 1) }),
  };
}

function userInfo(rest: string, at: number): { user?: string; password?: string } {
  if (at <= 0) return {};
  const info = rest.slice(0, at);
  const colon = info.indexOf(':');
  return colon < 0 ? { user: info } : { user: info.slice(0, colon), password: info.slice(colon + 1) };
}

function uriParams(text: string): ReadonlyMap<string, string> {
  const params = new Map<string, string>();
  for (const part of text.split(';')) {
    const equals = part.indexOf('=');
    const name = (equals < 0 ? part : part.slice(0, equals)).toLowerCase();
    if (name !== '' && !params.has(name)) params.set(name, equals < 0 ? '' : part.slice(equals + 1));
  }
  return params;
}

/** `host`, `host:port`, `[v6]` or `[v6]:port`; brackets are taken off. */
export function splitHostPort(text: string): { host: string; port?: number } {
  const bracket = text.startsWith('[') ? text.indexOf(']') : -1;
  const colon = text.indexOf(':', bracket < 0 ? 0 : bracket);
  const host = (colon < 0 ? text : text.slice(0, colon)).trim();
  const bare = bracket < 0 ? host : text.slice(1, bracket);
  if (colon < 0) return { host: bare };
  const digits = text.slice(colon + 1).trim();
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : 0;
  return port > 0 && port <= MAX_PORT ? { host: bare, port } : { host: bare };
}

/** `host[:port]` as it stands in URIs and Via, IPv6 in brackets. */
export function formatHostPort(host: string, port?: number): string {
  const text = host.includes(':') ? `[${host}]` : host;
  return port === undefined ? text : `${text}:${port}`;
}

/** Inverse of parseUri. */
export function formatUri(uri: SipUri): string {
  if (uri.scheme !== 'sip' && uri.scheme !== 'sips') return `${uri.scheme}:${uri.host}`;
  const password = uri.password === undefined ? '' : `:${uri.password}`;
  const user = uri.user === undefined ? '' : `${uri.user}${password}@`;
  let text = `${uri.scheme}:${user}${formatHostPort(uri.host, uri.port)}`;
  for (const [name, value] of uri.params) text += value === '' ? `;${name}` : `;${name}=${value}`;
  return uri.headers === undefined ? text : `${text}?${uri.headers}`;
}

function isScheme(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    const letter = code >= 0x61 && code <= 0x7a;
    const other = (code >= 0x30 && code <= 0x39) || code === 0x2b || code === 0x2d || code === 0x2e;
    if (!letter && (at === 0 || !other)) return false;
  }
  return true;
}

function hasBlank(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code <= 0x20 || code === 0x3c || code === 0x3e || code === 0x7f) return true;
  }
  return false;
}
