import { connect, createServer, isIP, type Server, type Socket } from 'node:net';
import { ListenError, SipTransportError } from '../errors.ts';
import type { SipListen } from '../types.ts';
import type { TransportFlow } from './flow.ts';
import { TcpConnection, type ConnectionHandlers } from './tcp-connection.ts';

const MAX_CONNECTIONS = 20_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** Without one message by then it is no SIP peer. */
const FIRST_MESSAGE_MS = 32_000;
/** Longer than any keepalive interval in use. */
const IDLE_MS = 30 * 60_000;
const SWEEP_MS = 10_000;

/** Listening sockets and connections of one engine. Connections are found again by the peer's address and port. */
export class TcpTransport {
  readonly #handlers: ConnectionHandlers;
  readonly #servers: Server[] = [];
  readonly #connections = new Map<string, TcpConnection>();
  readonly #byPeer = new Map<string, TcpConnection>();
  readonly #opening = new Map<string, Promise<TransportFlow>>();
  #sweeper: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(handlers: Omit<ConnectionHandlers, 'onClosed'> & { readonly onClosed: (flow: TransportFlow) => void }) {
    this.#handlers = {
      ...handlers,
      onClosed: (connection) => {
        this.#forget(connection);
        handlers.onClosed(connection);
      },
    };
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** @throws ListenError */
  listen(listen: SipListen, dualStack: boolean): Promise<SipListen> {
    const server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    return new Promise((resolve, reject) => {
      server.once('error', (error) => reject(new ListenError(listen, error)));
      const ipv6Only = isIP(listen.address) === 6 && !dualStack;
      server.listen({ port: listen.port, host: listen.address, ipv6Only }, () => {
        this.#servers.push(server);
        this.#sweeper ??= setInterval(() => this.#sweep(), SWEEP_MS).unref();
        const bound = server.address();
        resolve({ ...listen, port: typeof bound === 'object' && bound !== null ? bound.port : listen.port });
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
    if (this.#connections.size >= MAX_CONNECTIONS || this.#closed) {
      socket.destroy();
      return;
    }
    this.#add(socket);
  }

  #add(socket: Socket): TcpConnection {
    const connection = new TcpConnection(socket, this.#handlers);
    this.#connections.set(connection.id, connection);
    this.#byPeer.set(`${connection.remoteAddress}:${connection.remotePort}`, connection);
    return connection;
  }

  #forget(connection: TcpConnection): void {
    this.#connections.delete(connection.id);
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
  }
}
