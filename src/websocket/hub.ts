import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { ConnectionShares, errorMessage, HttpClients, Refusals, type Logger } from '../util/index.ts';
import { callerOf, isLocation } from './caller.ts';
import { SourceRates } from './message-rate.ts';
import { handlePost, type ServedPost } from './post-handler.ts';
import { NOTHING_REFUSED, type RefusedConnections } from './refused.ts';
import { SocketPeer } from './socket-peer.ts';
import type { PostRoute, WebSocketHub, WebSocketProtocol } from './types.ts';

const MIN_CHECK_MS = 50;
const MAX_CHECK_MS = 15_000;
/** A good many of the largest messages that can be configured. */
const MAX_HELD_BYTES = 64 * 1024 * 1024;
/** RFC 6455 §7.4.1. */
const GOING_AWAY = 1001;

/** What a hub serves. */
export interface HubRoutes {
  readonly protocols: readonly WebSocketProtocol[];
  readonly posts: readonly PostRoute[];
  /** Whose X-Forwarded headers are believed: addresses and blocks; default nobody's. */
  readonly trustedProxies?: readonly string[];
  /** Unfinished messages of all together; over it the address that holds most pays. Default 64 MiB. */
  readonly maxHeldBytes?: number;
}

interface ServedProtocol {
  readonly protocol: WebSocketProtocol;
  readonly webSockets: WebSocketServer;
  readonly peers: Set<SocketPeer>;
}

function refuseUpgrade(socket: Duplex, status: string): void {
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

class Hub implements WebSocketHub {
  readonly #protocols: readonly ServedProtocol[];
  readonly #posts: readonly ServedPost[];
  readonly #clients: HttpClients;
  readonly #refused = new Refusals(NOTHING_REFUSED);
  readonly #memory: ConnectionShares;
  readonly #log: Logger;
  readonly #timer: NodeJS.Timeout;
  #closed = false;

  constructor({ protocols, posts, trustedProxies = [], maxHeldBytes = MAX_HELD_BYTES }: HubRoutes, log: Logger) {
    const clients = new HttpClients(trustedProxies);
    this.#clients = clients;
    this.#log = log;
    const memory = new ConnectionShares({ heldBytes: maxHeldBytes }, () => this.#refused.count('held_bytes'));
    this.#memory = memory;
    this.#protocols = protocols.map((protocol) => ({
      protocol,
      webSockets: new WebSocketServer({
        noServer: true,
        maxPayload: protocol.limits.maxPayloadBytes,
        perMessageDeflate: false,
        clientTracking: false,
      }),
      peers: new Set(),
    }));
    this.#posts = posts.map((route) => ({ route, rates: new SourceRates(route.messageRate), clients, memory }));
    const timeouts = protocols.flatMap(({ limits }) => [
      limits.idleTimeoutMs,
      limits.messageTimeoutMs || limits.idleTimeoutMs,
    ]);
    const everyMs = Math.min(MAX_CHECK_MS, Math.max(MIN_CHECK_MS, Math.min(...timeouts) / 3));
    this.#timer = setInterval(() => this.#check(), everyMs);
    this.#timer.unref();
  }

  get connections(): number {
    return this.#protocols.reduce((sum, { peers }) => sum + peers.size, 0);
  }

  get maxConnections(): number {
    return this.#protocols.reduce((sum, { protocol }) => sum + protocol.limits.maxConnections, 0);
  }

  get refused(): RefusedConnections {
    return this.#refused.counts;
  }

  countRefused(reason: keyof RefusedConnections): void {
    this.#refused.count(reason);
  }

  isProxy(address: string): boolean {
    return this.#clients.isProxy(address);
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const served = this.#protocols.find(({ protocol }) => isLocation(request, protocol.location));
    if (served === undefined) return false;
    socket.on('error', (error) => this.#log.debug({ error: errorMessage(error) }, 'upgrade failed'));
    const { protocol, webSockets, peers } = served;
    const full = peers.size >= protocol.limits.maxConnections;
    if (full) this.#refused.count('too_many_websockets');
    if (this.#closed || full) {
      refuseUpgrade(socket, '503 Service Unavailable');
      return true;
    }
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      const onClosed = (closed: SocketPeer): void => void peers.delete(closed);
      const caller = callerOf(request, this.#clients);
      const parts = { stream: socket, caller, protocol, memory: this.#memory, onClosed, log: this.#log };
      peers.add(new SocketPeer({ socket: webSocket, ...parts }));
    });
    return true;
  }

  handleRequest(request: IncomingMessage, response: ServerResponse): boolean {
    const served = this.#posts.find(({ route }) => isLocation(request, route.location));
    if (served === undefined) return false;
    handlePost(request, response, served).catch((error: unknown) => {
      this.#log.debug({ error: errorMessage(error) }, 'request was not finished');
      response.destroy();
    });
    return true;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    for (const { peers } of this.#protocols) {
      for (const peer of peers) peer.close(GOING_AWAY, 'the gateway is closing');
    }
  }

  #check(): void {
    const now = performance.now();
    for (const { peers } of this.#protocols) for (const peer of peers) peer.check(now);
    this.#refused.tell(this.#log, 'connections refused or cut off');
  }
}

export const createWebSocketHub = (routes: HubRoutes, log: Logger): WebSocketHub => new Hub(routes, log);

/** For a path that nobody serves. */
export const refusePath = (socket: Duplex): void => refuseUpgrade(socket, '404 Not Found');
