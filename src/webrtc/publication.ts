import type { types } from 'mediasoup';
import { safeEmit, type Logger } from '../util/index.ts';
import { formatSession } from './answer.ts';
import { BasePublication, codecsOf } from './base-publication.ts';
import { WebRtcUnavailableError } from './errors.ts';
import { CODECS } from './formats.ts';
import { MediaWatch, type MediaTimeouts } from './media-watch.ts';
import type { MediaWorker } from './media-worker.ts';
import { answerTransport, createPeerTransport, PeerWatch } from './peer-transport.ts';
import { publisherFeedback, publishSections } from './publish-answer.ts';
import type { OfferedTrack, PublishOffer } from './publish-offer.ts';
import { codecParameters } from './router-cache.ts';
import type { DtlsState, IceState, PeerPublication, PublicationEvents } from './types.ts';

export interface PublicationParts {
  readonly id: string;
  readonly worker: MediaWorker;
  readonly offer: PublishOffer;
  readonly maxBitrateBps: number | undefined;
  readonly addresses: readonly string[];
  readonly iceTimeoutMs: number;
  readonly mediaTimeouts: MediaTimeouts;
  readonly log: Logger;
}

/** A WebRtcTransport that receives, and its producers. */
export class WebRtcPublication extends BasePublication implements PeerPublication {
  readonly #parts: PublicationParts;
  readonly #transport: types.WebRtcTransport;
  readonly #watch: PeerWatch;
  readonly #mediaWatch: MediaWatch;
  #answer = '';

  private constructor(parts: PublicationParts, router: types.Router, transport: types.WebRtcTransport) {
    super(parts, router, parts.offer.tracks);
    this.#parts = parts;
    this.#transport = transport;
    const { log, mediaTimeouts: timeouts } = parts;
    this.#mediaWatch = new MediaWatch({
      transport,
      timeouts,
      muted: () => this.formats.every(({ kind }) => this.muted[kind]),
      onLost: (reason) => this.close(reason),
    });
    this.#watch = new PeerWatch(transport, {
      onIce: (state) => safeEmit<PublicationEvents, 'iceStateChange'>(this, log, 'iceStateChange', state),
      onDtls: (state) => {
        if (state === 'connected') this.#mediaWatch.start();
        safeEmit<PublicationEvents, 'dtlsStateChange'>(this, log, 'dtlsStateChange', state);
      },
      onLost: (reason) => this.close(reason),
    });
  }

  static async create(parts: PublicationParts): Promise<WebRtcPublication> {
    const { worker } = parts;
    try {
      const { router, transport } = await createPeerTransport(worker, codecsOf(parts.offer.tracks));
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

  protected override ssrcOf(kind: types.MediaKind): number {
    return this.#parts.offer.tracks.find((track) => track.kind === kind)?.encodings[0]?.ssrc ?? 0;
  }

  protected override closeTransport(): void {
    this.#watch.stop();
    this.#mediaWatch.stop();
    this.#transport.close();
  }

  async #open(): Promise<void> {
    const { offer, maxBitrateBps, worker, addresses, iceTimeoutMs } = this.#parts;
    try {
      const fingerprints = [...offer.fingerprints];
      await this.#transport.connect({ dtlsParameters: { role: offer.dtlsRole, fingerprints } });
      if (maxBitrateBps !== undefined) await this.#transport.setMaxIncomingBitrate(maxBitrateBps);
      for (const track of offer.tracks) this.addProducer(track.kind, await this.#produce(track));
      this.#answer = formatSession({
        sessionId: Date.now(),
        offer,
        transport: answerTransport(this.#transport, worker, addresses),
        accepted: publishSections(offer, maxBitrateBps),
      });
    } catch (error) {
      this.release();
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
}
