import type { IncomingMessage } from 'node:http';

const MAX_USER_AGENT = 256;

/** The URL that a request asks for; undefined for what is none. */
export function urlOf(request: IncomingMessage): URL | undefined {
  const target = request.url ?? '/';
  // A target such as `//host/path` would name a host.
  return target.startsWith('/') && URL.canParse(`http://pms${target}`) ? new URL(`http://pms${target}`) : undefined;
}

/** Who asks, and with which token: `?token=`, or Authorization. */
export function peerOf(request: IncomingMessage): {
  readonly address: string;
  readonly userAgent: string;
  readonly token: string | undefined;
} {
  const bearer = /^Bearer +(\S+)\s*$/i.exec(request.headers.authorization ?? '')?.[1];
  return {
    address: (request.socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
    userAgent: (request.headers['user-agent'] ?? '').slice(0, MAX_USER_AGENT),
    token: urlOf(request)?.searchParams.get('token') ?? bearer,
  };
}

/** Whether a request is for the configured path, with or without a final slash. */
export function isLocation(request: IncomingMessage, location: string): boolean {
  const bare = (path: string): string => path.replace(/\/+$/, '');
  const url = urlOf(request);
  return url !== undefined && bare(url.pathname) === bare(location);
}
