import { RtspClientError } from './errors.ts';
import type { ServerResponse } from './framer.ts';

type Method = 'GET_PARAMETER' | 'OPTIONS';

export interface KeepAliveOptions {
  readonly intervalMs: number;
  /** Nothing at all from the server for so long, after a question: it is gone. */
  readonly timeoutMs: number;
  readonly knowsGetParameter: boolean;
  readonly request: (method: Method) => Promise<ServerResponse>;
  /** How long ago anything came from the server. */
  readonly silentMs: () => number;
  readonly onLost: (error: RtspClientError) => void;
}

/** What servers answer to a method that they do not know, or not like this. */
const UNKNOWN_METHOD: ReadonlySet<number> = new Set([400, 404, 405, 451, 501, 551]);

/** Keeps a session alive by asking for nothing (RFC 2326 §10.8), and notices when the server is gone. */
export class KeepAlive {
  readonly #options: KeepAliveOptions;
  readonly #timer: NodeJS.Timeout;
  #method: Method;
  #asking = false;
  #closed = false;

  constructor(options: KeepAliveOptions) {
    this.#options = options;
    this.#method = options.knowsGetParameter ? 'GET_PARAMETER' : 'OPTIONS';
    this.#timer = setInterval(() => void this.#ask(), options.intervalMs);
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
  }

  async #ask(): Promise<void> {
    if (this.#asking || this.#closed) return;
    this.#asking = true;
    try {
      const { status } = await this.#options.request(this.#method);
      if (status === 454) this.#lose('the server has forgotten the session');
      if (UNKNOWN_METHOD.has(status)) this.#method = 'OPTIONS';
    } catch (error) {
      this.#handleFailure(error);
    } finally {
      this.#asking = false;
    }
  }

  /** Some cameras leave questions unanswered while they send: what comes is sign of life enough. */
  #handleFailure(error: unknown): void {
    const { timeoutMs, silentMs } = this.#options;
    const code = error instanceof RtspClientError ? error.code : undefined;
    if (code === 'rtsp_unauthorized') this.#lose('the server refuses the account now');
    else if (silentMs() >= timeoutMs) this.#lose(`nothing came from the server for ${Math.round(silentMs())} ms`);
  }

  #lose(message: string): void {
    if (this.#closed) return;
    this.close();
    this.#options.onLost(new RtspClientError('rtsp_connection_lost', message));
  }
}
