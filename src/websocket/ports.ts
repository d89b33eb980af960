import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { errorMessage, shareRequests, type Logger } from '../util/index.ts';
import { WebSocketListenError } from './errors.ts';
import { refusePath } from './hub.ts';
import type { WebSocketHub, WebSocketListen, WebSocketPorts } from './types.ts';

/** Of the connections of a port that are no WebSockets: each holds a descriptor for as long as it takes its time. */
export interface RequestLimits {
  readonly connections: number;
  /** Those behind one NAT are one source, and connect again all at once when a network or we come back. */
  readonly connectionsPerSource: number;
  /** TLS, and then the header, must be complete after that; a whole request has three times as long. */
  readonly headersTimeoutMs: number;
}

const REQUEST_LIMITS: RequestLimits = { connections: 4000, connectionsPerSource: 1000, headersTimeoutMs: 10_000 };
const MAX_TIMEOUT_CHECK_MS = 2000;
/** Close frames are on their way; a peer that does not answer them is not waited for. */
const CLOSE_GRACE_MS = 200;

function createHttpServer({ tls }: WebSocketListen, headersTimeoutMs: number): Server {
  const timeouts = {
    headersTimeout: headersTimeoutMs,
    requestTimeout: headersTimeoutMs * 3,
    connectionsCheckingInterval: Math.min(MAX_TIMEOUT_CHECK_MS, headersTimeoutMs / 2),
  };
  if (tls === undefined) return createServer(timeouts);
  const { key, cert, passPhrase: passphrase } = tls;
  try {
    return createTlsServer({ ...timeouts, handshakeTimeout: headersTimeoutMs, key, cert, passphrase });
  } catch (cause) {
    throw new WebSocketListenError(`key or certificate cannot be used: ${errorMessage(cause)}`, { cause });
  }
}

interface OpenParts {
  readonly hub: WebSocketHub;
  readonly log: Logger;
  readonly limits: RequestLimits;
}

interface OpenPort {
  readonly server: Server;
  readonly tls: boolean;
  readonly endRequests: () => void;
}

async function openPort(listen: WebSocketListen, { hub, log, limits }: OpenParts): Promise<OpenPort> {
  const server = createHttpServer(listen, limits.headersTimeoutMs);
  server.maxConnections = hub.maxConnections + limits.connections;
  const endRequests = shareRequests(server, {
    perSource: limits.connectionsPerSource,
    isProxy: (peer) => hub.isProxy(peer),
    onRefused: (reason) => hub.countRefused(reason),
  });
  server.on('request', (request, response) => {
    if (!hub.handleRequest(request, response)) response.writeHead(404, { 'Access-Control-Allow-Origin': '*' }).end();
  });
  server.on('upgrade', (request, socket, head) => {
    if (hub.handleUpgrade(request, socket, head)) return;
    socket.on('error', (error) => log.debug({ error: errorMessage(error) }, 'upgrade failed'));
    refusePath(socket);
  });
  const { address, port } = listen;
  try {
    server.listen(port, address);
    await once(server, 'listening');
  } catch (cause) {
    throw new WebSocketListenError(`TCP port ${port} of ${address} cannot be opened: ${errorMessage(cause)}`, {
      cause,
    });
  }
  // Of single connections that could not be accepted, e.g. without descriptors.
  server.on('error', (error) => log.warn({ error: errorMessage(error) }, 'connection failed'));
  return { server, tls: listen.tls !== undefined, endRequests };
}

async function closePort({ server, endRequests }: OpenPort): Promise<void> {
  const ended = once(server, 'close');
  server.close();
  setTimeout(() => {
    server.closeAllConnections();
    endRequests();
  }, CLOSE_GRACE_MS).unref();
  await ended;
}

/** Opens ports that serve a hub. @throws WebSocketListenError (`websocket_listen_failed`) */
export async function openWebSocketPorts(
  listen: readonly WebSocketListen[],
  hub: WebSocketHub,
  log: Logger,
  limits: Partial<RequestLimits> = {},
): Promise<WebSocketPorts> {
  const opened: OpenPort[] = [];
  let closing: Promise<void> | undefined;
  const closeAll = async (): Promise<void> => {
    await Promise.all(opened.map((port) => closePort(port)));
  };
  const close = (): Promise<void> => (closing ??= closeAll());
  try {
    for (const one of listen) {
      opened.push(await openPort(one, { hub, log, limits: { ...REQUEST_LIMITS, ...limits } }));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    addresses: opened.map(({ server, tls }) => {
      const { address, port } = server.address() as AddressInfo;
      return { address, port, tls };
    }),
    close,
  };
}
