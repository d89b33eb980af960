import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Streams, Tap } from '../../stream/index.ts';
import { GatewayError, errorMessage, shownUrl, type Logger } from '../../util/index.ts';
import type { RtspAddress } from '../client/address.ts';
import { Backoff } from '../client/backoff.ts';
import { RtspSink } from './sink.ts';
import type { Push, PushEvents, PushState } from './types.ts';

export interface PushedStreamOptions {
  readonly stream: string;
  readonly address: RtspAddress;
  readonly userAgent: string;
  readonly timeoutMs: number;
  readonly keepAliveMs: number;
  readonly streams: Pick<Streams, 'tap'>;
  readonly onEnded: (push: PushedStream) => void;
  readonly log: Logger;
}

/** Attempts one after the other, with waits between, until nobody wants it any more: a stream that is gone may return. */
export class PushedStream extends EventEmitter<PushEvents> implements Push {
  readonly stream: string;
  readonly url: string;
  readonly #options: PushedStreamOptions;
  readonly #abort = new AbortController();
  readonly #backoff = new Backoff();
  readonly #running: Promise<void>;
  #state: PushState = 'connecting';
  #failure: Push['failure'];

  constructor(options: PushedStreamOptions) {
    super();
    this.stream = options.stream;
    this.url = shownUrl(options.address.href);
    this.#options = options;
    this.#running = this.#run();
  }

  get state(): PushState {
    return this.#state;
  }

  get failure(): Push['failure'] {
    return this.#failure;
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    const { onEnded } = this.#options;
    while (!signal.aborted) {
      const failure = await this.#attempt();
      if (signal.aborted) break;
      this.#failure = failure;
      this.#enter('failed');
      await delay(this.#backoff.next(failure.code), undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) this.#enter('connecting');
    }
    this.#enter('ended');
    onEnded(this);
  }

  /** Resolves when it is over, with the reason. Never rejects. */
  async #attempt(): Promise<NonNullable<Push['failure']>> {
    const { address, userAgent, timeoutMs, keepAliveMs, streams } = this.#options;
    const { signal } = this.#abort;
    const over = Promise.withResolvers<NonNullable<Push['failure']>>();
    // One that is open says goodbye to its server.
    const opening = new AbortController();
    let tap: Tap | undefined;
    let sink: RtspSink | undefined;
    const stop = (): void => {
      over.resolve({ code: 'closed', message: 'nobody wants it any more' });
      if (sink === undefined) opening.abort();
    };
    signal.addEventListener('abort', stop, { once: true });
    try {
      tap = await streams.tap(this.stream, {
        reader: { protocol: 'rtsp', remoteAddress: address.host, userAgent: `push to ${address.href}` },
      });
      tap.once('closed', (reason) => over.resolve({ code: 'stream_ended', message: reason }));
      if (signal.aborted) stop();
      const { username, password } = address;
      sink = await RtspSink.open({
        address,
        account: username === undefined ? undefined : { username, password: password ?? '' },
        userAgent,
        timeoutMs,
        keepAliveMs,
        signal: opening.signal,
        tap,
        onLost: ({ code, message }) => over.resolve({ code, message }),
      });
      this.#backoff.reset();
      this.#failure = undefined;
      this.#enter('recording');
      return await over.promise;
    } catch (error) {
      return { code: error instanceof GatewayError ? error.code : 'internal_error', message: errorMessage(error) };
    } finally {
      signal.removeEventListener('abort', stop);
      await sink?.close();
      tap?.close();
    }
  }

  #enter(state: PushState): void {
    if (this.#state === state) return;
    this.#state = state;
    const { log } = this.#options;
    log.info({ stream: this.stream, url: this.url, state, failure: this.#failure?.message }, 'push');
    this.emit('changed');
  }
}
