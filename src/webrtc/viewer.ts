import { EventEmitter } from 'node:events';
import type { types } from 'mediasoup';
import type { Ingest, PlayableAudio } from '../media/index.ts';
import { errorMessage, safeEmit, type Logger } from '../util/index.ts';
import { formatAnswer } from './answer.ts';
import { formatCandidates } from './candidates.ts';
import { WebRtcUnavailableError } from './errors.ts';
import type { FeedLease } from './feed-table.ts';
import type { MediaWorker } from './media-worker.ts';
import type { OfferedH264, ViewerOffer } from './offer.ts';
import { consumerCapabilities } from './router-cache.ts';
import type { DtlsState, IceState, Viewer, ViewerCloseReason, ViewerEvents } from './types.ts';

/** A browser that changes its network comes back within this time, or not at all. */
const ICE_DISCONNECTED_MS = 5000;
const ICE_CONSENT_TIMEOUT_SEC = 20;
const STATS_MAX_AGE_MS = 1000;

export interface ViewerParts {
  readonly id: string;
  readonly worker: MediaWorker;
  readonly ingest: Ingest;
  readonly offer: ViewerOffer;
  readonly h264: OfferedH264;
  readonly audioCodec: PlayableAudio;
  readonly addresses: readonly string[];
  readonly iceTimeoutMs: number;
  readonly log: Logger;
}

/** A WebRtcTransport and the consumers of the feed that it shows now. */
export class WebRtcViewer extends EventEmitter<ViewerEvents> implements Viewer {
  readonly id: string;
  readonly workerIndex: number;
  readonly #parts: ViewerParts;
  readonly #transport: types.WebRtcTransport;
  readonly #capabilities: types.RtpCapabilities;
  #answer = '';
  #lease: FeedLease | undefined;
  #consumers: types.Consumer[] = [];
  #binding: Promise<void> = Promise.resolve();
  #iceTimer: NodeJS.Timeout | undefined;
  #bytesSent = 0;
  #bytesSentAt = 0;
  #closed = false;

  private constructor(parts: ViewerParts, transport: types.WebRtcTransport, router: types.Router) {
    super();
    this.id = parts.id;
    this.workerIndex = parts.worker.index;
    this.#parts = parts;
    this.#transport = transport;
    this.#capabilities = consumerCapabilities(router, answeredFeedback(parts));
    this.#handleTransport();
  }

  static async create(parts: ViewerParts): Promise<WebRtcViewer> {
    const { worker, h264 } = parts;
    const router = await acquireRouter(worker, h264.payloadType);
    try {
      const transport = await router.createWebRtcTransport({
        webRtcServer: worker.server,
        enableUdp: true,
        enableTcp: true,
        preferUdp: true,
        iceConsentTimeout: ICE_CONSENT_TIMEOUT_SEC,
      });
      const viewer = new WebRtcViewer(parts, transport, router);
      await viewer.#open();
      return viewer;
    } catch (error) {
      worker.routers.release(h264.payloadType);
      if (worker.closed) throw new WebRtcUnavailableError('the mediasoup worker died', { cause: error });
      throw error;
    }
  }

  get answer(): string {
    return this.#answer;
  }

  get iceState(): IceState {
    return this.#transport.iceState;
  }

  get dtlsState(): DtlsState {
    return this.#transport.dtlsState;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get bytesSent(): number {
    if (!this.#closed && Date.now() - this.#bytesSentAt > STATS_MAX_AGE_MS) this.#refreshBytesSent();
    return this.#bytesSent;
  }

  async rebind(ingest: Ingest): Promise<void> {
    if (!this.#parts.offer.fullBundle) {
      this.close('media_lost');
      return;
    }
    this.#binding = this.#binding.then(async () => this.#bind(ingest));
    await this.#binding;
  }

  close(reason: ViewerCloseReason = 'closed'): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#iceTimer);
    this.#leave(this.#lease);
    this.#transport.close();
    this.#parts.worker.routers.release(this.#parts.h264.payloadType);
    safeEmit<ViewerEvents, 'closed'>(this, this.#parts.log, 'closed', reason);
  }

  async #open(): Promise<void> {
    const { offer, ingest, iceTimeoutMs } = this.#parts;
    try {
      const fingerprints = [...offer.fingerprints];
      await Promise.all([
        this.#transport.connect({ dtlsParameters: { role: offer.dtlsRole, fingerprints } }),
        this.#bind(ingest),
      ]);
    } catch (error) {
      this.#leave(this.#lease);
      this.#transport.close();
      this.#closed = true;
      throw error;
    }
    this.#answer = this.#formatAnswer();
    this.#closeAfter(iceTimeoutMs, 'ice_failed');
  }

