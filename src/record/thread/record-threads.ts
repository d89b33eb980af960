import { EventEmitter } from 'node:events';
import { Worker } from 'node:worker_threads';
import { safeEmit, type Logger } from '../../util/index.ts';
import type { RecordingWriter, RecordingWriterOptions, RecordThreads, RecordThreadsEvents } from '../writer-types.ts';
import type { ThreadOptions } from './protocol.ts';
import { RecordLink, type RecordWorker } from './record-link.ts';

export interface RecordThreadsOptions {
  /** Each carries many recordings. */
  readonly threads: number;
  /** How long a start waits for the first key frame; default 10 s. */
  readonly startMs?: number;
}

/** Starts a record thread; replaced in tests that kill one. */
export type SpawnRecordThread = (options: ThreadOptions) => RecordWorker;

/** Node runs the TypeScript source directly; the compiled tree has the `.js` beside this file. */
const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './worker-entry.ts' : './worker-entry.js', import.meta.url);
const START_MS = 10_000;
/** At the end of the gateway files are completed for so long. */
const COMPLETE_MS = 10_000;
/** Packets wait for so long to be handed over together. */
const HAND_OVER_MS = 150;

/** The default `SpawnRecordThread`. */
export function spawnRecordThread(options: ThreadOptions): Worker {
  const resourceLimits = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 512 };
  return new Worker(ENTRY, { workerData: options, name: 'gbrtc-record', resourceLimits });
}

/** A thread starts with its first recording. */
export function createRecordThreads(
  options: RecordThreadsOptions,
  log: Logger,
  spawn: SpawnRecordThread = spawnRecordThread,
): RecordThreads {
  return new LinkGroup(options, log, spawn);
}

class LinkGroup extends EventEmitter<RecordThreadsEvents> implements RecordThreads {
  readonly #links: readonly RecordLink[];
  /** Completes files: a long one takes so long that recordings of the same thread would lose packets. */
  readonly #finisher: RecordLink;
  #timer: NodeJS.Timeout | undefined;

  constructor({ threads, startMs = START_MS }: RecordThreadsOptions, log: Logger, spawn: SpawnRecordThread) {
    super();
    const linkOf = (index: number): RecordLink => {
      const onDied = (): void => safeEmit<RecordThreadsEvents, 'threadDied'>(this, log, 'threadDied', { index });
      const onUp = (): void => safeEmit<RecordThreadsEvents, 'threadUp'>(this, log, 'threadUp', { index });
      const complete = (path: string): Promise<{ durationMs: number; bytes: number }> => this.repair(path);
      return new RecordLink({ index, thread: { startMs }, spawn, complete, log, onDied, onUp });
    };
    const count = Math.max(1, threads);
    this.#links = Array.from({ length: count }, (_, index) => linkOf(index));
    this.#finisher = linkOf(count);
  }

  get threadsMissing(): number {
    return [...this.#links, this.#finisher].filter(({ missing }) => missing).length;
  }

  async open(options: RecordingWriterOptions): Promise<RecordingWriter> {
    this.#timer ??= setInterval(() => this.#handOver(), HAND_OVER_MS);
    return this.#leastLoaded().open(options);
  }

  async repair(path: string): Promise<{ durationMs: number; bytes: number }> {
    return this.#finisher.repair(path);
  }

  async close(): Promise<void> {
    // What is not complete then, the next start completes.
    const limit = setTimeout(() => this.#finisher.abort(), COMPLETE_MS);
    await Promise.all(this.#links.map((link) => link.close()));
    clearTimeout(limit);
    await this.#finisher.close();
    clearInterval(this.#timer);
  }

  #leastLoaded(): RecordLink {
    return this.#links.reduce((least, next) => (next.load < least.load ? next : least));
  }

  #handOver(): void {
    let load = 0;
    for (const link of this.#links) {
      link.flush();
      load += link.load;
    }
    if (load > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
