import type { Behaviour } from './behaviour.ts';
import { wallClockMs, type FrameLog } from './frame-log.ts';
import { stampFrame, type MuxedClip } from './muxed-clip.ts';
import type { Outlet } from './outlet.ts';
import { formatSenderReport, layOutReport } from './sender-report.ts';
import type { Scheduled, Wheel } from './wheel.ts';

/** Counters of sessions, for tests and the load generator. */
export interface MediaCounters {
  frames: number;
  packets: number;
  bytes: number;
  /** Frames that found the connection full. */
  dropped: number;
  keyFrameRequests: number;
}

export interface MediaSessionOptions {
  readonly outlet: Outlet;
  readonly muxed: MuxedClip;
  readonly behaviour: Behaviour;
  readonly ssrc: number;
  readonly wheel: Wheel;
  readonly log: FrameLog;
  readonly counters: MediaCounters;
  /** Told of each frame as it leaves; `sentAt` is Unix ms. */
  readonly onFrame?: (index: number, sentAt: number) => void;
}

/** A sender later than this does not catch up: it goes on from now. */
const MAX_LATE_MS = 1_000;
const REPORT_INTERVAL_SEC = 5;

/**
 * Sends a clip in a loop to one receiver, from a key frame on. Frames are due at multiples of the frame time since the
 * first one; the clocks run on over the loop's end and over jumps to a key frame.
 */
export class MediaSession {
  readonly #options: MediaSessionOptions;
  readonly #frameMs: number;
  readonly #clockBase = Math.floor(Math.random() * 0x8000_0000);
  #sequenceNumber = Math.floor(Math.random() * 0x1_0000);
  /** Frame of the clip that is next. */
  #index = 0;
  /** Frames since the start, sent or not. */
  #count = 0;
  #originMs = 0;
  #timer: Scheduled | undefined;
  /** After a dropped frame nothing leaves until a key frame. */
  #waitsForKeyFrame = false;
  #packets = 0;
  #octets = 0;
  #closed = false;

  constructor(options: MediaSessionOptions) {
    this.#options = options;
    this.#frameMs = 1_000 / options.muxed.clip.fps;
  }

  /** Connects, if that is ours to do, and sends. Idempotent. */
  start(): void {
    this.#options.outlet.start(() => {
      if (this.#closed) return;
      this.#originMs = performance.now();
      if (this.#options.behaviour.rtcpMux) this.#report();
      this.#next();
    });
  }

  /** The next frame is a key frame; the clip jumps to where it has one. */
  requestKeyFrame(): void {
    this.#options.counters.keyFrameRequests += 1;
    if (!this.#options.behaviour.honoursIdrRequests || this.#count === 0) return;
    const { muxed } = this.#options;
    if (muxed.clip.frames[this.#index]?.keyFrame === true) return;
    this.#index = muxed.nextKeyFrame(this.#index);
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#options.outlet.close();
  }

  #next(): void {
    if (this.#closed) return;
    this.#sendFrame();
    const due = this.#originMs + this.#count * this.#frameMs;
    const late = performance.now() - due;
    if (late > MAX_LATE_MS) this.#originMs += late;
    this.#timer = this.#options.wheel.at(due, () => {
      this.#next();
    });
  }

  #sendFrame(): void {
    const { muxed, behaviour } = this.#options;
    const index = this.#index;
    const number = this.#count;
    this.#index = (index + 1) % muxed.clip.frames.length;
    this.#count += 1;
    const elapsedSec = number / muxed.clip.fps;
    const template = muxed.template(index, elapsedSec >= behaviour.audioAfterSec);
    if (this.#waitsForKeyFrame && !template.keyFrame) return;
    const starts = template.packets;
    const stamped = stampFrame(template, {
      ssrc: this.#options.ssrc,
      sequenceNumber: this.#sequenceNumber,
      clock90k: this.#clock90k(number),
      rtpTimestamp: behaviour.rtpTimestamp,
    });
    const { transport } = this.#options.outlet;
    let bytes = stamped;
    for (const fault of behaviour.frameFaults) bytes = fault({ bytes, starts, number, transport });
    const sentAt = wallClockMs();
    this.#waitsForKeyFrame = !this.#options.outlet.send(bytes, starts);
    if (this.#waitsForKeyFrame) {
      this.#options.counters.dropped += 1;
      return;
    }
    this.#account(starts.length - 1, bytes.length);
    this.#options.log.record(index, sentAt);
    this.#options.onFrame?.(index, sentAt);
    if (behaviour.rtcpMux && this.#count % Math.round(REPORT_INTERVAL_SEC * muxed.clip.fps) === 0) this.#report();
  }

  #account(packets: number, bytes: number): void {
    const { counters } = this.#options;
    this.#sequenceNumber = (this.#sequenceNumber + packets) & 0xffff;
    this.#packets += packets;
    this.#octets += bytes;
    counters.frames += 1;
    counters.packets += packets;
    counters.bytes += bytes;
  }

  #clock90k(number: number): number {
    return this.#clockBase + Math.round(number * this.#options.muxed.frame90k);
  }

  #report(): void {
    const report = formatSenderReport({
      ssrc: this.#options.ssrc,
      unixMs: Date.now(),
      rtpTimestamp: this.#options.behaviour.rtpTimestamp(this.#clock90k(this.#count)) % 0x1_0000_0000,
      packets: this.#packets,
      octets: this.#octets,
    });
    const { bytes, starts } = layOutReport(report);
    this.#options.outlet.send(bytes, starts);
  }
}
