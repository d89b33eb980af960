import { EventEmitter } from 'node:events';
import type { types } from 'mediasoup';
import { safeEmit, type Logger } from '../util/index.ts';
import type { OfferedFormat } from './formats.ts';
import type { MediaWorker } from './media-worker.ts';
import { settlePaused } from './pause-switch.ts';
import { publishedCodecs } from './router-cache.ts';
import type {
  MuteState,
  Publication,
  PublicationCloseReason,
  PublicationEvents,
  PublicationStats,
  PublishedTrack,
} from './types.ts';

const STATS_MAX_AGE_MS = 1000;

/** One published track and its codec. */
export interface FormattedTrack {
  readonly kind: types.MediaKind;
  readonly format: OfferedFormat;
}

export interface BasePublicationParts {
  readonly id: string;
  readonly worker: MediaWorker;
  readonly log: Logger;
}

/** Producers that belong together, and the transport that feeds them. */
export abstract class BasePublication extends EventEmitter<PublicationEvents> implements Publication {
  readonly id: string;
  readonly workerIndex: number;
  readonly router: types.Router;
  /** The formats that a player has to know. */
  readonly formats: readonly FormattedTrack[];
  protected readonly log: Logger;
  readonly #worker: MediaWorker;
  readonly #producers = new Map<types.MediaKind, types.Producer>();
  #muted: MuteState = { video: false, audio: false };
  #stats: PublicationStats = { packets: 0, bytes: 0, lost: 0, bitrateBps: 0 };
  #statsAt = 0;
  #closed = false;

  protected constructor(parts: BasePublicationParts, router: types.Router, formats: readonly FormattedTrack[]) {
    super();
    // Each router that it is played in has a relay that listens.
    this.setMaxListeners(0);
    this.id = parts.id;
    this.workerIndex = parts.worker.index;
    this.router = router;
    this.formats = formats;
    this.log = parts.log;
    this.#worker = parts.worker;
  }

  get muted(): MuteState {
    return this.#muted;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get tracks(): readonly PublishedTrack[] {
    return this.formats.map(({ kind, format }) => {
      const id = /profile-level-id=([0-9a-f]{6})/i.exec(format.fmtp ?? '')?.[1];
      return {
        kind,
        codec: format.codec,
        payloadType: format.payloadType,
        ssrc: this.ssrcOf(kind),
        ...(format.fmtp === undefined ? {} : { parameters: format.fmtp }),
        ...(format.codec !== 'h264' || id === undefined ? {} : { profileLevelId: id.toLowerCase() }),
      };
    });
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
    await Promise.all([...this.#producers].map(([kind, producer]) => settlePaused(producer, () => this.#muted[kind])));
    return this.#muted;
  }

  close(reason: PublicationCloseReason = 'closed'): void {
    if (this.#closed) return;
    this.release();
    safeEmit<PublicationEvents, 'closed'>(this, this.log, 'closed', reason);
  }

  /** 0 where it is not known yet. */
  protected abstract ssrcOf(kind: types.MediaKind): number;

  protected abstract closeTransport(): void;

  protected addProducer(kind: types.MediaKind, producer: types.Producer): void {
    this.#producers.set(kind, producer);
  }

  /** Closes without a word; idempotent. */
  protected release(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.closeTransport();
    this.#worker.routers.release(codecsOf(this.formats));
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

/** The codecs of the router that a publication is received in. */
export function codecsOf(formats: readonly FormattedTrack[]): types.RouterRtpCodecCapability[] {
  return publishedCodecs(formats.map(({ format }) => format));
}
