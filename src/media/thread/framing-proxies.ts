import { EventEmitter } from 'node:events';
import { safeEmit, type Logger } from '../../util/index.ts';
import type { Framing, FramingEvents, FramingOptions, FramingStats, OutputPorts } from '../types.ts';
import { FramingFailedError, ThreadDiedError } from './errors.ts';
import type { FramingNotice, FramingRequest } from './protocol.ts';

const NO_STATS: FramingStats = { packets: 0, bytes: 0, lost: 0, reordered: 0, keyFrames: 0, errors: {} };

type Opened = Extract<FramingNotice, { name: 'opened' }>;

class FramingProxy extends EventEmitter<FramingEvents> implements Framing {
  readonly port: number;
  readonly ports: OutputPorts;
  stats = NO_STATS;
  readonly #onClose: () => void;
  #closed = false;

  constructor({ port, ports }: Opened, onClose: () => void) {
    super();
    this.port = port;
    this.ports = ports;
    this.#onClose = onClose;
  }

  get closed(): boolean {
    return this.#closed;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose();
    this.removeAllListeners();
  }

  end(log: Logger): void {
    if (this.#closed) return;
    this.#closed = true;
    safeEmit<FramingEvents, 'ended'>(this, log, 'ended');
  }
}

interface Entry {
  readonly options: FramingOptions;
  readonly opening: PromiseWithResolvers<Framing>;
  proxy: FramingProxy | undefined;
}

/** The main thread's side of the framings of one media thread. */
export class FramingProxies {
  readonly #post: (request: FramingRequest) => void;
  readonly #log: Logger;
  readonly #entries = new Map<number, Entry>();

  constructor(post: (request: FramingRequest) => void, log: Logger) {
    this.#post = post;
    this.#log = log;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** @throws FramingFailedError, ThreadDiedError */
  open(key: number, options: FramingOptions): Promise<Framing> {
    const opening = Promise.withResolvers<Framing>();
    this.#entries.set(key, { options, opening, proxy: undefined });
    const { tracks, output } = options;
    this.#post({ name: 'open', key, tracks, output: output.kind === 'udp' ? output : { kind: 'frames' } });
    return opening.promise;
  }

  onNotice(notice: FramingNotice): void {
    if (notice.name === 'stats') {
      for (const { key, stats } of notice.entries) this.#setStats(key, stats);
      return;
    }
    const entry = this.#entries.get(notice.key);
    if (entry === undefined) return;
    switch (notice.name) {
      case 'opened':
        entry.proxy = new FramingProxy(notice, () => this.#close(notice.key));
        return entry.opening.resolve(entry.proxy);
      case 'failed':
        this.#entries.delete(notice.key);
        return entry.opening.reject(new FramingFailedError(`no ports for a publication's packets: ${notice.reason}`));
      case 'described':
        return this.#emit(entry, 'described', notice.video);
      case 'frames':
        return entry.options.output.kind === 'frames' ? entry.options.output.onFrames(notice.frames) : undefined;
      case 'alive':
        return this.#emit(entry, 'alive');
      case 'keyFrameRequested':
        return this.#emit(entry, 'keyFrameRequested');
    }
  }

  /** The thread is gone. */
  endAll(): void {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    for (const { proxy, opening } of entries) {
      opening.reject(new ThreadDiedError('media thread ended while a framing was opening'));
      proxy?.end(this.#log);
    }
  }

  #emit<K extends keyof FramingEvents>({ proxy }: Entry, event: K, ...args: FramingEvents[K]): void {
    if (proxy !== undefined) safeEmit<FramingEvents, K>(proxy, this.#log, event, ...args);
  }

  #setStats(key: number, stats: FramingStats): void {
    const proxy = this.#entries.get(key)?.proxy;
    if (proxy !== undefined) proxy.stats = stats;
  }

  #close(key: number): void {
    const { proxy, options } = this.#entries.get(key) ?? {};
    if (!this.#entries.delete(key)) return;
    const level = (proxy?.stats.lost ?? 0) > 0 ? 'info' : 'debug';
    this.#log[level]({ framing: options?.id, ...proxy?.stats }, 'framing closed');
    this.#post({ name: 'close', key });
  }
}
