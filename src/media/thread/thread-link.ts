import { errorMessage } from '../../util/errors.ts';
import type { Logger } from '../../util/index.ts';
import { RelayLink } from '../relay/relay-link.ts';
import type { RelayOptions, RtpRelay } from '../relay-types.ts';
import type { PortPool } from '../ports/index.ts';
import type { Framing, FramingOptions, IngestEndReason, IngestOptions, MediaThreadUsage } from '../types.ts';
import { MediaBindError, ThreadDiedError } from './errors.ts';
import { FramingProxies } from './framing-proxies.ts';
import { IngestProxy } from './ingest-proxy.ts';
import type { OpenFailure, ThreadNotice, ThreadOptions, ThreadRequest } from './protocol.ts';

/** The part of `Worker` that a link uses. */
export interface ThreadWorker {
  postMessage(request: ThreadRequest, transfer?: readonly ArrayBuffer[]): void;
  on(event: 'message', listener: (notice: ThreadNotice) => void): unknown;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  on(event: 'exit', listener: (code: number) => void): unknown;
  terminate(): Promise<number>;
}

export interface ThreadLinkOptions {
  readonly index: number;
  readonly thread: ThreadOptions;
  readonly spawn: (options: ThreadOptions) => ThreadWorker;
  readonly log: Logger;
  /** The thread has closed the sockets of this port. */
  readonly onPortFree: (port: number) => void;
  /** Once, until `onUp`; a new thread is on its way. */
  readonly onDied: () => void;
  /** The one that replaces a dead thread is ready. */
  readonly onUp: () => void;
}

interface Entry {
  readonly proxy: IngestProxy;
  readonly port: number;
}

interface PendingOpen {
  readonly options: IngestOptions;
  readonly port: number;
  readonly settle: (result: IngestProxy | OpenRefusal | ThreadDiedError) => void;
}

/** Why the thread did not open an ingest. */
export interface OpenRefusal {
  readonly failure: OpenFailure;
  readonly reason: string;
}

type LinkState = 'stopped' | 'starting' | 'running' | 'backoff' | 'closed';

/** A thread that dies sooner than this after its start is replaced after a pause of the same length. */
const SETTLED_MS = 1000;
const SHUTDOWN_MS = 1000;

let nextKey = 1;

/** One media thread as the main thread sees it: its ingests, its death and its replacement. */
export class ThreadLink {
  readonly #options: ThreadLinkOptions;
  readonly #log: Logger;
  readonly #entries = new Map<number, Entry>();
  readonly #pending = new Map<number, PendingOpen>();
  readonly #framings: FramingProxies;
  readonly #relays: RelayLink;
  #state: LinkState = 'stopped';
  #worker: ThreadWorker | undefined;
  #started = Promise.withResolvers<void>();
  #startSettled = false;
  #exited: PromiseWithResolvers<void> | undefined;
  #startedAtMs = 0;
  #missing = false;
  #cpuSeconds = 0;
  #residentBytes = 0;
  #backoff: NodeJS.Timeout | undefined;

