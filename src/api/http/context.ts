import type { Request, RequestHandler } from 'express';
import { HttpClients, type HttpClient } from '../../util/index.ts';

const DIRECT = new HttpClients([]);
const found = new WeakMap<Request, HttpClient>();

/** Finds out who asks, for all that look at a request behind it. */
export function findClient(trustedProxies: readonly string[]): RequestHandler {
  const clients = new HttpClients(trustedProxies);
  return (req, _res, next) => {
    found.set(req, clients.of(req));
    next();
  };
}

const clientOf = (req: Request): HttpClient => found.get(req) ?? DIRECT.of(req);

/** IP address of the client, behind a trusted proxy as that tells it; IPv4-mapped IPv6 as IPv4. */
export function sourceAddress(req: Request): string {
  return clientOf(req).address;
}

/** The client's connection is HTTPS. */
export function isSecure(req: Request): boolean {
  return clientOf(req).secure;
}

/** One value of the query string, the first where a name is repeated. */
export function queryValue(req: Request, name: string): string | undefined {
  const value: unknown = (req.query as Record<string, unknown>)[name];
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' ? first : undefined;
}

const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::(\d{1,5}))?$/i;

/** Host that the client used in its two parts (RFC 9110 §7.2); absent where it is missing or malformed. */
export function hostOf(req: Request): { hostname: string; port: number | undefined } | undefined {
  const match = HOST.exec(clientOf(req).host ?? '');
  if (match?.[1] === undefined) return undefined;
  return { hostname: match[1], port: match[2] === undefined ? undefined : Number(match[2]) };
}

/** Host name of the page that sends a request (RFC 6454 §7.3); undefined where none does, empty for one that has none. */
export function pageHost(req: Request): string | undefined {
  const { origin } = req.headers;
  if (origin === undefined) return undefined;
  return URL.canParse(origin) ? new URL(origin).hostname : '';
}

/** 127.0.0.0/8 and ::1. */
export function isLoopback(address: string): boolean {
  return address === '::1' || /^127\.\d+\.\d+\.\d+$/.test(address);
}
