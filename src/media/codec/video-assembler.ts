import type { TrackClock } from '../clock/index.ts';
import { PES_CLOCK_MODULUS, RTP_CLOCK_MODULUS } from '../clock/index.ts';
import type { MediaSink } from '../pipeline-types.ts';
import type { VideoCodec } from '../types.ts';
import { AccessUnitEmitter, FRAME_DROPPED, type Delivery } from './access-unit-emitter.ts';
import { FrameBuffer } from './frame-buffer.ts';
import { NalIndex } from './nal-index.ts';
import { tellH264FromH265, videoSyntax, type VideoSyntax } from './video-syntax.ts';

/** Of each PES, while nobody wants whole units: enough for parameter sets, SEI and the first slice's header. */
const PEEK_BYTES = 1024;
const PEEK_UNIT_BYTES = 16 * 1024;
/** A PES of this size is one piece of a larger frame, so that a marker at its end proves nothing. */
const FULL_PES_BYTES = 60_000;
/** Start code, NAL header and the bit that says first_mb_in_slice == 0. */
const BOUNDARY_PROOF_BYTES = 8;
const MIN_FLUSH_MS = 80;
const UNITS_WITHOUT_PTS = 2;
/** So many units in a row with the marker right at their end make a sender's marker trusted again. */
const GOOD_MARKERS = 100;

/**
 * Collects the bytes of one video stream into frames and finds where an access unit ends: new PTS, new pack with a new RTP
 * timestamp, a NAL unit that starts one, or at once at the RTP marker as long as the sender's marker proves true.
 */
export class VideoAssembler {
  readonly #sink: MediaSink;
  readonly #clock: TrackClock;
  readonly #emitter: AccessUnitEmitter;
  readonly #frame: FrameBuffer;
  readonly #nals = new NalIndex();
  readonly #stamp = { pts: -1, dts: -1, duration90k: 0 };
  #rtpTimestamp = 0;
  #unitRtpTimestamp = 0;
  #nowMs = 0;
  #lastDataMs = 0;
  /** How far `#hasPicture` has looked. */
  #checkedNals = 0;
  #picture = false;
  #pesStart = 0;
  #pesBytes = 0;
  #open = false;
  #bounded = false;
  /** Where the PES starts of which it is open whether it starts a unit; −1 = none. */
  #undecidedAt = -1;
  #pesPts = -1;
  #pesDts = -1;
  #markers = 0;
  #dataInPacket = false;
  #markerTrusted = true;
  /** The last thing that came was a marker where a unit may end. */
  #markerWasLast = false;
  #goodMarkers = 0;
  /** The last unit was finished early, by marker or time, with this PTS; more data of it would be a surprise. */
  #finishedEarly: 'marker' | 'tick' | undefined;
  #finishedPts = -1;
  #broken = false;
  #systemHeader = false;
  #unitsWithoutPts = UNITS_WITHOUT_PTS;
  #usesRtpClock = false;

  constructor(sink: MediaSink, clock: TrackClock, maxFrameBytes: number) {
    this.#sink = sink;
    this.#clock = clock;
    this.#emitter = new AccessUnitEmitter(sink, clock);
    this.#frame = new FrameBuffer(maxFrameBytes);
  }

  declare(codec: VideoCodec): void {
    this.#emitter.declare(codec);
  }

