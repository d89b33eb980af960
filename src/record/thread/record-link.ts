import { errorMessage, type Logger } from '../../util/index.ts';
import type { RecordingWriterOptions } from '../writer-types.ts';
import { RecordingRepairError, RecordingStartError } from './errors.ts';
import type { ThreadNotice, ThreadOptions, ThreadRequest } from './protocol.ts';
import { RecordingProxy, type CompleteFile } from './recording-proxy.ts';

/** The part of `Worker` that a link uses. */
export interface RecordWorker {
  postMessage(request: ThreadRequest, transfer?: readonly ArrayBuffer[]): void;
  on(event: 'message', listener: (notice: ThreadNotice) => void): unknown;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  on(event: 'exit', listener: (code: number) => void): unknown;
  terminate(): Promise<number>;
}

export interface RecordLinkOptions {
  readonly index: number;
  readonly thread: ThreadOptions;
  readonly spawn: (options: ThreadOptions) => RecordWorker;
  /** Makes a file complete, in another thread. @throws RecordingRepairError */
  readonly complete: CompleteFile;
  readonly log: Logger;
  /** Once, until `onUp`; a new thread is on its way. */
  readonly onDied: () => void;
  /** The one that replaces a dead thread is ready. */
  readonly onUp: () => void;
}

type Repair = PromiseWithResolvers<{ durationMs: number; bytes: number }>;

/** Finishing files at the end takes no longer on a disk that answers. */
const SHUTDOWN_MS = 10_000;
/** A thread that dies sooner than this after its start is replaced after a pause of the same length. */
const SETTLED_MS = 1000;

let nextKey = 1;

/** One record thread as the main thread sees it; it starts with its first work. */
export class RecordLink {
  readonly #options: RecordLinkOptions;
  readonly #log: Logger;
  readonly #entries = new Map<number, RecordingProxy>();
  readonly #repairs = new Map<number, Repair>();
  #worker: RecordWorker | undefined;
  #exited: PromiseWithResolvers<void> | undefined;
  #startedAtMs = 0;
  #backoff: NodeJS.Timeout | undefined;
  #missing = false;
  #closed = false;

  constructor(options: RecordLinkOptions) {
    this.#options = options;
    this.#log = options.log.child({ recordThread: options.index });
  }

  get load(): number {
    return this.#entries.size;
  }

  /** It has died, and no other one is ready. */
  get missing(): boolean {
    return this.#missing;
  }

  flush(): void {
    for (const recording of this.#entries.values()) recording.flush();
  }

  /** @throws RecordingStartError */
  async open(options: RecordingWriterOptions): Promise<RecordingProxy> {
    if (this.#closed) throw new RecordingStartError('thread_died', 'record threads are closed');
    const { tap, directory, baseName, takenNumbers, container, segmentMs } = options;
    const key = nextKey++;
    const recording = new RecordingProxy({
      key,
      tap,
      directory,
      complete: this.#options.complete,
      post: (request, transfer) => this.#post(request, transfer),
      log: this.#log,
      onEnded: (ended) => void this.#entries.delete(ended),
    });
    this.#entries.set(key, recording);
    const wishes = {
      ...(takenNumbers === undefined ? {} : { takenNumbers }),
      ...(container === undefined ? {} : { container }),
      ...(segmentMs === undefined ? {} : { segmentMs }),
    };
    this.#post({
      type: 'open',
      key,
      directory,
      baseName,
      tracks: tap.tracks,
      ownPace: tap.ownPace === true,
      ...wishes,
    });
    await recording.begin();
    return recording;
  }

  /** @throws RecordingRepairError */
  async repair(path: string): Promise<{ durationMs: number; bytes: number }> {
    if (this.#closed) throw new RecordingRepairError('thread', 'record threads are closed');
    const key = nextKey++;
    const repair: Repair = Promise.withResolvers();
    this.#repairs.set(key, repair);
    this.#post({ type: 'repair', key, path });
    return repair.promise;
  }

  /** Ends the thread in the midst of its work. */
  abort(): void {
    this.#closed = true;
    clearTimeout(this.#backoff);
    void this.#worker?.terminate();
  }

  /** Idempotent; resolves when the thread has ended. */
  async close(): Promise<void> {
    if (!this.#closed) await Promise.all([...this.#entries.values()].map((recording) => recording.stop()));
    this.#closed = true;
    clearTimeout(this.#backoff);
    const worker = this.#worker;
    if (worker === undefined || this.#exited === undefined) return;
    worker.postMessage({ type: 'shutdown' });
    const hardStop = setTimeout(() => void worker.terminate(), SHUTDOWN_MS);
    await this.#exited.promise;
    clearTimeout(hardStop);
  }

  #post(request: ThreadRequest, transfer?: readonly ArrayBuffer[]): void {
    (this.#worker ?? this.#spawn()).postMessage(request, transfer);
  }

  #spawn(): RecordWorker {
    clearTimeout(this.#backoff);
    this.#startedAtMs = performance.now();
    const worker = this.#options.spawn(this.#options.thread);
    const exited = Promise.withResolvers<void>();
    this.#worker = worker;
    this.#exited = exited;
    worker.on('message', (notice) => this.#onNotice(notice));
    worker.on('error', (error) => this.#log.error({ error: errorMessage(error) }, 'record thread failed'));
    worker.on('exit', (code) => {
      exited.resolve();
      if (this.#worker === worker) this.#onExit(code);
    });
    return worker;
  }

  #onNotice(notice: ThreadNotice): void {
    switch (notice.type) {
      case 'ready':
        return this.#onReady();
      case 'log':
        return this.#log.warn(notice.fields, notice.message);
      case 'repaired':
        return this.#settleRepair(notice.key)?.resolve({ durationMs: notice.durationMs, bytes: notice.bytes });
      case 'notRepaired':
        return this.#settleRepair(notice.key)?.reject(new RecordingRepairError('file', notice.message));
      case 'taken':
      case 'begun':
      case 'notBegun':
      case 'file':
      case 'keyFrameNeeded':
      case 'ended':
        return this.#entries.get(notice.key)?.onNotice(notice);
    }
  }

  #onReady(): void {
    if (!this.#missing) return;
    this.#missing = false;
    this.#options.onUp();
  }

  #settleRepair(key: number): Repair | undefined {
    const repair = this.#repairs.get(key);
    this.#repairs.delete(key);
    return repair;
  }

  /** Work that comes in the pause starts the next thread at once. */
  #onExit(code: number): void {
    this.#worker = undefined;
    this.#exited = undefined;
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    const error = new RecordingRepairError('thread', 'the record thread died');
    for (const repair of this.#repairs.values()) repair.reject(error);
    this.#repairs.clear();
    if (this.#closed) return;
    this.#log.error({ code, recordings: entries.length }, 'record thread died, replacing it');
    const settled = performance.now() - this.#startedAtMs >= SETTLED_MS;
    this.#backoff = setTimeout(() => this.#spawn(), settled ? 0 : SETTLED_MS);
    const known = this.#missing;
    this.#missing = true;
    if (!known) this.#options.onDied();
    for (const recording of entries) recording.endDead();
  }
}
