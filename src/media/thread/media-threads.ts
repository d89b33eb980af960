import { EventEmitter } from 'node:events';
import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { safeEmit, type Logger } from '../../util/index.ts';
import { PortPool } from '../ports/index.ts';
import type { RelayOptions, RtpRelay } from '../relay-types.ts';
import type {
  Framing,
  FramingOptions,
  Ingest,
  IngestOptions,
  MediaThreads,
  MediaThreadsEvents,
  MediaThreadsOptions,
  MediaThreadUsage,
} from '../types.ts';
import { MediaBindError, SsrcTakenError, ThreadDiedError } from './errors.ts';
import { IngestProxy } from './ingest-proxy.ts';
import type { ThreadOptions } from './protocol.ts';
import { ThreadLink, type ThreadWorker } from './thread-link.ts';

/** Starts a media thread; replaced in tests that kill one. */
export type SpawnThread = (options: ThreadOptions) => ThreadWorker;

/** Node runs the TypeScript source directly; the compiled tree has the `.js` beside this file. */
const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './worker-entry.ts' : './worker-entry.js', import.meta.url);

/** The default `SpawnThread`. */
export function spawnThread(options: ThreadOptions): Worker {
  // The nursery that the process was started with is that of the main thread; the flag would beat the limit below.
  setFlagsFromString('--max-semi-space-size=0');
  return new Worker(ENTRY, {
    workerData: options,
    name: 'gbrtc-media',
    // A small nursery keeps short-lived packet wrappers in the processor's cache and out of the resident memory.
    resourceLimits: { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 512 },
  });
}

/**
 * Starts the media threads and waits until each is ready.
 * @throws MediaBindError the single port is taken
 */
export async function createMediaThreads(
  options: MediaThreadsOptions,
  log: Logger,
  spawn: SpawnThread = spawnThread,
): Promise<MediaThreads> {
  const group = new ThreadGroup(options, log, spawn);
  try {
    await group.start();
  } catch (error) {
    await group.close();
    throw error;
  }
  return group;
}

class ThreadGroup extends EventEmitter<MediaThreadsEvents> implements MediaThreads {
  readonly #options: MediaThreadsOptions;
  readonly #links: readonly ThreadLink[];
  readonly #ports: PortPool;
  #closed = false;

  constructor(options: MediaThreadsOptions, log: Logger, spawn: SpawnThread) {
    super();
    const { portMin, portMax, quarantineMs } = options;
    this.#options = options;
    this.#ports = new PortPool({ portMin, portMax, quarantineMs, now: () => performance.now() });
    this.#links = Array.from({ length: threadCount(options) }, (_, index) => {
      const onPortFree = (port: number): void => this.#ports.release(port);
      const onDied = (): void => safeEmit<MediaThreadsEvents, 'threadDied'>(this, log, 'threadDied', { index });
      const onUp = (): void => safeEmit<MediaThreadsEvents, 'threadUp'>(this, log, 'threadUp', { index });
      return new ThreadLink({ index, thread: options, spawn, log, onPortFree, onDied, onUp });
    });
  }

  get ingests(): number {
    return this.#links.reduce((sum, link) => sum + link.ingests, 0);
  }

  get threadsTotal(): number {
    return this.#links.length;
  }

  get threadsMissing(): number {
    return this.#links.filter(({ missing }) => missing).length;
  }

  usage(): readonly MediaThreadUsage[] {
    return this.#links.flatMap((link) => link.usage ?? []);
  }

  async start(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.start()));
  }

  async openIngest(options: IngestOptions): Promise<Ingest> {
    const link = this.#leastUsed();
    return this.#options.mode === 'single' ? this.#openShared(link, options) : this.#openOnOwnPort(link, options);
  }

  async openFraming(options: FramingOptions): Promise<Framing> {
    return this.#leastUsed().openFraming(options);
  }

  async openRelay(options: RelayOptions): Promise<RtpRelay> {
    return this.#leastUsed().openRelay(options, this.#ports);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#links.map((link) => link.close()));
  }

  #leastUsed(): ThreadLink {
    if (this.#closed) throw new ThreadDiedError('media threads are closed');
    return this.#links.reduce((least, next) => (next.sessions < least.sessions ? next : least));
  }

  async #openShared(link: ThreadLink, options: IngestOptions): Promise<Ingest> {
    const port = this.#options.singlePort;
    const result = await link.open(options, port);
    if (result instanceof IngestProxy) return result;
    if (result.failure === 'ssrc_taken') throw new SsrcTakenError(options.ssrc);
    throw new MediaBindError(this.#options.listenAddress, port, result.reason);
  }

  /** Ends by exhaustion at the latest: each port of another process leaves the pool for a while. */
  async #openOnOwnPort(link: ThreadLink, options: IngestOptions): Promise<Ingest> {
    for (;;) {
      const port = this.#ports.take();
      try {
        const result = await link.open(options, port);
        if (result instanceof IngestProxy) return result;
        if (result.failure !== 'port_in_use') {
          throw new MediaBindError(this.#options.listenAddress, port, result.reason);
        }
      } catch (error) {
        this.#ports.release(port);
        throw error;
      }
      this.#ports.markForeign(port);
    }
  }
}

/** On a shared port all packets arrive in one thread, which therefore has all ingests. */
function threadCount(options: MediaThreadsOptions): number {
  if (options.mode === 'single') return 1;
  return options.threads > 0 ? options.threads : Math.max(1, Math.floor(availableParallelism() / 2));
}
