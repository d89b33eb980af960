import { EventEmitter } from 'node:events';
import { availableParallelism } from 'node:os';
import { setLogEventListeners } from 'mediasoup';
import { safeEmit, type Logger } from '../util/index.ts';
import type { BasePublication } from './base-publication.ts';
import { isConnectionAddress, localAddresses } from './candidates.ts';
import { cameraSource } from './camera-source.ts';
import { PublicationLimitError, SdpError, ViewerLimitError, WebRtcUnavailableError } from './errors.ts';
import type { MediaWorker } from './media-worker.ts';
import { parseOffer } from './offer.ts';
import { PacketOutput } from './packet-output.ts';
import { readPlainTracks } from './plain-tracks.ts';
import { WebRtcPlainPublication } from './plain-publication.ts';
import { parsePlayerOffer } from './player-offer.ts';
import { WebRtcPublication } from './publication.ts';
import { publicationSource } from './publication-source.ts';
import { parsePublishOffer } from './publish-offer.ts';
import { isTrickleFragment } from './trickle.ts';
import type {
  PacketTarget,
  PeerPublication,
  PlainPublication,
  PlainPublicationOptions,
  PlayerOptions,
  Publication,
  PublicationOptions,
  Viewer,
  ViewerOptions,
  WebRtc,
  WebRtcEvents,
  WebRtcOptions,
  WorkerUsage,
} from './types.ts';
import { WebRtcViewer } from './viewer.ts';
import type { ViewerSource } from './viewer-source.ts';
import { WorkerSlot } from './worker-slot.ts';

const DEFAULTS = {
  iceTimeoutMs: 15_000,
  feedGraceMs: 3000,
  viewersPerWorker: 50,
  maxViewers: 5000,
  maxPublications: 1000,
  respawnDelayMs: 200,
  workerWaitMs: 2000,
  firstPacketMs: 30_000,
  silenceMs: 0,
};

type FilledOptions = WebRtcOptions & typeof DEFAULTS;

class WorkerPool extends EventEmitter<WebRtcEvents> implements WebRtc {
  readonly #options: FilledOptions;
  readonly #addresses: readonly string[];
  readonly #log: Logger;
  readonly #slots: readonly WorkerSlot[];
  readonly #viewers = new Set<WebRtcViewer>();
  readonly #publications = new Map<string, BasePublication>();
  #opening = 0;
  #publishing = 0;
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

  async createViewer({ id, ingest, offer, candidates }: ViewerOptions): Promise<Viewer> {
    const source = cameraSource(parseOffer(offer), ingest);
    return this.#openViewer({ id, source, candidates }, (worker) => worker.feeds.viewersOf(ingest.id));
  }

  async createPlayer({ id, publication, offer, candidates }: PlayerOptions): Promise<Viewer> {
    const published = this.#published(publication);
    const source = publicationSource(parsePlayerOffer(offer, published.formats), published);
    // The publication's own worker comes first: no pipe is shorter than one to another process.
    const playersOf = (worker: MediaWorker): number | undefined =>
      worker.relays.playersOf(published.id) ?? (worker.index === published.workerIndex ? 0 : undefined);
    return this.#openViewer({ id, source, candidates }, playersOf);
  }

  async createPublication(options: PublicationOptions): Promise<PeerPublication> {
    const { id, candidates, maxBitrateBps } = options;
    const offer = parsePublishOffer(options.offer);
    checkCandidates(candidates);
    const addresses = [...(candidates ?? []), ...this.#addresses];
    const { iceTimeoutMs, firstPacketMs, silenceMs } = this.#options;
    const mediaTimeouts = { firstPacketMs, silenceMs };
    return this.#publish(id, (worker, log) =>
      WebRtcPublication.create({ id, worker, offer, maxBitrateBps, addresses, iceTimeoutMs, mediaTimeouts, log }),
    );
  }

  async createPlainPublication({ id, tracks }: PlainPublicationOptions): Promise<PlainPublication> {
    const formats = readPlainTracks(tracks);
    return this.#publish(id, (worker, log) => WebRtcPlainPublication.create({ id, worker, formats, log }));
  }

