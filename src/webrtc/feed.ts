import { EventEmitter } from 'node:events';
import type { types } from 'mediasoup';
import type { Ingest, IngestOutput, PlayableAudio, Track } from '../media/index.ts';
import { errorMessage, safeEmit, type Logger } from '../util/index.ts';
import { G711_PAYLOAD_TYPE } from './answer.ts';
import { INTERNAL_H264 } from './router-cache.ts';

const LOOPBACK = '127.0.0.1';
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

/** The key frame request manager of the worker would hold a second viewer's request back; the media thread merges them. */
const KEY_FRAME_REQUEST_DELAY_MS = 0;

export interface FeedOptions {
  readonly router: types.Router;
  readonly ingest: Ingest;
  readonly audioCodec: PlayableAudio;
  readonly log: Logger;
}

export type FeedEvents = {
  /** The camera has a playable audio track now. */
  audio: [producer: types.Producer];
};

/** One ingest's RTP in one router: a loopback PlainTransport and its producers, shared by the router's viewers. */
export class Feed extends EventEmitter<FeedEvents> {
  readonly ingest: Ingest;
  readonly video: types.Producer;
  readonly #transport: types.PlainTransport;
  readonly #audioCodec: PlayableAudio;
  readonly #log: Logger;
  #audio: types.Producer | undefined;
  #output: IngestOutput | undefined;
  #audioPending = false;
  #closed = false;

  private constructor(options: FeedOptions, transport: types.PlainTransport, video: types.Producer) {
    super();
    this.setMaxListeners(0);
    this.ingest = options.ingest;
    this.video = video;
    this.#transport = transport;
    this.#audioCodec = options.audioCodec;
    this.#log = options.log;
    this.ingest.on('track', this.#handleTrack);
    transport.on('routerclose', () => this.close());
  }

  static async create(options: FeedOptions): Promise<Feed> {
    const { ingest, router } = options;
    const track = ingest.video;
    if (track === undefined) throw new TypeError(`ingest ${ingest.id} has no video track`);
    const transport = await router.createPlainTransport({
      listenInfo: { protocol: 'udp', ip: LOOPBACK, recvBufferSize: RECEIVE_BUFFER_BYTES },
      comedia: true,
      rtcpMux: true,
    });
    try {
      const video = await transport.produce({
        kind: 'video',
        keyFrameRequestDelay: KEY_FRAME_REQUEST_DELAY_MS,
        rtpParameters: {
          codecs: [
            {
              mimeType: 'video/H264',
              payloadType: track.payloadType,
              clockRate: 90_000,
              parameters: { ...INTERNAL_H264 },
              rtcpFeedback: [{ type: 'nack', parameter: 'pli' }],
            },
          ],
          encodings: [{ ssrc: track.ssrc }],
        },
      });
      const feed = new Feed(options, transport, video);
      await feed.#addAudio();
      return feed;
    } catch (error) {
      transport.close();
      throw error;
    }
  }

  get audio(): types.Producer | undefined {
    return this.#audio;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Lets the packets flow; called when a viewer is connected, so that it sees the first key frame. */
  start(): void {
    if (this.#output !== undefined || this.#closed || this.ingest.closed) return;
    this.#output = this.ingest.addOutput({
      address: LOOPBACK,
      port: this.#transport.tuple.localPort,
      audioCodec: this.#audioCodec,
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.ingest.off('track', this.#handleTrack);
    this.#output?.close();
    this.#transport.close();
    this.removeAllListeners();
  }

  readonly #handleTrack = (track: Track): void => {
    if (track.kind !== 'audio') return;
    this.#addAudio().catch((error: unknown) => {
      if (!this.#closed) this.#log.warn({ error: errorMessage(error) }, 'audio producer failed');
    });
  };

  async #addAudio(): Promise<void> {
    const track = this.ingest.audio;
    if (track?.playable !== true || this.#audioPending || this.#closed) return;
    this.#audioPending = true;
    try {
      this.#audio = await this.#transport.produce({
        kind: 'audio',
        rtpParameters: {
          codecs: [
            {
              mimeType: this.#audioCodec === 'pcma' ? 'audio/PCMA' : 'audio/PCMU',
              payloadType: G711_PAYLOAD_TYPE[this.#audioCodec],
              clockRate: 8000,
              channels: 1,
            },
          ],
          encodings: [{ ssrc: track.ssrc }],
        },
      });
    } catch (error) {
      this.#audioPending = false;
      throw error;
    }
    safeEmit<FeedEvents, 'audio'>(this, this.#log, 'audio', this.#audio);
  }
}
