import { once } from 'node:events';
import { WebSocket } from 'ws';

export type PmsMessage = Readonly<Record<string, unknown>> & { readonly data: Readonly<Record<string, unknown>> };

/** A client of the pms signalling, written from its documents alone. */
export class PmsClient {
  readonly socket: WebSocket;
  readonly #received: PmsMessage[] = [];
  #wake: (() => void) | undefined;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer) => {
      this.#received.push(JSON.parse(data.toString()) as PmsMessage);
      this.#wake?.();
    });
  }

  static async connect(url: string): Promise<PmsClient> {
    const socket = new WebSocket(url, { rejectUnauthorized: false });
    const client = new PmsClient(socket);
    await once(socket, 'open');
    return client;
  }

  /** Sends one message and gives the next one that comes. */
  async ask(message: unknown): Promise<PmsMessage> {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
    return this.next();
  }

  /** The next message, in the order of arrival. */
  async next(timeoutMs = 10_000): Promise<PmsMessage> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const message = this.#received.shift();
      if (message !== undefined) return message;
      const waited = Promise.withResolvers<void>();
      this.#wake = waited.resolve;
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`no message within ${timeoutMs} ms`);
      const timer = setTimeout(waited.resolve, left);
      await waited.promise;
      clearTimeout(timer);
    }
  }

  get waiting(): number {
    return this.#received.length;
  }

  async close(): Promise<void> {
    if (this.socket.readyState === WebSocket.CLOSED) return;
    const closed = once(this.socket, 'close');
    this.socket.close();
    await closed;
  }
}
