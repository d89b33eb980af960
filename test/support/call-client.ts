import { once } from 'node:events';
import { WebSocket } from 'ws';

export type CallMessage = Readonly<Record<string, unknown>>;

/** A client of the RoomServer, written from its document alone. */
export class CallClient {
  readonly socket: WebSocket;
  readonly #received: CallMessage[] = [];
  readonly #closed: Promise<{ readonly code: number; readonly reason: string }>;
  #wake: (() => void) | undefined;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    this.#closed = new Promise((resolve) => {
      socket.once('close', (code: number, reason: Buffer) => resolve({ code, reason: reason.toString() }));
    });
    socket.on('message', (data: Buffer) => {
      this.#received.push(JSON.parse(data.toString()) as CallMessage);
      this.#wake?.();
    });
  }

  /** `localAddress`: where it comes from; any where absent. */
  static async connect(
    url: string,
    headers: Readonly<Record<string, string>> = {},
    localAddress?: string,
  ): Promise<CallClient> {
    const socket = new WebSocket(url, { headers, ...(localAddress === undefined ? {} : { localAddress }) });
    const client = new CallClient(socket);
    await once(socket, 'open');
    return client;
  }

  send(message: object | string): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** Whether a message with this command has come and was not taken yet. */
  has(cmd: string): boolean {
    return this.#received.some((message) => message.cmd === cmd);
  }

  /** The next message with this command; others before it are dropped. */
  async next(cmd: string, timeoutMs = 10_000): Promise<CallMessage> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const message = this.#received.shift();
      if (message?.cmd === cmd) return message;
      if (message !== undefined) continue;
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`no ${cmd} within ${timeoutMs} ms`);
      const waited = Promise.withResolvers<void>();
      this.#wake = waited.resolve;
      const timer = setTimeout(waited.resolve, left);
      await waited.promise;
      clearTimeout(timer);
    }
  }

  ask(message: object, cmd: string): Promise<CallMessage> {
    this.send(message);
    return this.next(cmd);
  }

  closed(): Promise<{ readonly code: number; readonly reason: string }> {
    return this.#closed;
  }
}
