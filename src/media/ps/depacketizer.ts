import { PES_CLOCK_MODULUS, ProgramClock, RTP_CLOCK_MODULUS, TrackClock } from '../clock/index.ts';
import type { Delivery } from '../codec/access-unit-emitter.ts';
import { AudioAssembler } from '../codec/audio-assembler.ts';
import { VideoAssembler } from '../codec/video-assembler.ts';
import type { Depacketizer, MediaSink, RtpView } from '../pipeline-types.ts';
import { PsDemuxer } from './demuxer.ts';
import { EsTracks } from './es-tracks.ts';
import { TsDemuxer } from './ts-demuxer.ts';
import { AudioPayload } from '../rtp/audio-payload.ts';
import { H264Payload } from '../rtp/h264-payload.ts';
import { H265Payload } from '../rtp/h265-payload.ts';
import { formatOfEncoding, formatOfPayloadType, sniffFormat, type PayloadFormat } from '../rtp/payload-format.ts';
import { RawVideoPayload } from '../rtp/raw-video-payload.ts';

const DEFAULT_MAX_FRAME_BYTES = 4 * 1024 * 1024;
/** Payload types in use at once. */
const MAX_READERS = 8;

export interface DepacketizerOptions {
  /** Bound of one access unit; default 4 MiB. */
  readonly maxFrameBytes?: number;
  /** See `Depacketizer.setDelivery`; default `units`. */
  readonly delivery?: Delivery;
}

/** What reads the payload of one payload type. */
interface PayloadReader {
  push(view: RtpView, nowMs: number): void;
  discard(): void;
}

interface Reader {
  readonly payload: PayloadReader;
  readonly kind: PayloadFormat['kind'];
  /** The bytes proved the kind; until then another kind's proof replaces the reader. */
  proven: boolean;
}

/** So many packets that start like an elementary stream outweigh an SDP that says PS, as long as no pack came. */
const ANNEX_B_PROOFS = 2;

/** A depacketizer that tells `sink` what it finds. */
export function createDepacketizer(sink: MediaSink, options: DepacketizerOptions = {}): Depacketizer {
  return new RtpDepacketizer(sink, options);
}

class RtpDepacketizer implements Depacketizer {
  readonly #sink: MediaSink;
  readonly #program = new ProgramClock();
  readonly #video: VideoAssembler;
  readonly #videoClock: TrackClock;
  readonly #audio: AudioAssembler;
  readonly #audioClock: TrackClock;
  readonly #readers = new Map<number, Reader>();
  readonly #declared = new Map<number, PayloadFormat>();
  #lastType = -1;
  #last: Reader | undefined;
  #annexBProofs = 0;

  constructor(sink: MediaSink, options: DepacketizerOptions) {
    this.#sink = sink;
    this.#videoClock = new TrackClock(this.#program, PES_CLOCK_MODULUS);
    this.#audioClock = new TrackClock(this.#program, PES_CLOCK_MODULUS);
    this.#video = new VideoAssembler(sink, this.#videoClock, options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES);
    this.#audio = new AudioAssembler(sink, this.#audioClock);
    if (options.delivery !== undefined) this.setDelivery(options.delivery);
  }

  setPayloads(payloads: ReadonlyArray<{ readonly payloadType: number; readonly encoding: string }>): void {
    this.#declared.clear();
    for (const { payloadType, encoding } of payloads.slice(0, 32)) {
      const format = formatOfEncoding(encoding);
      if (format === undefined) continue;
      this.#declared.set(payloadType, format);
      const reader = this.#readers.get(payloadType);
      // What the bytes proved is kept; what was taken from the number alone is not.
      if (reader !== undefined && !reader.proven && reader.kind !== 'annexb') this.#forget(payloadType);
    }
  }

  setDelivery(delivery: Delivery): void {
    this.#video.setDelivery(delivery);
    this.#audio.delivery = delivery;
  }

  push(view: RtpView, nowMs: number): void {
    const reader = this.#readerFor(view);
    if (reader !== undefined) reader.payload.push(view, nowMs);
  }

  expectChange(): void {
    this.#program.held = true;
  }

  setSpeed(speed: number): void {
    this.#program.held = false;
    // The offset of before was between clocks of other speeds.
    this.#program.offset = undefined;
    this.#videoClock.changeSpeed(speed);
    this.#audioClock.changeSpeed(speed);
  }

