import { randomInt } from 'node:crypto';
import type { types } from 'mediasoup';
import type { Logger } from '../util/index.ts';
import { BasePublication, codecsOf, type FormattedTrack } from './base-publication.ts';
import { WebRtcUnavailableError } from './errors.ts';
import { CODECS } from './formats.ts';
import type { MediaWorker } from './media-worker.ts';
import { codecParameters } from './router-cache.ts';
import type { PlainPublication } from './types.ts';

const LOOPBACK = '127.0.0.1';
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
/** The media thread merges the requests. */
const KEY_FRAME_REQUEST_DELAY_MS = 0;
const MAX_SSRC = 0xffff_ffff;

export interface PlainPublicationParts {
  readonly id: string;
  readonly worker: MediaWorker;
  readonly formats: readonly FormattedTrack[];
  readonly log: Logger;
}

/** A PlainTransport on loopback that receives from a media thread, and its producers. */
export class WebRtcPlainPublication extends BasePublication implements PlainPublication {
  readonly #transport: types.PlainTransport;
  readonly #ssrcs: Readonly<Record<types.MediaKind, number>>;

  private constructor(parts: PlainPublicationParts, router: types.Router, transport: types.PlainTransport) {
    super(parts, router, parts.formats);
    this.#transport = transport;
    const video = randomInt(1, MAX_SSRC);
    this.#ssrcs = { video, audio: (video % MAX_SSRC) + 1 };
    transport.on('routerclose', () => this.close('worker_died'));
  }

  static async create(parts: PlainPublicationParts): Promise<WebRtcPlainPublication> {
    const { worker, formats } = parts;
    const codecs = codecsOf(formats);
    let publication: WebRtcPlainPublication | undefined;
    try {
      const router = await worker.routers.acquire(codecs);
      try {
        const transport = await router.createPlainTransport({
          listenInfo: { protocol: 'udp', ip: LOOPBACK, recvBufferSize: RECEIVE_BUFFER_BYTES },
          comedia: true,
          rtcpMux: true,
        });
        publication = new WebRtcPlainPublication(parts, router, transport);
      } catch (error) {
        worker.routers.release(codecs);
        throw error;
      }
      for (const track of formats) await publication.#produce(track);
      return publication;
    } catch (error) {
      publication?.release();
      if (worker.closed) throw new WebRtcUnavailableError('the mediasoup worker died', { cause: error });
      throw error;
    }
  }

  get input(): { readonly address: string; readonly port: number } {
    return { address: LOOPBACK, port: this.#transport.tuple.localPort };
  }

  protected override ssrcOf(kind: types.MediaKind): number {
    return this.#ssrcs[kind];
  }

  protected override closeTransport(): void {
    this.#transport.close();
  }

  async #produce({ kind, format }: FormattedTrack): Promise<void> {
    const { mimeType, clockRate, channels } = CODECS[format.codec];
    const producer = await this.#transport.produce({
      kind,
      keyFrameRequestDelay: KEY_FRAME_REQUEST_DELAY_MS,
      rtpParameters: {
        codecs: [
          {
            mimeType: mimeType as `${types.MediaKind}/${string}`,
            payloadType: format.payloadType,
            clockRate,
            ...(channels === undefined ? {} : { channels }),
            parameters: codecParameters(format.codec),
            rtcpFeedback: kind === 'video' ? [{ type: 'nack', parameter: 'pli' }] : [],
          },
        ],
        encodings: [{ ssrc: this.#ssrcs[kind] }],
      },
    });
    this.addProducer(kind, producer);
  }
}
