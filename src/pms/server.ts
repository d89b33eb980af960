import { errorMessage } from '../util/index.ts';
import {
  createWebSocketHub,
  openWebSocketPorts,
  type Caller,
  type HttpReply,
  type Peer as SocketPeer,
  type PeerHandler,
  type PostRoute,
  type WebSocketHub,
  type WebSocketPorts,
  type WebSocketProtocol,
} from '../websocket/index.ts';
import { overBound, type PmsReply } from './envelope.ts';
import { PmsListenError } from './errors.ts';
import type { Peer } from './sessions.ts';
import { Signalling, type SignallingParts } from './signalling.ts';
import type { Pms, PmsOptions } from './types.ts';

const DEFAULT_MAX_CONNECTIONS = 10_000;
const DEFAULT_MAX_SESSIONS = 20_000;
const MIN_SWEEP_MS = 50;
const MAX_SWEEP_MS = 15_000;

/** A WebSocket, or one HTTP request, as sessions see it. */
const peerOver = (caller: Caller, socket?: SocketPeer): Peer => ({
  address: caller.address,
  userAgent: caller.userAgent,
  token: caller.token,
  lasting: socket !== undefined,
  get closed() {
    return socket?.closed ?? false;
  },
  send: (reply) => socket?.send(JSON.stringify(reply)),
});

class PmsServer implements Pms {
  readonly #signalling: Signalling;
  readonly #hub: WebSocketHub;
  readonly #timer: NodeJS.Timeout;
  #ports: WebSocketPorts | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: PmsOptions, parts: SignallingParts) {
    this.#signalling = new Signalling(parts, options.maxSessions ?? DEFAULT_MAX_SESSIONS);
    const { trustedProxies = [] } = options;
    this.#hub = createWebSocketHub(
      { protocols: [this.#protocol(options)], posts: [this.#post(options)], trustedProxies },
      parts.log,
    );
    const everyMs = Math.min(MAX_SWEEP_MS, Math.max(MIN_SWEEP_MS, options.idleTimeoutMs / 3));
    this.#timer = setInterval(() => this.#signalling.sweep(options.idleTimeoutMs), everyMs);
    this.#timer.unref();
  }

  get addresses(): Pms['addresses'] {
    return this.#ports?.addresses ?? [];
  }

  get connections(): number {
    return this.#hub.connections;
  }

  get refused(): Pms['refused'] {
    return this.#hub.refused;
  }

  get sessions(): number {
    return this.#signalling.sessions.size;
  }

  /** @throws PmsListenError */
  async open({ listen }: PmsOptions, { log }: SignallingParts): Promise<void> {
    try {
      this.#ports = await openWebSocketPorts(listen, this.#hub, log);
    } catch (cause) {
      throw new PmsListenError(errorMessage(cause), { cause });
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    this.#hub.close();
    this.#signalling.close();
    await this.#ports?.close();
  }

  #protocol(options: PmsOptions): WebSocketProtocol {
    return {
      location: options.location,
      limits: {
        idleTimeoutMs: options.idleTimeoutMs,
        messageTimeoutMs: options.heartbeatTimeoutMs,
        maxPayloadBytes: options.maxPayloadBytes,
        maxBackpressureBytes: options.maxBackpressureBytes,
        messageRate: options.messageRate,
        maxConnections: options.maxConnections ?? DEFAULT_MAX_CONNECTIONS,
        // A camera that takes its time must not hold up the rest.
        ordered: false,
      },
      connect: (socket) => this.#connect(socket),
    };
  }

  #connect(socket: SocketPeer): PeerHandler {
    const peer = peerOver(socket, socket);
    return {
      handleMessage: async (text) => peer.send(await this.#signalling.handle(text, peer)),
      handleRefused: (reason) => peer.send(overBound(reason, 'too_many_messages')),
      handleClose: () => this.#signalling.leave(peer),
    };
  }

  /** The same messages by POST; the response is always 200 with the reply, as in the original. */
  #post({ location, maxPayloadBytes, messageRate }: PmsOptions): PostRoute {
    const reply = (body: PmsReply): HttpReply => ({ body: JSON.stringify(body) });
    return {
      location,
      maxPayloadBytes,
      messageRate,
      handle: async (text, caller) => reply(await this.#signalling.handle(text, peerOver(caller))),
      refuse: (reason, bound) => reply(overBound(reason, bound)),
    };
  }
}

/** Opens the signalling on all its ports. @throws PmsListenError (`pms_listen_failed`) */
export async function createPms(options: PmsOptions, parts: SignallingParts): Promise<Pms> {
  const server = new PmsServer(options, parts);
  try {
    await server.open(options, parts);
    return server;
  } catch (error) {
    await server.close();
    throw error;
  }
}
