import { createServer, type Server, type Socket } from 'node:net';

export interface TcpListenerOptions {
  readonly address: string;
  readonly port: number;
  readonly onSocket: (socket: Socket) => void;
}

/** Beyond these the kernel's backlog holds connections back; the owner bounds them further. */
const MAX_SOCKETS = 4096;

/** A listening TCP socket. */
export class TcpListener {
  readonly #server: Server;
  #closed = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Rejects with the system's error. */
  static async open(options: TcpListenerOptions): Promise<TcpListener> {
    const server = createServer({ noDelay: true });
    server.maxConnections = MAX_SOCKETS;
    const listening = Promise.withResolvers<void>();
    server.once('error', listening.reject);
    server.listen({ port: options.port, host: options.address, exclusive: true }, listening.resolve);
    await listening.promise;
    server.off('error', listening.reject);
    // EMFILE and the like on accept: the listener goes on with the next connection.
    server.on('error', () => undefined);
    server.on('connection', options.onSocket);
    return new TcpListener(server);
  }

  get port(): number {
    const address = this.#server.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#server.close();
  }
}
