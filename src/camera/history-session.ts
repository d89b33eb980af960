import type { Stretch } from '../gb28181/records/stretches.ts';
import type { MansrtspRequest } from '../gb28181/mansrtsp.ts';
import { FrameSender } from './frame-sender.ts';
import { MAX_LATE_MS, type CallMedia, type MediaSessionOptions } from './media-session.ts';
import type { Scheduled } from './wheel.ts';

export interface HistorySessionOptions extends MediaSessionOptions {
  /** Unix seconds of the offer's `t=`. */
  readonly fromSec: number;
  readonly toSec: number;
  /** What of it is recorded, Unix ms; what lies between is left out, as recorders do. */
  readonly recorded: readonly Stretch[];
  /** Times the speed of play at which it begins: that of a download. */
  readonly speed: number;
  /** The end of the range has been sent. */
  readonly onFileEnded: () => void;
}

/**
 * Sends a recording: the clip, whose burnt-in number is that of the recording's frame (Unix seconds times its frames a
 * second, modulo the clip), so that who sees it knows the place. Steered by MANSRTSP (GB/T 28181 14).
 */
export class HistorySession implements CallMedia {
  readonly #options: HistorySessionOptions;
  readonly #sender: FrameSender;
  readonly #first: number;
  readonly #length: number;
  /** Frames of the range that are recorded. */
  readonly #stretches: ReadonlyArray<{ readonly from: number; readonly to: number }>;
  /** Frame of the range that is next. */
  #place = 0;
  #scale: number;
  #number = 0;
  #paused = false;
  /** When the frame is due that was the next one at the last change. */
  #dueMs = 0;
  #timer: Scheduled | undefined;
  #started = false;
  #closed = false;

  constructor(options: HistorySessionOptions) {
    this.#options = options;
    this.#sender = new FrameSender({ ...options, repeats: true });
    const { fps } = options.muxed.clip;
    this.#first = options.fromSec * fps;
    this.#length = Math.max(0, (options.toSec - options.fromSec) * fps);
    this.#stretches = options.recorded.map(({ startMs, endMs }) => ({
      from: Math.round((startMs / 1000) * fps) - this.#first,
      to: Math.round((endMs / 1000) * fps) - this.#first,
    }));
    this.#scale = options.speed;
  }

  start(): void {
    this.#options.outlet.start(() => {
      if (this.#closed) return;
      this.#started = true;
      this.#place = this.#recordedFrom(0);
      this.#run();
    });
  }

  requestKeyFrame(): void {
    // A recording is as it is.
  }

  /** Carries an order out; the status of its answer. */
  control({ method, scale, range }: MansrtspRequest): number {
    if (method === 'TEARDOWN') {
      this.close();
      return 200;
    }
    if (method === 'PAUSE') {
      this.#paused = true;
      this.#timer?.cancel();
      return 200;
    }
    if (typeof range?.from === 'number') {
      const wanted = Math.floor(range.from * this.#options.muxed.clip.fps);
      if (wanted > this.#length) return 457;
      this.#place = this.#recordedFrom(wanted);
    }
    if (scale !== undefined) {
      if (scale < 0 !== this.#scale < 0) this.#place = this.#keyFrameBefore(this.#place);
      this.#scale = scale;
    }
    this.#paused = false;
    this.#run();
    return 200;
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#options.outlet.close();
  }

  #run(): void {
    this.#timer?.cancel();
    if (!this.#started) return;
    this.#dueMs = performance.now();
    this.#next();
  }

  /** At high speeds several frames are due at one tick of the wheel. */
  #next(): void {
    if (this.#closed || this.#paused) return;
    const nowMs = performance.now();
    if (nowMs - this.#dueMs > MAX_LATE_MS) this.#dueMs = nowMs;
    const stepMs = 1_000 / this.#options.muxed.clip.fps / Math.abs(this.#scale);
    while (this.#dueMs <= nowMs) {
      if (this.#place >= this.#length || (this.#scale < 0 && this.#place < 0)) {
        this.#options.onFileEnded();
        return;
      }
      // A reader that is slower than the speed gets it later, not with holes.
      if (!this.#send()) break;
      this.#place = this.#following();
      this.#dueMs += stepMs;
    }
    this.#timer = this.#options.wheel.at(Math.max(this.#dueMs, nowMs + 1), () => {
      this.#next();
    });
  }

  #send(): boolean {
    const withAudio = this.#scale === 1 || this.#scale === this.#options.speed;
    const sent = this.#sender.send({
      index: this.#indexOf(this.#place),
      number: this.#number,
      place: this.#place,
      withAudio,
    });
    this.#number += 1;
    return sent;
  }

  /** Backwards: the groups of pictures in reverse order, each forwards (GB/T 28181 14). */
  #following(): number {
    const next = this.#place + 1;
    if (this.#scale > 0) return this.#stretches.some(({ to }) => to === next) ? this.#recordedFrom(next) : next;
    if (!this.#isKeyFrame(next)) return next;
    const group = this.#keyFrameBefore(this.#place);
    const begun = this.#stretches.findIndex(({ from }) => this.#keyFrameBefore(from) === group);
    if (begun === 0) return -1;
    return this.#keyFrameBefore(Math.min(group, this.#stretches[begun - 1]?.to ?? group) - 1);
  }

  /** A key frame of the next stretch, where the place itself is not recorded; the end, where nothing follows. */
  #recordedFrom(place: number): number {
    const stretch = this.#stretches.find(({ to }) => to > place);
    return stretch === undefined ? this.#length : this.#keyFrameBefore(Math.max(place, stretch.from));
  }

  #keyFrameBefore(place: number): number {
    const { frames } = this.#options.muxed.clip;
    for (let back = 0; back < frames.length; back += 1) if (this.#isKeyFrame(place - back)) return place - back;
    return place;
  }

  #isKeyFrame(place: number): boolean {
    return this.#options.muxed.clip.frames[this.#indexOf(place)]?.keyFrame === true;
  }

  #indexOf(place: number): number {
    const { length } = this.#options.muxed.clip.frames;
    return (((this.#first + place) % length) + length) % length;
  }
}
