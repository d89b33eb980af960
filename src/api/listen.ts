import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { errorMessage, shareRequests, type RequestShares } from '../util/index.ts';
import { ListenError } from './errors.ts';
import type { ListenAddress, ListenOptions, ListenPurpose } from './types.ts';

/** Keys of the configuration, for messages. */
const CONFIG_KEYS: Readonly<Record<ListenPurpose, string>> = {
  main: 'http.listen',
  srs: 'http.srs-listen',
  tls: 'http.ssl-listen, http.key-file, http.cert-file',
};

const DEFAULT_HEADERS_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 30_000;
const MAX_HEADER_BYTES = 16 * 1024;
/** For running requests to finish at `close`. */
const CLOSE_GRACE_MS = 1000;

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is already in use',
  EACCES: 'needs rights that this process does not have',
  EADDRNOTAVAIL: 'cannot be opened: this machine does not have that address',
};

/** One open HTTP port. */
export interface HttpPort extends ListenAddress {
  close(): Promise<void>;
}

/** Broken HTTP gets an answer that says what is wrong, then the connection ends. */
function handleClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [line, code, message] = clientErrorOf(error.code);
  const body = `${JSON.stringify({ error: { code, message } })}\n`;
  socket.end(
    `HTTP/1.1 ${line}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}

function clientErrorOf(code: string | undefined): readonly [string, string, string] {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return [
        '431 Request Header Fields Too Large',
        'headers_too_large',
        `the header is larger than ${MAX_HEADER_BYTES} bytes`,
      ];
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return ['408 Request Timeout', 'request_timeout', 'the request did not arrive in time'];
    default:
      return ['400 Bad Request', 'invalid_request', 'this is not HTTP'];
  }
}

function createHttpServer(
  { request: handler, maxConnections }: PortHandler,
  headersTimeoutMs: number,
  tls: ListenOptions['tls'],
): Server {
  const options = {
    headersTimeout: headersTimeoutMs,
    requestTimeout: headersTimeoutMs * 3,
    keepAliveTimeout: IDLE_TIMEOUT_MS,
    connectionsCheckingInterval: Math.min(2000, headersTimeoutMs / 2),
    maxHeaderSize: MAX_HEADER_BYTES,
  };
  const server =
    tls === undefined
      ? createServer(options, handler)
      : createTlsServer(
          { ...options, handshakeTimeout: headersTimeoutMs, key: tls.key, cert: tls.cert, passphrase: tls.passPhrase },
          handler,
        );
  server.maxConnections = maxConnections;
  server.on('clientError', handleClientError);
  // An answer would wait for TLS that does not come.
  server.on('tlsClientError', (_error, socket: Socket) => socket.destroy());
  return server;
}

/** What a port does with what comes in. */
export interface PortHandler {
  readonly request: RequestListener;
  /** False where nobody serves the path; the socket is untouched then. */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean;
  /** With those that were upgraded. */
  readonly maxConnections: number;
  /** Of sources in those that were not upgraded. */
  readonly shares: RequestShares;
}

/** Opens one port. @throws ListenError that names port and key */
export async function openHttpPort(
  options: ListenOptions,
  handler: PortHandler,
  headersTimeoutMs = DEFAULT_HEADERS_TIMEOUT_MS,
): Promise<HttpPort> {
  const { address, port, purpose, tls } = options;
  let server: Server;
  try {
    server = createHttpServer(handler, headersTimeoutMs, tls);
  } catch (cause) {
    const reason = `key or certificate cannot be used: ${errorMessage(cause)}`;
    throw new ListenError(`${CONFIG_KEYS[purpose]}: ${reason}`, { cause });
  }
  const endRequests = shareRequests(server, handler.shares);
  server.on('upgrade', (request, socket, head) => {
    if (handler.upgrade(request, socket, head)) return;
    socket.on('error', () => socket.destroy());
    socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n', () => socket.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason = REASONS[error.code ?? ''] ?? error.message;
      reject(new ListenError(`${CONFIG_KEYS[purpose]}: TCP port ${port} on ${address} ${reason}`, { cause: error }));
    });
    server.listen({ host: address, port }, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
  // Later errors belong to single connections that could not be accepted.
  server.on('error', () => undefined);
  const bound = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  return {
    purpose,
    address: bound.address,
    port: bound.port,
    close: () => (closing ??= closeServer(server, endRequests)),
  };
}

async function closeServer(server: Server, endRequests: () => void): Promise<void> {
  const timer = setTimeout(() => {
    server.closeAllConnections();
    endRequests();
  }, CLOSE_GRACE_MS);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  clearTimeout(timer);
}
