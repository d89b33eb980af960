import { EventEmitter } from 'node:events';
import type { types } from 'mediasoup';
import { safeEmit, type Logger } from '../util/index.ts';
import { formatSession } from './answer.ts';
import { WebRtcUnavailableError } from './errors.ts';
import { CODECS, type OfferedFormat } from './formats.ts';
import type { MediaWorker } from './media-worker.ts';
import { answerTransport, createPeerTransport, PeerWatch } from './peer-transport.ts';
import { publisherFeedback, publishSections } from './publish-answer.ts';
import type { OfferedTrack, PublishOffer } from './publish-offer.ts';
import { codecParameters, publishedCodecs } from './router-cache.ts';
import type {
  DtlsState,
  IceState,
  MuteState,
  Publication,
  PublicationCloseReason,
  PublicationEvents,
  PublicationStats,
  PublishedTrack,
} from './types.ts';

const STATS_MAX_AGE_MS = 1000;

export interface PublicationParts {
  readonly id: string;
  readonly worker: MediaWorker;
  readonly offer: PublishOffer;
  readonly maxBitrateBps: number | undefined;
  readonly addresses: readonly string[];
  readonly iceTimeoutMs: number;
  readonly log: Logger;
}

/** A WebRtcTransport that receives, and its producers. */
export class WebRtcPublication extends EventEmitter<PublicationEvents> implements Publication {
  readonly id: string;
  readonly workerIndex: number;
  readonly router: types.Router;
  readonly #parts: PublicationParts;
  readonly #codecs: readonly types.RouterRtpCodecCapability[];
  readonly #transport: types.WebRtcTransport;
  readonly #watch: PeerWatch;
  readonly #producers = new Map<types.MediaKind, types.Producer>();
  #answer = '';
  #muted: MuteState = { video: false, audio: false };
  #stats: PublicationStats = { packets: 0, bytes: 0, lost: 0, bitrateBps: 0 };
  #statsAt = 0;
  #closed = false;

