import type { TrackClock } from '../clock/index.ts';
import type { MediaSink } from '../pipeline-types.ts';
import type { AudioCodec } from '../types.ts';
import type { Delivery } from './access-unit-emitter.ts';
import { sniffAdts } from './adts.ts';
import { FrameBuffer } from './frame-buffer.ts';
import { sniffG711 } from './g711.ts';

const MAX_AUDIO_BYTES = 65_536;
const NO_PAYLOAD = Buffer.alloc(0);

/** Collects the bytes of one audio stream into frames, one per PES or RTP packet, and finds out what they are. */
export class AudioAssembler {
  readonly #sink: MediaSink;
  readonly #clock: TrackClock;
  readonly #frame = new FrameBuffer(MAX_AUDIO_BYTES);
  readonly #stamp = { pts: -1, dts: -1, duration90k: 0 };
  #declared: { codec: AudioCodec; sampleRate: number } | undefined;
  #sniffed: { codec: AudioCodec; sampleRate: number; channels: number } | undefined;
  #codec: AudioCodec = 'unknown';
  #sampleRate = 0;
  #channels = 0;
  #tooLarge = false;
  delivery: Delivery = 'units';

  constructor(sink: MediaSink, clock: TrackClock) {
    this.#sink = sink;
    this.#clock = clock;
  }

  declare(codec: AudioCodec, sampleRate: number): void {
    if (this.#declared?.codec === codec && this.#declared.sampleRate === sampleRate) return;
    this.#declared = { codec, sampleRate };
    // What was sniffed as G.711 was a guess; ADTS is proof.
    if (this.#sniffed?.codec !== 'aac') this.#sniffed = undefined;
  }

  beginPes(pts: number): void {
    this.#frame.clear();
    this.#tooLarge = false;
    this.#stamp.pts = pts;
  }

  append(source: Buffer, start: number, end: number): void {
    if (this.#tooLarge || this.#frame.append(source, start, end)) return;
    this.#tooLarge = true;
    this.#sink.onError('audio_too_large');
  }

  endPes(nowMs: number): void {
    const { length } = this.#frame;
    if (length > 0 && !this.#tooLarge) this.#deliver(this.#frame.bytes.subarray(0, length), nowMs);
    this.#frame.clear();
  }

  discard(): void {
    this.#frame.clear();
  }

  #deliver(payload: Buffer, nowMs: number): void {
    this.#learn(payload);
    const isG711 = this.#codec === 'pcma' || this.#codec === 'pcmu';
    this.#stamp.duration90k = isG711 ? (payload.length * 90_000) / 8000 : 0;
    this.#clock.stamp(this.#stamp, nowMs);
    this.#sink.onAudioFrame({
      codec: this.#codec,
      pts90k: this.#clock.pts,
      payload: this.delivery === 'units' ? payload : NO_PAYLOAD,
    });
  }

  #learn(payload: Buffer): void {
    if (payload[0] === 0xff && this.#sniffed?.codec !== 'aac') {
      const adts = sniffAdts(payload);
      if (adts !== undefined) this.#sniffed = { codec: 'aac', sampleRate: adts.sampleRate, channels: adts.channels };
    }
    if (this.#declared === undefined) this.#sniffed ??= { codec: sniffG711(payload), sampleRate: 8000, channels: 1 };
    const found = this.#sniffed ?? this.#declared;
    if (found === undefined) return;
    const channels = this.#sniffed?.channels ?? 1;
    if (found.codec === this.#codec && found.sampleRate === this.#sampleRate && channels === this.#channels) return;
    this.#codec = found.codec;
    this.#sampleRate = found.sampleRate;
    this.#channels = channels;
    this.#sink.onAudioParameters({ codec: found.codec, sampleRate: found.sampleRate, channels });
  }
}
