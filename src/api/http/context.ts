import type { Request } from 'express';

/** IP address of the peer, IPv4-mapped IPv6 as IPv4. */
export function sourceAddress(req: Request): string {
  const address = req.socket.remoteAddress ?? '';
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}

/** One value of the query string, the first where a name is repeated. */
export function queryValue(req: Request, name: string): string | undefined {
  const value: unknown = (req.query as Record<string, unknown>)[name];
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' ? first : undefined;
}

const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::(\d{1,5}))?$/i;

/** Host header in its two parts (RFC 9110 §7.2); absent where it is missing or malformed. */
export function hostOf(req: Request): { hostname: string; port: number | undefined } | undefined {
  const match = HOST.exec(req.headers.host ?? '');
  if (match?.[1] === undefined) return undefined;
  return { hostname: match[1], port: match[2] === undefined ? undefined : Number(match[2]) };
}

/** 127.0.0.0/8 and ::1. */
export function isLoopback(address: string): boolean {
  return address === '::1' || /^127\.\d+\.\d+\.\d+$/.test(address);
}
