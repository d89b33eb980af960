import type { DeviceStamp, TrackClock } from '../clock/index.ts';
import type { MediaSink } from '../pipeline-types.ts';
import type { VideoCodec } from '../types.ts';
import type { FrameBuffer } from './frame-buffer.ts';
import { H264_NAL, h264NalType, parseH264SliceHeader } from './h264-nalu.ts';
import type { NalIndex } from './nal-index.ts';
import { ParameterSets } from './parameter-sets.ts';
import { videoSyntax, type VideoSyntax } from './video-syntax.ts';

/** What the owner of a stream wants to get: whole access units, or only that they exist. */
export type Delivery = 'parameters' | 'units';

/** Counted with `onError` for each video unit that is not delivered. */
export const FRAME_DROPPED = 'frame_dropped';
/** So many units without a known codec before the track is reported as `unknown`. */
const UNKNOWN_AFTER_UNITS = 50;
/** While units are discarded a key frame is asked for this often. */
const ASK_AGAIN_MS = 1000;
const NO_NALUS: readonly Buffer[] = [];
const SLICE_I = 2;

/** A finished frame and what is known of it. */
export interface FinishedFrame {
  readonly frame: FrameBuffer;
  readonly nals: NalIndex;
  readonly stamp: DeviceStamp;
  /** A system header came with it, which only key frames have (GB/T 28181-2022 annex C). */
  readonly systemHeader: boolean;
}

/** Turns a finished frame into access units: codec, parameters, key frame, gating on key frames, time. */
export class AccessUnitEmitter {
  readonly #sink: MediaSink;
  readonly #clock: TrackClock;
  readonly #sets = new ParameterSets();
  #declared: VideoCodec = 'unknown';
  #reported: VideoCodec | undefined;
  #unknownUnits = 0;
  #awaitingKeyFrame = true;
  #nowMs = 0;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #nalus: Buffer[] = [];
  #hasPicture = false;
  #hasSps = false;
  #randomAccess = false;
  delivery: Delivery = 'units';

  constructor(sink: MediaSink, clock: TrackClock) {
    this.#sink = sink;
    this.#clock = clock;
  }

