import { EventEmitter } from 'node:events';
import { availableParallelism } from 'node:os';
import { setLogEventListeners } from 'mediasoup';
import { safeEmit, type Logger } from '../util/index.ts';
import { isConnectionAddress, localAddresses } from './candidates.ts';
import { chooseAudio, chooseH264 } from './codec-choice.ts';
import { SdpError, ViewerLimitError, WebRtcUnavailableError } from './errors.ts';
import type { MediaWorker } from './media-worker.ts';
import { parseOffer } from './offer.ts';
import { isTrickleFragment } from './trickle.ts';
import type { Viewer, ViewerOptions, WebRtc, WebRtcEvents, WebRtcOptions, WorkerUsage } from './types.ts';
import { WebRtcViewer } from './viewer.ts';
import { WorkerSlot } from './worker-slot.ts';

const DEFAULTS = {
  iceTimeoutMs: 15_000,
  feedGraceMs: 3000,
  viewersPerWorker: 50,
  maxViewers: 5000,
  respawnDelayMs: 200,
  workerWaitMs: 2000,
};

type FilledOptions = WebRtcOptions & typeof DEFAULTS;

class WorkerPool extends EventEmitter<WebRtcEvents> implements WebRtc {
  readonly #options: FilledOptions;
  readonly #addresses: readonly string[];
  readonly #log: Logger;
  readonly #slots: readonly WorkerSlot[];
  readonly #viewers = new Set<WebRtcViewer>();
  #opening = 0;
  #closed = false;

  constructor(options: FilledOptions, log: Logger) {
    super();
    this.#options = options;
    this.#log = log;
    const { announcedAddresses, listenAddress } = options;
    this.#addresses = announcedAddresses.length > 0 ? announcedAddresses : localAddresses(listenAddress);
    const count = options.workers === 0 ? availableParallelism() : options.workers;
    this.#slots = Array.from({ length: count }, (_, index) => this.#createSlot(index));
  }

  get workersUp(): number {
    return this.#slots.filter((slot) => slot.worker !== undefined).length;
  }

  get workersTotal(): number {
    return this.#slots.length;
  }

  get viewers(): number {
    return this.#viewers.size;
  }

  async open(): Promise<void> {
    const opened = await Promise.allSettled(this.#slots.map(async (slot) => slot.open()));
    const failed = opened.find((result) => result.status === 'rejected');
    if (failed === undefined) return;
    await this.close();
    throw failed.reason;
  }

  checkOffer(offer: string): void {
    parseOffer(offer);
  }

  checkFragment(fragment: string): boolean {
    return isTrickleFragment(fragment);
  }

  async createViewer(options: ViewerOptions): Promise<Viewer> {
    const offer = parseOffer(options.offer);
    const foreign = options.candidates?.find((address) => !isConnectionAddress(address));
    if (foreign !== undefined) throw new SdpError(`candidate ${JSON.stringify(foreign.slice(0, 64))} is no address`);
    const { maxViewers, iceTimeoutMs, viewersPerWorker } = this.#options;
    if (this.#viewers.size + this.#opening >= maxViewers) {
      throw new ViewerLimitError(`${this.#viewers.size} viewers are connected, the limit is ${maxViewers}`);
    }
    if (this.workersUp === 0 && !this.#closed) await this.#waitForWorker();
    const worker = this.#chooseWorker(options.ingest.id, viewersPerWorker);
    this.#opening += 1;
    worker.viewers += 1;
    try {
      const viewer = await WebRtcViewer.create({
        id: options.id,
        worker,
        ingest: options.ingest,
        offer,
        h264: chooseH264(offer, options.ingest.video?.profileLevelId),
        audioCodec: chooseAudio(offer, options.ingest.audio?.codec),
        addresses: [...(options.candidates ?? []), ...this.#addresses],
        iceTimeoutMs,
        log: this.#log.child({ viewerId: options.id }),
      });
      this.#adopt(viewer, worker);
      return viewer;
    } catch (error) {
      worker.viewers -= 1;
      throw error;
    } finally {
      this.#opening -= 1;
    }
  }

  async usage(): Promise<WorkerUsage[]> {
    return Promise.all(this.#slots.map(async (slot) => slotUsage(slot)));
  }

  retire(): void {
    for (const slot of this.#slots) slot.retire();
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const viewer of this.#viewers) viewer.close();
    await Promise.all(this.#slots.map(async (slot) => slot.close()));
  }

  #createSlot(index: number): WorkerSlot {
    const { basePort, listenAddress, feedGraceMs, respawnDelayMs } = this.#options;
    return new WorkerSlot({
      index,
      listenAddress,
      port: basePort === 0 ? 0 : basePort + index,
      feedGraceMs,
      respawnDelayMs,
      log: this.#log.child({ worker: index }),
      onDied: (pid) => safeEmit<WebRtcEvents, 'workerDied'>(this, this.#log, 'workerDied', { index, pid }),
      onUp: (pid) => safeEmit<WebRtcEvents, 'workerUp'>(this, this.#log, 'workerUp', { index, pid }),
    });
  }

  /** A killed worker is up again in less time than a player needs to try again. */
  async #waitForWorker(): Promise<void> {
    const up = Promise.withResolvers<void>();
    const wake = (): void => up.resolve();
    const timer = setTimeout(wake, this.#options.workerWaitMs);
    this.once('workerUp', wake);
    await up.promise;
    clearTimeout(timer);
    this.off('workerUp', wake);
  }

  /** The stream's own worker until it is full, then the one with the fewest viewers. */
  #chooseWorker(ingestId: string, viewersPerWorker: number): MediaWorker {
    const up = this.#slots.flatMap((slot) => slot.worker ?? []);
    const ofStream = up.filter((worker) => (worker.feeds.viewersOf(ingestId) ?? viewersPerWorker) < viewersPerWorker);
    const [best] = (ofStream.length > 0 ? ofStream : up).toSorted((a, b) => a.viewers - b.viewers);
    if (best === undefined || this.#closed) throw new WebRtcUnavailableError('no mediasoup worker is up');
    return best;
  }

  #adopt(viewer: WebRtcViewer, worker: MediaWorker): void {
    this.#viewers.add(viewer);
    viewer.once('closed', () => {
      this.#viewers.delete(viewer);
      worker.viewers -= 1;
    });
    if (viewer.closed) throw new WebRtcUnavailableError('the mediasoup worker died');
  }
}

async function slotUsage(slot: WorkerSlot): Promise<WorkerUsage> {
  const { worker, index, restarts } = slot;
  const none = { cpuSeconds: 0, maxRssBytes: 0 };
  if (worker === undefined) {
    return { index, pid: 0, port: 0, up: false, viewers: 0, feeds: 0, routers: 0, restarts, ...none };
  }
  // The worker may die under the question.
  const used = await worker.usage().catch(() => none);
  const { pid, viewers, ports, feeds, routers } = worker;
  return {
    index,
    pid,
    port: ports.udp,
    up: true,
    viewers,
    feeds: feeds.size,
    routers: routers.size,
    restarts,
    ...used,
  };
}

/** Starts the mediasoup workers. @throws WebRtcPortError (`port_in_use`) */
export async function createWebRtc(options: WebRtcOptions, log: Logger): Promise<WebRtc> {
  setLogEventListeners({
    onwarn: (namespace, text) => log.debug({ namespace, text }, 'mediasoup warning'),
    onerror: (namespace, text) => log.warn({ namespace, text }, 'mediasoup error'),
  });
  const pool = new WorkerPool({ ...DEFAULTS, ...options }, log);
  await pool.open();
  return pool;
}
