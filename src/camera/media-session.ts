import { FrameSender, type FrameSenderOptions } from './frame-sender.ts';
import type { Scheduled, Wheel } from './wheel.ts';

export interface MediaSessionOptions extends FrameSenderOptions {
  readonly wheel: Wheel;
}

/** What the call of a session steers. */
export interface CallMedia {
  /** Connects, if that is ours to do, and sends. Idempotent. */
  start(): void;
  requestKeyFrame(): void;
  /** Idempotent. */
  close(): void;
}

/** A sender later than this does not catch up: it goes on from now. */
export const MAX_LATE_MS = 1_000;
const REPORT_INTERVAL_SEC = 5;

/**
 * Sends a clip in a loop to one receiver, from a key frame on. Frames are due at multiples of the frame time since the
 * first one; the clocks run on over the loop's end and over jumps to a key frame.
 */
export class MediaSession implements CallMedia {
  readonly #options: MediaSessionOptions;
  readonly #sender: FrameSender;
  readonly #frameMs: number;
  /** Frame of the clip that is next. */
  #index = 0;
  /** Frames since the start, sent or not. */
  #count = 0;
  #originMs = 0;
  #timer: Scheduled | undefined;
  #closed = false;

  constructor(options: MediaSessionOptions) {
    this.#options = options;
    this.#sender = new FrameSender(options);
    this.#frameMs = 1_000 / options.muxed.clip.fps;
  }

  start(): void {
    this.#options.outlet.start(() => {
      if (this.#closed) return;
      this.#originMs = performance.now();
      if (this.#options.behaviour.rtcpMux) this.#sender.report(this.#count);
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
    const withAudio = number / muxed.clip.fps >= behaviour.audioAfterSec;
    const sent = this.#sender.send({ index, number, place: number, withAudio });
    const reports = behaviour.rtcpMux && this.#count % Math.round(REPORT_INTERVAL_SEC * muxed.clip.fps) === 0;
    if (sent && reports) this.#sender.report(this.#count);
  }
}
