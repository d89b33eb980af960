import { EventEmitter } from 'node:events';
import type {
  Framing,
  FramingOptions,
  MediaThreads,
  OutputPorts,
  PlayerOutput,
  PlayerOutputEvents,
  TrackKind,
} from '../media/index.ts';
import { safeEmit, type Logger } from '../util/index.ts';
import type { Publication, WebRtc } from '../webrtc/index.ts';
import { StreamError } from './errors.ts';
import { KeyFrameLimiter } from './key-frame-limiter.ts';

const LOOPBACK = '127.0.0.1';

export interface FramedParts {
  readonly publication: Publication;
  readonly webrtc: Pick<WebRtc, 'openPackets'>;
  readonly media: Pick<MediaThreads, 'openFraming'>;
  readonly log: Logger;
}

/** A publication's packets by way of a media thread: the transport that sends to it, and the framing there, as one. */
class FramedOutput extends EventEmitter<PlayerOutputEvents> implements PlayerOutput {
  readonly framing: Framing;
  readonly ports: OutputPorts;
  readonly #packets: PlayerOutput;
  readonly #limiter: KeyFrameLimiter;

  constructor(framing: Framing, packets: PlayerOutput, log: Logger) {
    super();
    this.framing = framing;
    this.ports = framing.ports;
    this.#packets = packets;
    this.#limiter = new KeyFrameLimiter(() => packets.requestKeyFrame());
    framing.on('alive', () => safeEmit<PlayerOutputEvents, 'alive'>(this, log, 'alive'));
    framing.on('keyFrameRequested', () => this.requestKeyFrame());
  }

  get ssrc(): number {
    return this.#packets.ssrc ?? 0;
  }

  setPlaying(playing: boolean): void {
    this.#packets.setPlaying(playing);
  }

  requestKeyFrame(): void {
    this.#limiter.ask();
  }

  close(): void {
    this.#limiter.close();
    this.#packets.close();
    this.framing.close();
    this.removeAllListeners();
  }
}

/** @throws FramingFailedError, ThreadDiedError, WebRtcUnavailableError, StreamError */
export async function openFramed(
  { publication, webrtc, media, log }: FramedParts,
  kinds: readonly TrackKind[],
  output: FramingOptions['output'],
): Promise<FramedOutput> {
  const tracks = publication.tracks
    .filter(({ kind }) => kinds.includes(kind))
    .map(({ kind, codec, payloadType }) => ({ kind, codec, payloadType }));
  const framing = await media.openFraming({ id: publication.id, tracks, output });
  try {
    const target = { kinds, address: LOOPBACK, localAddress: LOOPBACK, rtpPort: framing.port };
    const packets = await webrtc.openPackets(publication, target);
    if (!framing.closed) return new FramedOutput(framing, packets, log);
    // Its end was told when nobody listened.
    packets.close();
    throw new StreamError('closed', 'the media thread ended meanwhile');
  } catch (error) {
    framing.close();
    throw error;
  }
}
