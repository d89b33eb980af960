import { EventEmitter } from 'node:events';
import type { types } from 'mediasoup';
import type { Ingest } from '../media/index.ts';
import { errorMessage, safeEmit, type Logger } from '../util/index.ts';
import { formatSession, type AnswerSsrcs } from './answer.ts';
import { WebRtcUnavailableError } from './errors.ts';
import type { MediaWorker } from './media-worker.ts';
import { settlePaused } from './pause-switch.ts';
import { answerTransport, createPeerTransport, PeerWatch } from './peer-transport.ts';
import { consumerCapabilities } from './router-cache.ts';
import type { DtlsState, IceState, MuteState, Viewer, ViewerCloseReason, ViewerEvents } from './types.ts';
import type { ProducerLease, ViewerSource } from './viewer-source.ts';

const STATS_MAX_AGE_MS = 1000;

export interface ViewerParts {
  readonly id: string;
  readonly worker: MediaWorker;
  readonly source: ViewerSource;
  readonly addresses: readonly string[];
  readonly iceTimeoutMs: number;
  readonly log: Logger;
}

/** A WebRtcTransport and the consumers of what it shows now. */
export class WebRtcViewer extends EventEmitter<ViewerEvents> implements Viewer {
  readonly id: string;
  readonly workerIndex: number;
  readonly #parts: ViewerParts;
  readonly #transport: types.WebRtcTransport;
  readonly #watch: PeerWatch;
  readonly #capabilities: types.RtpCapabilities;
  #answer = '';
  #lease: ProducerLease | undefined;
  #leaveAudio: (() => void) | undefined;
  #consumers: types.Consumer[] = [];
  #binding: Promise<void> = Promise.resolve();
  #muted: MuteState = { video: false, audio: false };
  #bytesSent = 0;
  #bytesSentAt = 0;
  #closed = false;

  private constructor(parts: ViewerParts, router: types.Router, transport: types.WebRtcTransport) {
    super();
    this.id = parts.id;
    this.workerIndex = parts.worker.index;
    this.#parts = parts;
    this.#transport = transport;
    this.#capabilities = consumerCapabilities(router, parts.source.feedback);
    const { log } = parts;
    this.#watch = new PeerWatch(transport, {
      onIce: (state) => safeEmit<ViewerEvents, 'iceStateChange'>(this, log, 'iceStateChange', state),
      onDtls: (state) => {
        if (state === 'connected') this.#lease?.start();
        safeEmit<ViewerEvents, 'dtlsStateChange'>(this, log, 'dtlsStateChange', state);
      },
      onLost: (reason) => this.close(reason),
    });
  }

  static async create(parts: ViewerParts): Promise<WebRtcViewer> {
    const { worker, source } = parts;
    try {
      const { router, transport } = await createPeerTransport(worker, source.codecs);
      const viewer = new WebRtcViewer(parts, router, transport);
      await viewer.#open();
      return viewer;
    } catch (error) {
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

  get muted(): MuteState {
    return this.#muted;
  }

  get bytesSent(): number {
    if (!this.#closed && Date.now() - this.#bytesSentAt > STATS_MAX_AGE_MS) this.#refreshBytesSent();
    return this.#bytesSent;
  }

  async rebind(ingest: Ingest): Promise<void> {
    const { source } = this.#parts;
    if (!source.offer.fullBundle || source.rebind === undefined) {
      this.close('media_lost');
      return;
    }
    const shown = source.rebind(ingest);
    this.#binding = this.#binding.then(async () => this.#bind(shown));
    await this.#binding;
  }

  async setMuted(change: Partial<MuteState>): Promise<MuteState> {
    this.#muted = { ...this.#muted, ...change };
    await Promise.all(this.#consumers.map(async (consumer) => this.#applyMute(consumer)));
    return this.#muted;
  }

  close(reason: ViewerCloseReason = 'closed'): void {
    if (this.#closed) return;
    this.#release();
    safeEmit<ViewerEvents, 'closed'>(this, this.#parts.log, 'closed', reason);
  }

  #release(): void {
    this.#closed = true;
    this.#watch.stop();
    this.#leave();
    this.#transport.close();
    this.#parts.worker.routers.release(this.#parts.source.codecs);
  }

  async #open(): Promise<void> {
    const { source, iceTimeoutMs } = this.#parts;
    try {
      const fingerprints = [...source.offer.fingerprints];
      await Promise.all([
        this.#transport.connect({ dtlsParameters: { role: source.offer.dtlsRole, fingerprints } }),
        this.#bind(source),
      ]);
      this.#answer = this.#formatAnswer();
    } catch (error) {
      if (!this.#closed) this.#release();
      throw error;
    }
    this.#watch.expectWithin(iceTimeoutMs, 'ice_failed');
  }

  async #bind(source: ViewerSource): Promise<void> {
    const lease = await source.open(this.#parts.worker);
    const previous = this.#consumers;
    try {
      if (this.#closed) throw new WebRtcUnavailableError('the viewer has left');
      this.#consumers = [];
      if (lease.video !== undefined) await this.#consume(lease.video);
      if (lease.audio !== undefined && source.audio) await this.#consume(lease.audio);
    } catch (error) {
      lease.release();
      throw error;
    }
    this.#leave();
    this.#lease = lease;
    this.#leaveAudio = lease.onAudio(this.#handleAudio);
    if (this.dtlsState === 'connected') lease.start();
    for (const consumer of previous) consumer.close();
    if (this.#closed) this.#leave();
  }

  async #consume(producer: types.Producer): Promise<void> {
    const consumer = await this.#transport.consume({
      producerId: producer.id,
      rtpCapabilities: this.#capabilities,
      paused: this.#muted[producer.kind],
    });
    this.#consumers.push(consumer);
    // Muted or not while the worker made it.
    await this.#applyMute(consumer);
  }

  async #applyMute(consumer: types.Consumer): Promise<void> {
    await settlePaused(consumer, () => this.#muted[consumer.kind]);
  }

  #leave(): void {
    this.#leaveAudio?.();
    this.#leaveAudio = undefined;
    this.#lease?.release();
    this.#lease = undefined;
  }

  readonly #handleAudio = (producer: types.Producer): void => {
    if (!this.#parts.source.audio) return;
    this.#consume(producer).catch((error: unknown) => {
      if (!this.#closed) this.#parts.log.warn({ error: errorMessage(error) }, 'late audio failed');
    });
  };

  #formatAnswer(): string {
    const { source, addresses, worker, id } = this.#parts;
    const { offer } = source;
    return formatSession({
      sessionId: Date.now(),
      offer,
      transport: answerTransport(this.#transport, worker, addresses),
      accepted: source.sections(`gbrtc-${id}`, offer.fullBundle ? undefined : this.#ssrcs()),
    });
  }

  #ssrcs(): AnswerSsrcs {
    const ssrcOf = (kind: types.MediaKind): number | undefined =>
      this.#consumers.find((consumer) => consumer.kind === kind)?.rtpParameters.encodings?.[0]?.ssrc;
    const cname = this.#consumers[0]?.rtpParameters.rtcp?.cname ?? 'gbrtc';
    const [video, audio] = [ssrcOf('video'), ssrcOf('audio')];
    return { cname, ...(video === undefined ? {} : { video }), ...(audio === undefined ? {} : { audio }) };
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
