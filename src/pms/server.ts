import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { errorMessage, type Logger } from '../util/index.ts';
import { failure } from './envelope.ts';
import { PmsListenError } from './errors.ts';
import { handlePost } from './http-post.ts';
import { SourceRates } from './message-rate.ts';
import { NOBODY } from './messages.ts';
import { isLocation } from './peer-facts.ts';
import type { Peer } from './sessions.ts';
import { Signalling, type SignallingParts } from './signalling.ts';
import type { Pms, PmsListen, PmsOptions } from './types.ts';
import { WebSocketPeer } from './web-socket.ts';

const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_CONNECTIONS = 10_000;
const DEFAULT_MAX_SESSIONS = 20_000;
const MIN_CHECK_MS = 50;
const MAX_CHECK_MS = 15_000;

class PmsServer implements Pms {
  readonly #options: PmsOptions;
  readonly #log: Logger;
  readonly #signalling: Signalling;
  readonly #rates: SourceRates;
  readonly #webSockets: WebSocketServer;
  readonly #servers: Array<{ readonly server: Server; readonly listen: PmsListen }> = [];
  readonly #peers = new Set<WebSocketPeer>();
  readonly #timer: NodeJS.Timeout;
  #closing: Promise<void> | undefined;

  constructor(options: PmsOptions, parts: SignallingParts) {
    this.#options = options;
    this.#log = parts.log;
    this.#signalling = new Signalling(parts, options.maxSessions ?? DEFAULT_MAX_SESSIONS);
    this.#rates = new SourceRates(options.messageRate);
    this.#webSockets = new WebSocketServer({
      noServer: true,
      maxPayload: options.maxPayloadBytes,
      perMessageDeflate: false,
      clientTracking: false,
    });
    const shortest = Math.min(options.idleTimeoutMs, options.heartbeatTimeoutMs || options.idleTimeoutMs);
    const everyMs = Math.min(MAX_CHECK_MS, Math.max(MIN_CHECK_MS, shortest / 3));
    this.#timer = setInterval(() => this.#check(), everyMs);
    this.#timer.unref();
  }

  get addresses(): Pms['addresses'] {
    return this.#servers.map(({ server, listen }) => {
      const { address, port } = server.address() as AddressInfo;
      return { address, port, tls: listen.tls !== undefined };
    });
  }

  get connections(): number {
    return this.#peers.size;
  }

  get sessions(): number {
    return this.#signalling.sessions.size;
  }

  /** @throws PmsListenError */
  async open(): Promise<void> {
    for (const listen of this.#options.listen) this.#servers.push({ listen, server: await this.#listen(listen) });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    for (const peer of this.#peers) peer.close();
    this.#signalling.close();
    await Promise.all(
      this.#servers.map(async ({ server }) => {
        const ended = once(server, 'close');
        server.close();
        // Close frames are on their way; a peer that does not answer them is not waited for.
        setTimeout(() => server.closeAllConnections(), 200).unref();
        await ended;
      }),
    );
  }

  async #listen(listen: PmsListen): Promise<Server> {
    const { address, port, tls } = listen;
    const timeouts = { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS };
    let server: Server;
    try {
      server =
        tls === undefined
          ? createServer(timeouts)
          : createTlsServer({ ...timeouts, key: tls.key, cert: tls.cert, passphrase: tls.passPhrase });
    } catch (cause) {
      throw new PmsListenError(`key or certificate cannot be used: ${errorMessage(cause)}`, { cause });
    }
    server.on('request', (request, response) => this.#handleRequest(request, response));
    server.on('upgrade', (request, socket, head) => this.#handleUpgrade(request, socket, head));
    try {
      server.listen(port, address);
      await once(server, 'listening');
      // Of single connections that could not be accepted, e.g. without descriptors.
      server.on('error', (error) => this.#log.warn({ error: errorMessage(error) }, 'connection failed'));
      return server;
    } catch (cause) {
      throw new PmsListenError(`TCP port ${port} of ${address} cannot be opened: ${errorMessage(cause)}`, { cause });
    }
  }

  #handleRequest(request: IncomingMessage, response: ServerResponse): void {
    const parts = {
      options: this.#options,
      rates: this.#rates,
      answer: (text: string, peer: Peer) => this.#signalling.handle(text, peer),
      refuse: (error: unknown) => failure(NOBODY, error),
    };
    handlePost(request, response, parts).catch((error: unknown) => {
      this.#log.debug({ error: errorMessage(error) }, 'request was not finished');
      response.destroy();
    });
  }

  #handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', (error) => this.#log.debug({ error: errorMessage(error) }, 'upgrade failed'));
    const full = this.#peers.size >= (this.#options.maxConnections ?? DEFAULT_MAX_CONNECTIONS);
    if (this.#closing !== undefined || full || !isLocation(request, this.#options.location)) {
      const status = isLocation(request, this.#options.location) ? '503 Service Unavailable' : '404 Not Found';
      socket.once('finish', () => socket.destroy());
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      const peer = new WebSocketPeer({
        socket: webSocket,
        request,
        signalling: this.#signalling,
        options: this.#options,
        onClosed: (closed) => this.#peers.delete(closed),
        log: this.#log,
      });
      this.#peers.add(peer);
    });
  }

  #check(): void {
    const now = Date.now();
    for (const peer of this.#peers) peer.check(now);
    this.#signalling.sweep(this.#options.idleTimeoutMs);
  }
}

/** Opens the signalling on all its ports. @throws PmsListenError (`pms_listen_failed`) */
export async function createPms(options: PmsOptions, parts: SignallingParts): Promise<Pms> {
  const server = new PmsServer(options, parts);
  try {
    await server.open();
    return server;
  } catch (error) {
    await server.close();
    throw error;
  }
}
