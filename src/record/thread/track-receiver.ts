import {
  createRtpView,
  parseRtpAt,
  ReorderBuffer,
  type ReorderSink,
  type RtpView,
  type TrackKind,
} from '../../media/index.ts';
import { createFrameDepacketizer } from '../frame/create-depacketizer.ts';
import type {
  AudioEncoding,
  CodedFrame,
  FrameDepacketizer,
  FrameSink,
  PayloadError,
  VideoEncoding,
} from '../frame/types.ts';
import { TrackClock } from '../timeline/track-clock.ts';

/** How long a hole waits for a packet that was sent again (RFC 4585). */
const REORDER_MS = 500;

/** A track that can be recorded. */
export interface RecordedTrack {
  readonly kind: TrackKind;
  readonly encoding: VideoEncoding | AudioEncoding;
  readonly clockRate: number;
  readonly channels: number;
  readonly payloadType: number;
  readonly parameters?: string;
}

export interface TrackReceiverEvents {
  /** In decoding order; time as `TrackClock` has it. */
  onFrame(frame: CodedFrame, timeMs: number): void;
  onKeyFrameNeeded(): void;
}

/** RTP packets of one track → frames with times; after a loss, pictures only from the next key frame on. */
export class TrackReceiver implements ReorderSink, FrameSink {
  readonly track: RecordedTrack;
  readonly clock: TrackClock;
  readonly #events: TrackReceiverEvents;
  readonly #reorder: ReorderBuffer;
  readonly #frames: FrameDepacketizer;
  readonly #view: RtpView = createRtpView();
  #ssrc = -1;
  #nowMs = 0;
  #needsKeyFrame: boolean;
  packets = 0;
  #skipped = 0;
  /** By the reason's name. */
  readonly errors = new Map<string, number>();

  constructor(track: RecordedTrack, ownPace: boolean, events: TrackReceiverEvents) {
    this.track = track;
    this.clock = new TrackClock(track.clockRate, ownPace);
    this.#events = events;
    this.#needsKeyFrame = track.kind === 'video';
    this.#reorder = new ReorderBuffer(this, { reorderMs: REORDER_MS });
    this.#frames = createFrameDepacketizer(track.encoding, track.parameters, this);
  }

  get lost(): number {
    return this.#reorder.lost + this.#skipped;
  }

  push(buffer: Buffer, start: number, end: number, nowMs: number): void {
    const error = parseRtpAt(buffer, start, end, this.#view);
    if (error !== undefined) return this.#count(error);
    if (this.#view.payloadType !== this.track.payloadType) return this.#count('payload_type_unknown');
    this.packets += 1;
    if (this.#view.ssrc !== this.#ssrc) this.#changeSource(this.#view.ssrc, nowMs);
    this.#reorder.push(this.#view, nowMs);
  }

  /** Packets were left out before this one. */
  skip(packets: number): void {
    this.#skipped += packets;
    this.#reorder.reset();
    this.#lose();
  }

  tick(nowMs: number): void {
    this.#reorder.poll(nowMs);
  }

  /** Tells what waits. */
  flush(nowMs: number): void {
    this.#reorder.flush(nowMs);
    this.#nowMs = nowMs;
    this.#frames.flush();
  }

  onPacket(view: RtpView, nowMs: number): void {
    this.#nowMs = nowMs;
    this.#frames.push(view);
  }

  onGap(): void {
    this.#lose();
  }

  onFrame(frame: CodedFrame): void {
    if (this.#needsKeyFrame && !frame.keyFrame) {
      this.#events.onKeyFrameNeeded();
      return;
    }
    this.#needsKeyFrame = false;
    this.#events.onFrame(frame, this.clock.at(frame.timestamp, this.#nowMs));
  }

  onPayloadError(reason: PayloadError): void {
    this.#count(reason);
    this.#lose();
  }

  #changeSource(ssrc: number, nowMs: number): void {
    if (this.#ssrc >= 0) {
      this.flush(nowMs);
      this.#reorder.reset();
      this.clock.restart();
      this.#lose();
    }
    this.#ssrc = ssrc;
  }

  #lose(): void {
    this.#frames.gap();
    if (this.track.kind !== 'video') return;
    this.#needsKeyFrame = true;
    this.#events.onKeyFrameNeeded();
  }

  #count(reason: string): void {
    this.errors.set(reason, (this.errors.get(reason) ?? 0) + 1);
  }
}