  constructor(options: ThreadLinkOptions) {
    this.#options = options;
    this.#log = options.log.child({ mediaThread: options.index });
    this.#framings = new FramingProxies((request) => this.#post({ type: 'framing', request }), this.#log);
    this.#relays = new RelayLink({
      listenAddress: options.thread.listenAddress,
      post: (key, request, transfer) => this.#post({ type: 'relay', key, request }, transfer),
      log: this.#log,
    });
    this.#started.promise.catch(() => undefined);
  }

  /** Open ingests, those under way included. */
  get ingests(): number {
    let open = this.#pending.size;
    for (const entry of this.#entries.values()) if (!entry.proxy.closed) open += 1;
    return open;
  }

  /** Ingests, framings and relays: what threads are chosen by. */
  get sessions(): number {
    return this.ingests + this.#framings.size + this.#relays.size;
  }

  /** It has died, and no other one is ready. */
  get missing(): boolean {
    return this.#missing;
  }

  /** Undefined while the thread is being replaced. */
  get usage(): MediaThreadUsage | undefined {
    if (this.#state !== 'running') return undefined;
    const id = String(this.#options.index);
    return { id, ingests: this.ingests, cpuSeconds: this.#cpuSeconds, residentBytes: this.#residentBytes };
  }

  /**
   * Resolves when the thread is ready.
   * @throws MediaBindError the single port is taken
   */
  async start(): Promise<void> {
    if (this.#state === 'stopped') this.#spawn();
    await this.#started.promise;
  }

  /** @throws ThreadDiedError */
  async open(options: IngestOptions, port: number): Promise<IngestProxy | OpenRefusal> {
    await this.#started.promise;
    if (this.#state !== 'running') throw new ThreadDiedError('media thread is not running');
    const key = nextKey;
    nextKey += 1;
    const { promise, resolve } = Promise.withResolvers<IngestProxy | OpenRefusal | ThreadDiedError>();
    this.#pending.set(key, { options, port, settle: resolve });
    this.#post({ type: 'open', key, port, options });
    const result = await promise;
    if (result instanceof ThreadDiedError) throw result;
    return result;
  }

  /** @throws FramingFailedError, ThreadDiedError */
  async openFraming(options: FramingOptions): Promise<Framing> {
    await this.#started.promise;
    if (this.#state !== 'running') throw new ThreadDiedError('media thread is not running');
    const key = nextKey;
    nextKey += 1;
    return this.#framings.open(key, options);
  }

  /** @throws ThreadDiedError */
  async openRelay(options: RelayOptions, ports: PortPool): Promise<RtpRelay> {
    await this.#started.promise;
    if (this.#state !== 'running') throw new ThreadDiedError('media thread is not running');
    return this.#relays.open(options, ports);
  }

  /** Idempotent; resolves when the thread has ended. */
  async close(): Promise<void> {
    const running = this.#state === 'running' || this.#state === 'starting';
    this.#state = 'closed';
    clearTimeout(this.#backoff);
    this.#started.reject(new ThreadDiedError('media threads are closed'));
    this.#endAll('closed');
    const worker = this.#worker;
    if (worker === undefined || this.#exited === undefined) return;
    if (running) this.#post({ type: 'shutdown' });
    const hardStop = setTimeout(() => void worker.terminate(), SHUTDOWN_MS);
    await this.#exited.promise;
    clearTimeout(hardStop);
  }

  #post(request: ThreadRequest, transfer?: readonly ArrayBuffer[]): void {
    if (transfer === undefined) this.#worker?.postMessage(request);
    else this.#worker?.postMessage(request, transfer);
  }

  #spawn(): void {
    this.#state = 'starting';
    this.#startedAtMs = performance.now();
    const worker = this.#options.spawn(this.#options.thread);
    const exited = Promise.withResolvers<void>();
    this.#worker = worker;
    this.#exited = exited;
    worker.on('message', (notice) => {
      if (this.#worker !== worker) return;
      if (notice.type === 'relay') this.#relays.onNotice(notice.key, notice.notice);
      else this.#onNotice(notice);
    });
    worker.on('error', (error) => this.#log.error({ error: errorMessage(error) }, 'media thread failed'));
    worker.on('exit', (code) => {
      exited.resolve();
      if (this.#worker === worker) this.#onExit(code);
    });
  }

  #onExit(code: number): void {
    this.#worker = undefined;
    this.#exited = undefined;
    this.#cpuSeconds = 0;
    this.#residentBytes = 0;
    if (this.#state === 'closed') return;
    this.#log.error({ code, ingests: this.#entries.size }, 'media thread died, replacing it');
    if (this.#startSettled) {
      this.#started = Promise.withResolvers<void>();
      this.#started.promise.catch(() => undefined);
      this.#startSettled = false;
    }
    this.#state = 'backoff';
    const settled = performance.now() - this.#startedAtMs >= SETTLED_MS;
    this.#backoff = setTimeout(() => this.#spawn(), settled ? 0 : SETTLED_MS);
    const known = this.#missing;
    this.#missing = true;
    if (!known) this.#options.onDied();
    this.#endAll('thread_died');
  }

  #endAll(reason: IngestEndReason): void {
    const entries = [...this.#entries.values()];
    const pending = [...this.#pending.values()];
    this.#entries.clear();
    this.#pending.clear();
    this.#framings.endAll();
    this.#relays.endAll(reason === 'closed' ? 'closed' : 'thread_died');
    for (const open of pending) {
      open.settle(new ThreadDiedError('media thread ended while an ingest was opening'));
    }
    for (const { proxy, port } of entries) {
      this.#options.onPortFree(port);
      proxy.end(reason);
    }
  }

  #onNotice(notice: Exclude<ThreadNotice, { type: 'relay' }>): void {
    switch (notice.type) {
      case 'ready':
        return this.#onReady();
      case 'startFailed':
        return this.#onStartFailed(notice.port, notice.reason);
      case 'opened':
        return this.#onOpened(notice.key, notice.port);
      case 'openFailed':
        return this.#settle(notice.key, { failure: notice.failure, reason: notice.reason });
      case 'fact':
        return this.#entries.get(notice.key)?.proxy.onFact(notice.fact);
      case 'output':
        return this.#entries.get(notice.key)?.proxy.onOutput(notice.outputId, notice.event);
      case 'stats':
        return this.#onStats(notice);
      case 'ended':
        return this.#onEnded(notice);
      case 'framing':
        return this.#framings.onNotice(notice.notice);
      case 'log':
        return this.#log[notice.level](notice.fields, notice.message);
    }
  }

  #onReady(): void {
    if (this.#state === 'starting') this.#state = 'running';
    this.#startSettled = true;
    this.#started.resolve();
    if (!this.#missing) return;
    this.#missing = false;
    this.#options.onUp();
  }

  /** At the first start the caller is told; a replacement tries again, because its predecessor may hold the port still. */
  #onStartFailed(port: number, reason: string): void {
    const error = new MediaBindError(this.#options.thread.listenAddress, port, reason);
    this.#log.error({ error: error.message }, 'media thread cannot start');
    this.#startSettled = true;
    this.#started.reject(error);
  }

  #onOpened(key: number, port: number): void {
    const pending = this.#pending.get(key);
    if (pending === undefined) return this.#post({ type: 'close', key });
    const log = this.#log.child({ ingest: pending.options.id });
    const post = (request: ThreadRequest): void => this.#post(request);
    const proxy = new IngestProxy({ key, id: pending.options.id, localPort: port, post, log });
    this.#entries.set(key, { proxy, port: pending.port });
    this.#settle(key, proxy);
  }

  #settle(key: number, result: IngestProxy | OpenRefusal): void {
    const pending = this.#pending.get(key);
    this.#pending.delete(key);
    pending?.settle(result);
  }

  #onStats({ cpuSeconds, residentBytes, entries }: Extract<ThreadNotice, { type: 'stats' }>): void {
    this.#cpuSeconds = cpuSeconds;
    this.#residentBytes = residentBytes;
    for (const { key, stats } of entries) this.#entries.get(key)?.proxy.setStats(stats);
  }

  #onEnded(notice: Extract<ThreadNotice, { type: 'ended' }>): void {
    const entry = this.#entries.get(notice.key);
    if (entry === undefined) return;
    this.#entries.delete(notice.key);
    this.#options.onPortFree(entry.port);
    entry.proxy.setStats(notice.stats);
    entry.proxy.end(notice.reason);
  }
}