  async openPackets(publication: Publication, target: PacketTarget): Promise<PacketOutput> {
    return PacketOutput.create(this.#published(publication), target, this.#log);
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
    for (const publication of this.#publications.values()) publication.close();
    await Promise.all(this.#slots.map(async (slot) => slot.close()));
  }

  /** @throws WebRtcUnavailableError */
  #published({ id }: Publication): BasePublication {
    const published = this.#publications.get(id);
    if (published === undefined || published.closed) throw new WebRtcUnavailableError('the publication has ended');
    return published;
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

  /** On the worker that has the fewest. @throws PublicationLimitError, WebRtcUnavailableError */
  async #publish<T extends BasePublication>(
    id: string,
    create: (worker: MediaWorker, log: Logger) => Promise<T>,
  ): Promise<T> {
    const { maxPublications } = this.#options;
    if (this.#publications.size + this.#publishing >= maxPublications) {
      throw new PublicationLimitError(
        `${this.#publications.size} publications are open, the limit is ${maxPublications}`,
      );
    }
    this.#publishing += 1;
    try {
      if (this.workersUp === 0 && !this.#closed) await this.#waitForWorker();
      // Nothing may be awaited between the choice and the count, else all who come at once go to one worker.
      const worker = this.#leastUsed();
      worker.publications += 1;
      const publication = await create(worker, this.#log.child({ publicationId: id })).catch((error: unknown) => {
        worker.publications -= 1;
        throw error;
      });
      this.#publications.set(id, publication);
      const forget = (): void => {
        this.#publications.delete(id);
        worker.publications -= 1;
      };
      publication.once('closed', forget);
      if (!publication.closed) return publication;
      forget();
      throw new WebRtcUnavailableError('the mediasoup worker died');
    } finally {
      this.#publishing -= 1;
    }
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

  async #openViewer(
    { id, source, candidates }: { id: string; source: ViewerSource; candidates: readonly string[] | undefined },
    viewersOf: (worker: MediaWorker) => number | undefined,
  ): Promise<Viewer> {
    checkCandidates(candidates);
    const { maxViewers, iceTimeoutMs } = this.#options;
    if (this.#viewers.size + this.#opening >= maxViewers) {
      throw new ViewerLimitError(`${this.#viewers.size} viewers are connected, the limit is ${maxViewers}`);
    }
    if (this.workersUp === 0 && !this.#closed) await this.#waitForWorker();
    const worker = this.#chooseWorker(viewersOf);
    this.#opening += 1;
    worker.viewers += 1;
    try {
      const viewer = await WebRtcViewer.create({
        id,
        worker,
        source,
        addresses: [...(candidates ?? []), ...this.#addresses],
        iceTimeoutMs,
        log: this.#log.child({ viewerId: id }),
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

  /** The stream's own worker until it is full, then the one with the fewest viewers. */
  #chooseWorker(viewersOf: (worker: MediaWorker) => number | undefined): MediaWorker {
    const { viewersPerWorker } = this.#options;
    const up = this.#slots.flatMap((slot) => slot.worker ?? []);
    const ofStream = up.filter((worker) => (viewersOf(worker) ?? viewersPerWorker) < viewersPerWorker);
    const [best] = (ofStream.length > 0 ? ofStream : up).toSorted((a, b) => a.viewers - b.viewers);
    if (best === undefined || this.#closed) throw new WebRtcUnavailableError('no mediasoup worker is up');
    return best;
  }

  /** A publication goes where the fewest are. */
  #leastUsed(): MediaWorker {
    const up = this.#slots.flatMap((slot) => slot.worker ?? []);
    const [best] = up.toSorted((a, b) => a.publications - b.publications || a.viewers - b.viewers);
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

/** @throws SdpError */
function checkCandidates(candidates: readonly string[] | undefined): void {
  const foreign = candidates?.find((address) => !isConnectionAddress(address));
  if (foreign !== undefined) throw new SdpError(`candidate ${JSON.stringify(foreign.slice(0, 64))} is no address`);
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
