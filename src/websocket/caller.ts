import type { IncomingMessage } from 'node:http';
import type { HttpClients } from '../util/index.ts';
import type { Caller } from './types.ts';

const MAX_USER_AGENT = 256;

/** The URL that a request asks for; undefined for what is none. */
function urlOf(request: IncomingMessage): URL | undefined {
  const target = request.url ?? '/';
  // A target such as `//host/path` would name a host.
  return target.startsWith('/') && URL.canParse(`http://host${target}`) ? new URL(`http://host${target}`) : undefined;
}

/** Who asks, with which token. */
export function callerOf(request: IncomingMessage, clients: HttpClients): Caller {
  const bearer = /^Bearer +(\S+)\s*$/i.exec(request.headers.authorization ?? '')?.[1];
  const query = urlOf(request)?.searchParams ?? new URLSearchParams();
  return {
    ...clients.of(request),
    userAgent: (request.headers['user-agent'] ?? '').slice(0, MAX_USER_AGENT),
    token: query.get('token') ?? bearer,
    query,
    origin: request.headers.origin,
  };
}

/** Whether a request is for the configured path, with or without a final slash. */
export function isLocation(request: IncomingMessage, location: string): boolean {
  const url = urlOf(request);
  return url !== undefined && withoutSlashes(url.pathname) === withoutSlashes(location);
}

/** Not by a pattern: `/+$` looks at a path of slashes once for each of them, and anybody may ask for one. */
function withoutSlashes(path: string): string {
  let end = path.length;
  while (path.charAt(end - 1) === '/') end -= 1;
  return path.slice(0, end);
}