  async #bind(ingest: Ingest): Promise<void> {
    const { worker, h264, audioCodec } = this.#parts;
    const lease = await worker.feeds.acquire({ ingest, payloadType: h264.payloadType, audioCodec });
    const previous = { lease: this.#lease, consumers: this.#consumers };
    const { feed } = lease;
    try {
      if (this.#closed) throw new WebRtcUnavailableError('the viewer has left');
      this.#consumers = [await this.#consume(feed.video)];
      if (feed.audio !== undefined) await this.#addAudio(feed.audio);
    } catch (error) {
      lease.release();
      throw error;
    }
    this.#lease = lease;
    feed.on('audio', this.#handleAudio);
    if (this.dtlsState === 'connected') feed.start();
    for (const consumer of previous.consumers) consumer.close();
    this.#leave(previous.lease);
    if (this.#closed) this.#leave(lease);
  }

  async #consume(producer: types.Producer): Promise<types.Consumer> {
    return this.#transport.consume({ producerId: producer.id, rtpCapabilities: this.#capabilities, paused: false });
  }

  async #addAudio(producer: types.Producer): Promise<void> {
    if (this.#parts.offer.audio === undefined) return;
    this.#consumers.push(await this.#consume(producer));
  }

  #leave(lease: FeedLease | undefined): void {
    lease?.feed.off('audio', this.#handleAudio);
    lease?.release();
  }

  readonly #handleAudio = (producer: types.Producer): void => {
    this.#addAudio(producer).catch((error: unknown) => {
      if (!this.#closed) this.#parts.log.warn({ error: errorMessage(error) }, 'late audio failed');
    });
  };

  #handleTransport(): void {
    const { log } = this.#parts;
    this.#transport.on('icestatechange', (state) => {
      safeEmit<ViewerEvents, 'iceStateChange'>(this, log, 'iceStateChange', state);
      this.#handleIce(state);
    });
    this.#transport.on('dtlsstatechange', (state) => {
      if (state === 'connected') this.#lease?.feed.start();
      safeEmit<ViewerEvents, 'dtlsStateChange'>(this, log, 'dtlsStateChange', state);
      if (state === 'failed') this.close('dtls_failed');
      if (state === 'closed') this.close('peer_closed');
    });
    this.#transport.on('routerclose', () => this.close('worker_died'));
  }

  #handleIce(state: IceState): void {
    if (state === 'connected' || state === 'completed') clearTimeout(this.#iceTimer);
    if (state === 'disconnected') this.#closeAfter(ICE_DISCONNECTED_MS, 'ice_disconnected');
  }

  #closeAfter(timeoutMs: number, reason: ViewerCloseReason): void {
    clearTimeout(this.#iceTimer);
    this.#iceTimer = setTimeout(() => this.close(reason), timeoutMs);
    this.#iceTimer.unref();
  }

  #formatAnswer(): string {
    const { offer, h264, audioCodec, addresses, worker, id } = this.#parts;
    const { iceParameters, dtlsParameters } = this.#transport;
    const fingerprint = dtlsParameters.fingerprints.find((candidate) => candidate.algorithm === 'sha-256');
    if (fingerprint === undefined) throw new TypeError('the worker has no SHA-256 fingerprint');
    const ssrcs = offer.fullBundle ? undefined : this.#ssrcs();
    return formatAnswer({
      sessionId: Date.now(),
      streamId: `gbrtc-${id}`,
      offer,
      h264,
      audioCodec,
      transport: { ...iceParameters, fingerprint, candidates: formatCandidates(addresses, worker.ports) },
      ...(ssrcs === undefined ? {} : { ssrcs }),
    });
  }

  #ssrcs(): { cname: string; video: number; audio?: number } | undefined {
    const ssrcOf = (kind: types.MediaKind): number | undefined =>
      this.#consumers.find((consumer) => consumer.kind === kind)?.rtpParameters.encodings?.[0]?.ssrc;
    const cname = this.#consumers[0]?.rtpParameters.rtcp?.cname ?? 'gbrtc';
    const [video, audio] = [ssrcOf('video'), ssrcOf('audio')];
    return video === undefined ? undefined : { cname, video, ...(audio === undefined ? {} : { audio }) };
  }

  #refreshBytesSent(): void {
    this.#bytesSentAt = Date.now();
    this.#transport.getStats().then(
      ([stats]) => {
        this.#bytesSent = stats?.bytesSent ?? this.#bytesSent;
      },
      // The transport closed meanwhile: the last value stays.
      () => undefined,
    );
  }
}

async function acquireRouter(worker: MediaWorker, payloadType: number): Promise<types.Router> {
  try {
    return await worker.routers.acquire(payloadType);
  } catch (cause) {
    throw new WebRtcUnavailableError('the mediasoup worker makes no router', { cause });
  }
}

/** What the answer tells the browser that it may send. */
function answeredFeedback({ offer, h264 }: ViewerParts): string[] {
  const lines = offer.sections[offer.video.section]?.rtcpFeedback ?? [];
  return lines
    .filter((line) => line.payload === '*' || line.payload === String(h264.payloadType))
    .map((line) => line.value);
}
