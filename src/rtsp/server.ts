import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { errorMessage, FailureLimit, type Logger } from '../util/index.ts';
import type { RtspAuth } from './access.ts';
import { RtspConnection } from './connection.ts';
import { RtspListenError } from './errors.ts';
import type { PublishTarget } from './publish/publisher.ts';
import type { TapSource } from './request-handler.ts';

export interface RtspServerOptions {
  readonly address: string;
  /** 0 = any free one. */
  readonly port: number;
  readonly auth: RtspAuth;
  /** A player that is not heard of so long is gone. Default 60000. */
  readonly sessionTimeoutMs?: number;
  /** Default 1000. */
  readonly maxConnections?: number;
  /** Wrong passwords from one address, or one /64 of IPv6, in a minute; default 30. */
  readonly maxFailures?: number;
  /** Default 1000. */
  readonly tickMs?: number;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

/** The RTSP side, listening. */
export interface RtspServer {
  readonly port: number;
  readonly connections: number;
  /** Idempotent. */
  close(): Promise<void>;
}

class ListeningServer implements RtspServer {
  readonly #server: Server;
  readonly #connections = new Set<RtspConnection>();
  readonly #timer: NodeJS.Timeout;

  constructor(server: Server, options: RtspServerOptions, parts: { streams: TapSource & PublishTarget; log: Logger }) {
    this.#server = server;
    const { auth, sessionTimeoutMs = 60_000, maxConnections = 1000, maxFailures = 30, tickMs = 1000 } = options;
    const now = options.now ?? ((): number => performance.now());
    const failures = new FailureLimit(maxFailures, now);
    server.on('connection', (socket) => {
      if (this.#connections.size >= maxConnections) {
        socket.destroy();
        return;
      }
      const onClosed = (closed: RtspConnection): void => void this.#connections.delete(closed);
      this.#connections.add(new RtspConnection(socket, { ...parts, auth, failures, sessionTimeoutMs, now, onClosed }));
    });
    server.on('error', (error) => parts.log.error({ error: errorMessage(error) }, 'RTSP server failed'));
    this.#timer = setInterval(() => {
      for (const connection of this.#connections) connection.tick();
    }, tickMs);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  get connections(): number {
    return this.#connections.size;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const connection of this.#connections) connection.close();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** Opens the RTSP port. @throws RtspListenError */
export async function createRtspServer(
  options: RtspServerOptions,
  parts: { readonly streams: TapSource & PublishTarget; readonly log: Logger },
): Promise<RtspServer> {
  const server = createServer();
  server.listen(options.port, options.address);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new RtspListenError(`cannot listen on ${options.address}:${options.port}: ${errorMessage(error)}`, {
      cause: error,
    });
  }
  return new ListeningServer(server, options, parts);
}
