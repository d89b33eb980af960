import { connect, createServer, isIP, type Server, type Socket } from 'node:net';
import { ConnectionShares, plainAddress, Refusals, type ConnectionLimits, type Logger } from '../../util/index.ts';
import { ListenError, SipTransportError } from '../errors.ts';
import type { RefusedConnections, SipListen } from '../types.ts';
import type { TransportFlow } from './flow.ts';
import { TcpConnection, type ConnectionHandlers } from './tcp-connection.ts';

const CONNECT_TIMEOUT_MS = 5_000;
/** Without one message by then it is no SIP peer. */
const FIRST_MESSAGE_MS = 32_000;
/** Longer than any keepalive interval in use. */
const IDLE_MS = 30 * 60_000;
const SWEEP_MS = 10_000;

/** No address can take the places of all others, and no number of them more memory than this. */
const CONNECTION_LIMITS: ConnectionLimits = {
  connections: 20_000,
  connectionsPerSource: 5_000,
  heldBytes: 64 * 1024 * 1024,
};

export const NOTHING_REFUSED = { too_many_connections: 0, too_many_of_source: 0, held_bytes: 0, accept_failed: 0 };

export interface TcpOptions extends Pick<ConnectionHandlers, 'onMessage' | 'onMalformed'> {
  readonly onClosed: (flow: TransportFlow) => void;
  readonly log: Logger;
  readonly limits?: ConnectionLimits;
}

/** A port that is open. */
export interface TcpListening {
  readonly listen: SipListen;
  /** False once the port is closed. */
  readonly open: () => boolean;
}

/** Listening sockets and connections of one engine. Connections are found again by the peer's address and port. */
export class TcpTransport {
  readonly #handlers: ConnectionHandlers;
  readonly #log: Logger;
  readonly #shares: ConnectionShares;
  readonly #refused = new Refusals(NOTHING_REFUSED);
  readonly #servers: Server[] = [];
  readonly #connections = new Map<string, TcpConnection>();
  readonly #byPeer = new Map<string, TcpConnection>();
  readonly #opening = new Map<string, Promise<TransportFlow>>();
  #sweeper: NodeJS.Timeout | undefined;
  #closed = false;

  constructor({ log, limits = CONNECTION_LIMITS, onClosed, ...handlers }: TcpOptions) {
    this.#log = log;
    this.#shares = new ConnectionShares(limits, () => this.#refused.count('held_bytes'));
    this.#handlers = {
      ...handlers,
      onHeld: (connection, change) => this.#shares.hold(connection, change),
      onClosed: (connection) => {
        this.#forget(connection);
        onClosed(connection);
      },
    };
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Of messages that are not complete yet, and of those that peers do not read; as it was last measured. */
  get heldBytes(): number {
    return this.#shares.heldBytes;
  }

  /** By reason; all reasons are there. */
  get refused(): RefusedConnections {
    return this.#refused.counts;
  }

  /** @throws ListenError */
  listen(listen: SipListen, dualStack: boolean): Promise<TcpListening> {
    const server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => reject(new ListenError(listen, error));
      server.once('error', fail);
      const ipv6Only = isIP(listen.address) === 6 && !dualStack;
      server.listen({ port: listen.port, host: listen.address, ipv6Only }, () => {
        server.off('error', fail);
        // One connection could not be accepted, e.g. without descriptors (EMFILE); the next one may be.
        server.on('error', () => this.#refused.count('accept_failed'));
        this.#servers.push(server);
        this.#sweeper ??= setInterval(() => this.#sweep(), SWEEP_MS).unref();
        const bound = server.address();
        const port = typeof bound === 'object' && bound !== null ? bound.port : listen.port;
        resolve({ listen: { ...listen, port }, open: () => server.listening });
      });
    });
  }

  /** An open connection to the peer, if there is one. */
  find(address: string, port: number): TransportFlow | undefined {
    return this.#byPeer.get(`${address}:${port}`);
  }

  /** @throws SipTransportError */
  open(address: string, port: number, timeoutMs = CONNECT_TIMEOUT_MS): Promise<TransportFlow> {
    const peer = `${address}:${port}`;
    const found = this.#byPeer.get(peer) ?? this.#opening.get(peer);
    if (found !== undefined) return Promise.resolve(found);
    const opening = this.#connect(address, port, timeoutMs).finally(() => this.#opening.delete(peer));
    this.#opening.set(peer, opening);
    return opening;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#sweeper);
    const servers = this.#servers.splice(0);
    const closing = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    for (const connection of this.#connections.values()) connection.close();
    await Promise.all(closing);
  }

  #connect(address: string, port: number, timeoutMs: number): Promise<TransportFlow> {
    const peer = `${address}:${port}`;
    if (this.#closed) return Promise.reject(new SipTransportError(`cannot connect to ${peer}: the engine is closed`));
    return new Promise((resolve, reject) => {
      const socket = connect({ host: address, port });
      const timer = setTimeout(() => fail(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs);
      const fail = (cause: Error): void => {
        clearTimeout(timer);
        socket.destroy();
        reject(new SipTransportError(`cannot connect to ${peer}: ${cause.message}`, { cause }));
      };
      socket.once('error', fail);
      socket.once('connect', () => {
        clearTimeout(timer);
        if (this.#closed) {
          fail(new Error('the engine is closed'));
          return;
        }
        socket.off('error', fail);
        const connection = this.#add(socket);
        this.#byPeer.set(peer, connection);
        resolve(connection);
      });
    });
  }

  #accept(socket: Socket): void {
    const refusal = this.#shares.refusal(plainAddress(socket.remoteAddress));
    if (refusal !== undefined) this.#refused.count(refusal);
    if (refusal !== undefined || this.#closed) socket.destroy();
    else this.#add(socket);
  }

  #add(socket: Socket): TcpConnection {
    const connection = new TcpConnection(socket, this.#handlers);
    this.#connections.set(connection.id, connection);
    this.#shares.add(connection);
    this.#byPeer.set(`${connection.remoteAddress}:${connection.remotePort}`, connection);
    return connection;
  }

  #forget(connection: TcpConnection): void {
    this.#connections.delete(connection.id);
    this.#shares.delete(connection);
    const peer = `${connection.remoteAddress}:${connection.remotePort}`;
    if (this.#byPeer.get(peer) === connection) this.#byPeer.delete(peer);
  }

  #sweep(): void {
    const now = performance.now();
    for (const connection of this.#connections.values()) {
      const last = connection.lastMessageAt;
      const limit = last === undefined ? FIRST_MESSAGE_MS : IDLE_MS;
      if (now - (last ?? connection.openedAt) > limit) connection.close();
    }
    this.#refused.tell(this.#log, 'SIP connections refused or cut off');
  }
}