  /** MPEG-4 and SVAC are believed as declared; between H.264 and H.265 only parameter sets decide. */
  get codec(): VideoCodec {
    if (this.#declared === 'svac' || this.#declared === 'mpeg4') return this.#declared;
    return this.#sets.parameters?.codec ?? this.#declared;
  }

  declare(codec: VideoCodec): void {
    this.#declared = codec;
  }

  /** Units are discarded until the next key frame (quirks P4). */
  awaitKeyFrame(): void {
    if (this.#awaitingKeyFrame) return;
    this.#awaitingKeyFrame = true;
    this.#askKeyFrame();
  }

  #askKeyFrame(): void {
    this.#askedAtMs = this.#nowMs;
    this.#sink.onKeyFrameNeeded?.();
  }

  /** Delivers what is in the frame: one unit, or several when a PES held several pictures. */
  emit(finished: FinishedFrame, nowMs: number): void {
    this.#nowMs = nowMs;
    const codec = this.#learn(finished);
    if (codec === 'h264' || codec === 'h265') {
      this.#emitNalUnits(finished, videoSyntax(codec), nowMs);
      return;
    }
    const { frame, nals, stamp } = finished;
    this.#randomAccess = codec === 'mpeg4' ? hasRandomAccess(frame, nals) : finished.systemHeader;
    if (codec === 'unknown') {
      this.#drop(stamp, nowMs);
      return;
    }
    if (this.delivery === 'units') this.#nalus.push(frame.bytes.subarray(0, frame.length));
    this.#deliver(codec, stamp, nowMs);
  }

  #emitNalUnits({ frame, nals, stamp }: FinishedFrame, syntax: VideoSyntax, nowMs: number): void {
    for (let index = 0; index < nals.count; index++) {
      const start = nals.start(index);
      const end = nals.end(index, frame);
      if (end <= start || syntax.isForeign(frame.bytes, start)) continue;
      if (this.#hasPicture && syntax.startsUnit(frame.bytes, start)) this.#deliver(this.codec, stamp, nowMs);
      this.#take(frame, start, end, syntax);
    }
    if (this.#hasPicture) this.#deliver(this.codec, stamp, nowMs);
    else this.#clear();
  }

  #take(frame: FrameBuffer, start: number, end: number, syntax: VideoSyntax): void {
    const { bytes } = frame;
    if (syntax.isPicture(bytes, start)) {
      if (!this.#hasPicture) this.#randomAccess = this.#isRandomAccess(bytes, start, end, syntax);
      this.#hasPicture = true;
    } else if (this.codec === 'h264' && h264NalType(bytes[start]!) === H264_NAL.sps) {
      this.#hasSps = true;
    }
    if (this.delivery === 'units') this.#nalus.push(bytes.subarray(start, end));
  }

  /** An I-slice behind an SPS is where a stream without IDR (gradual refresh) can be entered. */
  #isRandomAccess(bytes: Buffer, start: number, end: number, syntax: VideoSyntax): boolean {
    if (syntax.isRandomAccess(bytes, start)) return true;
    return (
      this.#hasSps && parseH264SliceHeader(bytes.subarray(start, Math.min(end, start + 24)))?.sliceType === SLICE_I
    );
  }

  #deliver(codec: VideoCodec, stamp: DeviceStamp, nowMs: number): void {
    const keyFrame = this.#randomAccess;
    if (this.#awaitingKeyFrame && !keyFrame) {
      this.#drop(stamp, nowMs);
      return;
    }
    this.#awaitingKeyFrame = false;
    if (keyFrame && codec === 'h264' && !this.#hasSps && this.delivery === 'units') {
      this.#nalus.unshift(...this.#sets.h264Sets);
    }
    this.#clock.stamp(stamp, nowMs);
    const nalus = this.#nalus.length === 0 ? NO_NALUS : this.#nalus;
    this.#clear();
    this.#sink.onAccessUnit({ codec, pts90k: this.#clock.pts, dts90k: this.#clock.dts, keyFrame, nalus });
  }

  #drop(stamp: DeviceStamp, nowMs: number): void {
    this.#clock.stamp(stamp, nowMs);
    this.#clear();
    this.#sink.onError(FRAME_DROPPED);
    if (this.#awaitingKeyFrame && nowMs - this.#askedAtMs >= ASK_AGAIN_MS) this.#askKeyFrame();
  }

  #clear(): void {
    if (this.#nalus.length > 0) this.#nalus = [];
    this.#hasPicture = false;
    this.#hasSps = false;
    this.#randomAccess = false;
  }

  /** Reads the parameter sets and tells what is new; returns the codec. */
  #learn({ frame, nals }: FinishedFrame): VideoCodec {
    let changed = false;
    if (this.#declared !== 'svac' && this.#declared !== 'mpeg4') {
      this.#sets.beginUnit();
      for (let index = 0; index < nals.count; index++) {
        const start = nals.start(index);
        const end = nals.end(index, frame);
        if (end - start >= 4 && this.#sets.note(frame.bytes, start, end)) changed = true;
      }
    }
    const { codec } = this;
    if (changed || (codec !== this.#reported && this.#isReportable(codec))) {
      this.#reported = codec;
      this.#sink.onVideoParameters((changed ? this.#sets.described : undefined) ?? { codec });
    }
    return codec;
  }

  /** H.264 and H.265 are told with their parameter sets. */
  #isReportable(codec: VideoCodec): boolean {
    if (codec === 'h264' || codec === 'h265') return false;
    return codec !== 'unknown' || ++this.#unknownUnits === UNKNOWN_AFTER_UNITS;
  }
}

function hasRandomAccess(frame: FrameBuffer, nals: NalIndex): boolean {
  const syntax = videoSyntax('mpeg4');
  for (let index = 0; index < nals.count; index++) {
    if (syntax.isRandomAccess(frame.bytes, nals.start(index))) return true;
  }
  return false;
}