  setDelivery(delivery: Delivery): void {
    if (this.#emitter.delivery === delivery) return;
    this.#emitter.delivery = delivery;
    if (delivery === 'parameters') return;
    // Only the start of the unit in progress was kept.
    if (this.#frame.length > 0) this.#broken = true;
    this.#emitter.awaitKeyFrame();
  }

  enterPacket(rtpTimestamp: number, nowMs: number): void {
    this.#rtpTimestamp = rtpTimestamp;
    this.#nowMs = nowMs;
    this.#dataInPacket = false;
  }

  /** A pack header: the frame is over when the packet's RTP timestamp is a new one too. */
  packHeader(): void {
    if (this.#frame.length === 0 || this.#rtpTimestamp === this.#unitRtpTimestamp) return;
    if (this.#hasPicture()) this.#finish();
  }

  systemHeader(): void {
    this.#systemHeader = true;
  }

  /** A PES, or a piece of an elementary stream, with its stamps or −1. `bounded` = its end will be known. */
  beginPes(pts: number, dts: number, bounded: boolean): void {
    this.#open = true;
    this.#bounded = bounded;
    this.#pesBytes = 0;
    this.#pesPts = pts;
    this.#pesDts = dts;
    this.#decideByStamp(pts);
    this.#pesStart = this.#frame.length;
  }

  #decideByStamp(pts: number): void {
    if (this.#frame.length === 0) {
      const surprising = this.#finishedEarly !== undefined && (pts < 0 || pts === this.#finishedPts);
      this.#undecidedAt = surprising ? 0 : -1;
      if (!surprising) this.#finishedEarly = undefined;
      this.#startUnit();
      return;
    }
    const isNew = pts >= 0 && pts !== this.#stamp.pts;
    if (isNew && this.#stamp.pts >= 0 && this.#hasPicture()) {
      this.#finish();
      this.#startUnit();
      return;
    }
    // Parameter sets that came with a PTS of their own belong to the picture behind them.
    if (isNew && !this.#hasPicture()) this.#startUnit();
    else this.#undecidedAt = this.#frame.length;
  }

  append(source: Buffer, start: number, end: number): void {
    this.#dataInPacket = true;
    this.#markerWasLast = false;
    this.#lastDataMs = this.#nowMs;
    this.#unitRtpTimestamp = this.#rtpTimestamp;
    this.#pesBytes += end - start;
    if (this.#broken) return;
    if (this.#frame.length === 0 && !this.#open) this.#startUnit();
    let last = end;
    if (this.#emitter.delivery === 'parameters') {
      const room = Math.min(PEEK_BYTES - (this.#frame.length - this.#pesStart), PEEK_UNIT_BYTES - this.#frame.length);
      if (room <= 0) return;
      last = Math.min(end, start + room);
    }
    if (!this.#frame.append(source, start, last)) {
      this.#sink.onError('frame_too_large');
      this.#broken = true;
      return;
    }
    if (this.#undecidedAt >= 0 && this.#frame.length - this.#undecidedAt >= BOUNDARY_PROOF_BYTES) this.#decideByNal();
  }

  endPes(): void {
    if (this.#undecidedAt >= 0 && this.#frame.length > this.#undecidedAt) this.#decideByNal();
    this.#undecidedAt = -1;
    this.#open = false;
  }

  /** The RTP packet just consumed had the marker bit (GB/T 28181-2022 annex C: last of a frame, if the sender is good). */
  marker(): void {
    if (this.#frame.length === 0 || (!this.#dataInPacket && this.#rtpTimestamp !== this.#unitRtpTimestamp)) return;
    const isWrong = (this.#open && this.#bounded) || this.#markers > 0;
    if (isWrong) this.#distrustMarker();
    this.#markers++;
    this.#markerWasLast = !isWrong;
    const isPieceOfMore = this.#bounded && this.#pesBytes >= FULL_PES_BYTES;
    if (!this.#markerTrusted || isPieceOfMore || !this.#hasPicture()) return;
    this.#finishedPts = this.#stamp.pts;
    this.#finish();
    this.#finishedEarly = 'marker';
    if (this.#open) this.#undecidedAt = 0;
  }

  /** Delivers a unit that is complete as far as one can see and waits for its successor. */
  tick(nowMs: number): void {
    if (this.#frame.length === 0 || (this.#open && this.#bounded)) return;
    const waitMs = Math.max(MIN_FLUSH_MS, (2 * this.#clock.step90k) / 90);
    if (nowMs - this.#lastDataMs < waitMs || !this.#hasPicture()) return;
    this.#nowMs = nowMs;
    this.#finishedPts = this.#stamp.pts;
    this.#finish();
    this.#finishedEarly = 'tick';
    if (this.#open) this.#undecidedAt = 0;
  }

  /** Bytes are missing: the unit in progress is worth nothing, the following ones are not until a key frame. */
  discard(): void {
    if (this.#frame.length > 0 || this.#broken) this.#sink.onError(FRAME_DROPPED);
    this.#clearUnit();
    this.#open = false;
    this.#undecidedAt = -1;
    this.#finishedEarly = undefined;
    this.#emitter.awaitKeyFrame();
  }

  #startUnit(): void {
    this.#stamp.pts = this.#pesPts;
    this.#stamp.dts = this.#pesDts;
    this.#unitRtpTimestamp = this.#rtpTimestamp;
  }

  #syntax(): VideoSyntax {
    const { codec } = this.#emitter;
    if (codec === 'mpeg4' || codec === 'svac') return videoSyntax(codec);
    // Before the first parameter sets were read, and when the declared codec is wrong, the frame itself tells.
    const told = this.#nals.count > 0 ? tellH264FromH265(this.#frame.bytes, this.#nals.start(0)) : undefined;
    return videoSyntax(told ?? (codec === 'h265' ? 'h265' : 'h264'));
  }

  #hasPicture(): boolean {
    const frame = this.#frame;
    this.#nals.update(frame);
    const syntax = this.#syntax();
    for (; !this.#picture && this.#checkedNals < this.#nals.count; this.#checkedNals++) {
      const at = this.#nals.start(this.#checkedNals);
      if (at >= frame.length) return false;
      this.#picture = !syntax.isForeign(frame.bytes, at) && syntax.isPicture(frame.bytes, at);
    }
    return this.#picture || (this.#emitter.codec === 'svac' && frame.length > 0);
  }

  /** The first NAL unit of the PES in progress tells whether it starts a unit. */
  #decideByNal(): void {
    const offset = this.#undecidedAt;
    this.#undecidedAt = -1;
    const at = this.#behindStartCode(offset);
    const startsUnit = at >= 0 && this.#syntax().startsUnit(this.#frame.bytes, at);
    if (offset === 0) {
      if (!startsUnit && this.#finishedEarly !== undefined) this.#onLateData();
      this.#finishedEarly = undefined;
      return;
    }
    if (!startsUnit) return;
    const tail = Buffer.from(this.#frame.bytes.subarray(offset, this.#frame.length));
    this.#frame.length = offset;
    if (!this.#hasPicture()) {
      this.#frame.append(tail, 0, tail.length);
      return;
    }
    this.#finish();
    this.#startUnit();
    this.#pesStart = 0;
    this.#frame.append(tail, 0, tail.length);
  }

  #behindStartCode(offset: number): number {
    const { bytes, length } = this.#frame;
    let at = offset;
    while (at < length && bytes[at] === 0) at++;
    return at - offset >= 2 && at + 3 < length && bytes[at] === 1 ? at + 1 : -1;
  }

  /** More of a unit that was delivered: the sender's marker (or our patience) was wrong. */
  #onLateData(): void {
    if (this.#finishedEarly === 'marker') this.#distrustMarker();
    else this.#sink.onError('unit_split');
    this.#broken = true;
    this.#emitter.awaitKeyFrame();
  }

  #distrustMarker(): void {
    this.#goodMarkers = 0;
    if (!this.#markerTrusted) return;
    this.#markerTrusted = false;
    this.#sink.onError('marker_unreliable');
  }

  /** One damaged packet shall not cost a frame time of delay for the rest of the stream. */
  #learnMarker(): void {
    if (this.#markerTrusted) return;
    this.#goodMarkers = this.#markerWasLast ? this.#goodMarkers + 1 : 0;
    if (this.#goodMarkers === GOOD_MARKERS) this.#markerTrusted = true;
  }

  #finish(): void {
    this.#learnMarker();
    if (this.#broken) {
      this.#sink.onError(FRAME_DROPPED);
      this.#emitter.awaitKeyFrame();
    } else {
      this.#nals.update(this.#frame);
      const stamp = this.#chooseStamp();
      this.#emitter.emit(
        { frame: this.#frame, nals: this.#nals, stamp, systemHeader: this.#systemHeader },
        this.#nowMs,
      );
    }
    this.#clearUnit();
    this.#finishedEarly = undefined;
  }

  /** A stream without any PTS runs by its RTP timestamps. */
  #chooseStamp(): { pts: number; dts: number; duration90k: number } {
    if (this.#stamp.pts >= 0) {
      this.#unitsWithoutPts = 0;
      if (this.#usesRtpClock) this.#clock.changeSource(PES_CLOCK_MODULUS);
      this.#usesRtpClock = false;
      return this.#stamp;
    }
    this.#unitsWithoutPts++;
    if (this.#unitsWithoutPts <= UNITS_WITHOUT_PTS) return this.#stamp;
    if (!this.#usesRtpClock) this.#clock.changeSource(RTP_CLOCK_MODULUS);
    this.#usesRtpClock = true;
    return { pts: this.#unitRtpTimestamp, dts: -1, duration90k: 0 };
  }

  #clearUnit(): void {
    this.#frame.clear();
    this.#nals.clear();
    this.#checkedNals = 0;
    this.#picture = false;
    this.#markers = 0;
    this.#broken = false;
    this.#systemHeader = false;
    this.#pesStart = 0;
    this.#stamp.pts = -1;
    this.#stamp.dts = -1;
  }
}