  private constructor(parts: PublicationParts, router: types.Router, transport: types.WebRtcTransport) {
    super();
    // Each router that it is played in has a relay that listens.
    this.setMaxListeners(0);
    this.id = parts.id;
    this.workerIndex = parts.worker.index;
    this.router = router;
    this.#parts = parts;
    this.#codecs = codecsOf(parts.offer);
    this.#transport = transport;
    const { log } = parts;
    this.#watch = new PeerWatch(transport, {
      onIce: (state) => safeEmit<PublicationEvents, 'iceStateChange'>(this, log, 'iceStateChange', state),
      onDtls: (state) => safeEmit<PublicationEvents, 'dtlsStateChange'>(this, log, 'dtlsStateChange', state),
      onLost: (reason) => this.close(reason),
    });
  }

  static async create(parts: PublicationParts): Promise<WebRtcPublication> {
    const { worker } = parts;
    try {
      const { router, transport } = await createPeerTransport(worker, codecsOf(parts.offer));
      const publication = new WebRtcPublication(parts, router, transport);
      await publication.#open();
      return publication;
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

  get muted(): MuteState {
    return this.#muted;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get tracks(): readonly PublishedTrack[] {
    return this.#parts.offer.tracks.map(({ kind, format, encodings }) => {
      const id = /profile-level-id=([0-9a-f]{6})/i.exec(format.fmtp ?? '')?.[1];
      return {
        kind,
        codec: format.codec,
        payloadType: format.payloadType,
        ssrc: encodings[0]?.ssrc ?? 0,
        ...(format.fmtp === undefined ? {} : { parameters: format.fmtp }),
        ...(format.codec !== 'h264' || id === undefined ? {} : { profileLevelId: id.toLowerCase() }),
      };
    });
  }

  /** The formats that a player has to know. */
  get formats(): ReadonlyArray<{ readonly kind: 'video' | 'audio'; readonly format: OfferedFormat }> {
    return this.#parts.offer.tracks;
  }

  get stats(): PublicationStats {
    if (!this.#closed && Date.now() - this.#statsAt > STATS_MAX_AGE_MS) this.#refreshStats();
    return this.#stats;
  }

  producer(kind: types.MediaKind): types.Producer | undefined {
    return this.#producers.get(kind);
  }

  async setMuted(change: Partial<MuteState>): Promise<MuteState> {
    this.#muted = { ...this.#muted, ...change };
    const changes = [...this.#producers].map(async ([kind, producer]) => {
      if (producer.closed || producer.paused === this.#muted[kind]) return;
      await (this.#muted[kind] ? producer.pause() : producer.resume());
    });
    await Promise.all(changes);
    return this.#muted;
  }

  close(reason: PublicationCloseReason = 'closed'): void {
    if (this.#closed) return;
    this.#release();
    safeEmit<PublicationEvents, 'closed'>(this, this.#parts.log, 'closed', reason);
  }

  #release(): void {
    this.#closed = true;
    this.#watch.stop();
    this.#transport.close();
    this.#parts.worker.routers.release(this.#codecs);
  }

  async #open(): Promise<void> {
    const { offer, maxBitrateBps, worker, addresses, iceTimeoutMs } = this.#parts;
    try {
      const fingerprints = [...offer.fingerprints];
      await this.#transport.connect({ dtlsParameters: { role: offer.dtlsRole, fingerprints } });
      if (maxBitrateBps !== undefined) await this.#transport.setMaxIncomingBitrate(maxBitrateBps);
      for (const track of offer.tracks) this.#producers.set(track.kind, await this.#produce(track));
      this.#answer = formatSession({
        sessionId: Date.now(),
        offer,
        transport: answerTransport(this.#transport, worker, addresses),
        accepted: publishSections(offer, maxBitrateBps),
      });
    } catch (error) {
      if (!this.#closed) this.#release();
      throw error;
    }
    this.#watch.expectWithin(iceTimeoutMs, 'ice_failed');
  }

  async #produce(track: OfferedTrack): Promise<types.Producer> {
    const { kind, format, mid } = track;
    const { mimeType, clockRate, channels } = CODECS[format.codec];
    const rtcpFeedback = publisherFeedback(this.#parts.offer, track).map((value) => {
      const [type = '', parameter = ''] = value.split(' ');
      return { type, parameter };
    });
    const rtx = { mimeType: `${kind}/rtx`, clockRate: 90_000, parameters: { apt: format.payloadType } } as const;
    return this.#transport.produce({
      kind,
      rtpParameters: {
        ...(mid === undefined ? {} : { mid }),
        codecs: [
          {
            mimeType: mimeType as `${types.MediaKind}/${string}`,
            payloadType: format.payloadType,
            clockRate,
            ...(channels === undefined ? {} : { channels }),
            parameters: codecParameters(format.codec),
            rtcpFeedback,
          },
          ...(format.rtx === undefined ? [] : [{ ...rtx, payloadType: format.rtx }]),
        ],
        headerExtensions: track.extensions.map(({ id, uri }) => ({
          id,
          uri: uri as types.RtpHeaderExtensionUri,
          encrypt: false,
          parameters: {},
        })),
        encodings: track.encodings.map(({ ssrc, rid, rtxSsrc }) => ({
          ...(ssrc === undefined ? {} : { ssrc }),
          ...(rid === undefined ? {} : { rid }),
          ...(rtxSsrc === undefined ? {} : { rtx: { ssrc: rtxSsrc } }),
        })),
        rtcp: { reducedSize: this.#parts.offer.sections[track.section]?.rtcpRsize === true },
      },
    });
  }

  #refreshStats(): void {
    this.#statsAt = Date.now();
    const asked = [...this.#producers.values()].map(async (producer) => producer.getStats());
    Promise.all(asked).then(
      (answers) => {
        const all = answers.flat();
        const sum = (pick: (entry: types.ProducerStat) => number): number =>
          all.reduce((total, entry) => total + pick(entry), 0);
        this.#stats = {
          packets: sum(({ packetCount }) => packetCount),
          bytes: sum(({ byteCount }) => byteCount),
          lost: sum(({ packetsLost }) => Math.max(0, packetsLost)),
          bitrateBps: sum(({ bitrate }) => bitrate),
        };
      },
      // The transport closed meanwhile: the last values stay.
      () => undefined,
    );
  }
}

function codecsOf(offer: PublishOffer): types.RouterRtpCodecCapability[] {
  return publishedCodecs(offer.tracks.map(({ format }) => format));
}