  gap(): void {
    for (const reader of this.#readers.values()) reader.payload.discard();
  }

  tick(nowMs: number): void {
    this.#video.tick(nowMs);
  }

  #readerFor(view: RtpView): Reader | undefined {
    const { payloadType } = view;
    if (payloadType !== this.#lastType) {
      this.#lastType = payloadType;
      this.#last = this.#readers.get(payloadType);
    }
    const known = this.#last;
    if (known !== undefined && (known.proven || known.kind === 'audio')) return known;
    const sniffed = sniffFormat(view.packet, view.payloadStart, view.payloadEnd);
    if (known !== undefined && !this.#replaces(sniffed, known)) return known;
    this.#last = this.#enter(payloadType, sniffed);
    return this.#last;
  }

  #enter(payloadType: number, sniffed: PayloadFormat | undefined): Reader | undefined {
    if (
      sniffed?.kind === 'annexb' &&
      this.#declared.get(payloadType)?.kind === 'ps' &&
      !this.#readers.has(payloadType)
    ) {
      this.#annexBProofs++;
      return this.#create(payloadType, { kind: 'ps' });
    }
    const reader = this.#create(payloadType, sniffed ?? this.#assumedFormat(payloadType));
    if (reader !== undefined) reader.proven = sniffed?.kind === 'ps' || sniffed?.kind === 'ts';
    return reader;
  }

  #replaces(sniffed: PayloadFormat | undefined, known: Reader): boolean {
    if (sniffed === undefined) return false;
    if (sniffed.kind === known.kind) {
      known.proven = sniffed.kind !== 'annexb';
      return false;
    }
    if (sniffed.kind !== 'annexb') return true;
    // A packet in the middle of a program stream may start with a NAL unit's start code.
    return known.payload instanceof PsDemuxer && known.payload.packs === 0 && ++this.#annexBProofs >= ANNEX_B_PROOFS;
  }

  /** By the SDP, else by the number; GB/T 28181 puts a program stream into every dynamic type that says nothing else. */
  #assumedFormat(payloadType: number): PayloadFormat | undefined {
    return this.#declared.get(payloadType) ?? formatOfPayloadType(payloadType);
  }

  #create(payloadType: number, format: PayloadFormat | undefined): Reader | undefined {
    if (format === undefined || (this.#readers.size >= MAX_READERS && !this.#readers.has(payloadType))) {
      this.#sink.onError('payload_unknown');
      return undefined;
    }
    const reader: Reader = { payload: this.#createPayload(format), kind: format.kind, proven: false };
    this.#readers.set(payloadType, reader);
    return reader;
  }

  #forget(payloadType: number): void {
    this.#readers.delete(payloadType);
    if (this.#lastType === payloadType) this.#lastType = -1;
  }

  #createPayload(format: PayloadFormat): PayloadReader {
    switch (format.kind) {
      case 'ps':
        return new PsDemuxer(this.#sink, this.#tracks());
      case 'ts':
        return new TsDemuxer(this.#sink, this.#tracks());
      case 'annexb':
        return this.#firstPayloadTold(this.#rawVideo());
      case 'audio':
        this.#audioClock.changeSource(RTP_CLOCK_MODULUS, format.clockRate);
        this.#audio.declare(format.codec, format.clockRate);
        return this.#firstPayloadTold(new AudioPayload(this.#audio));
      case 'video':
        this.#video.declare(format.codec);
        return this.#firstPayloadTold(this.#videoPayload(format.codec));
    }
  }

  #videoPayload(codec: string): PayloadReader {
    if (codec !== 'h264' && codec !== 'h265') return this.#rawVideo();
    this.#videoClock.changeSource(RTP_CLOCK_MODULUS);
    return codec === 'h264' ? new H264Payload(this.#sink, this.#video) : new H265Payload(this.#sink, this.#video);
  }

  #rawVideo(): PayloadReader {
    this.#videoClock.changeSource(RTP_CLOCK_MODULUS);
    return new RawVideoPayload(this.#video);
  }

  #tracks(): EsTracks {
    this.#videoClock.changeSource(PES_CLOCK_MODULUS);
    this.#audioClock.changeSource(PES_CLOCK_MODULUS);
    return new EsTracks(this.#video, this.#audio);
  }

  #firstPayloadTold(payload: PayloadReader): PayloadReader {
    this.#sink.onPack();
    return payload;
  }
}
