import { isIP, isIPv6 } from 'node:net';

/** A stream at an RTSP server. */
export interface RtspAddress {
  /** Name or IP address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** The URL for the request line: without account and fragment. */
  readonly href: string;
  readonly username?: string;
  readonly password?: string;
}

/** RFC 2326 §3.2. */
const DEFAULT_PORT = 554;
const MAX_CHARS = 2048;
/** RFC 1123 §2.1; underscores are met in local networks. */
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_][a-z0-9_-]{0,62})*\.?$/i;

/** Why a text is no address of an RTSP stream, for people. */
export interface AddressFault {
  readonly fault: string;
}

/** `rtsp://[user[:password]@]host[:port]/path[?query]`. Never throws. */
export function parseRtspAddress(text: string): RtspAddress | AddressFault {
  if (text.length > MAX_CHARS) return { fault: `is longer than ${MAX_CHARS} characters` };
  if (/[\s\p{Cc}]/u.test(text)) return { fault: 'contains a blank or a control character: write it as %20' };
  if (!/^rtsp:\/\//i.test(text)) return { fault: 'must begin with rtsp://' };
  if (text.includes('#')) return { fault: 'contains #: write it as %23' };
  const url = URL.parse(text);
  const host = url?.hostname.replace(/^\[(.*)\]$/, '$1') ?? '';
  if (url === null || !isHost(host)) return { fault: 'has no host that could be one' };
  const port = url.port === '' ? DEFAULT_PORT : Number(url.port);
  if (port < 1) return { fault: 'has port 0' };
  const username = decoded(url.username);
  const password = decoded(url.password);
  return {
    host,
    port,
    href: `rtsp://${bracketed(host)}${port === DEFAULT_PORT ? '' : `:${port}`}${url.pathname}${url.search}`,
    ...(username === '' ? {} : { username, password }),
  };
}

/** IPv6 in brackets. */
export function bracketed(host: string): string {
  return isIPv6(host) ? `[${host}]` : host;
}

/** Whether something is an IP address or may be a host's name. */
export function isHost(text: string): boolean {
  return isIP(text) !== 0 || HOST_NAME.test(text);
}

/** Passwords are written as they are by many; only what is an escape is one. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A URL of a server as a request line may carry it: without an account. Undefined for what is none. */
export function requestUrl(text: string): string | undefined {
  if ('fault' in parseRtspAddress(text)) return undefined;
  return text.replace(/^(rtsp:\/\/)[^/?]*@/i, '$1');
}

/**
 * A control URL of a description (RFC 2326 C.1.1). Relative ones are appended, as servers mean it, not resolved: the base
 * may end in a query.
 */
export function resolveControl(base: string, control: string | undefined): string {
  const text = control?.trim() ?? '';
  if (text === '' || text === '*' || /[\s\p{Cc}]/u.test(text) || text.length > MAX_CHARS) return base;
  if (/^[a-z]+:\/\//i.test(text)) return requestUrl(text) ?? base;
  if (text.startsWith('/')) return (/^rtsp:\/\/[^/?]+/i.exec(base)?.[0] ?? base) + text;
  return base.endsWith('/') || text.startsWith('?') ? base + text : `${base}/${text}`;
}
