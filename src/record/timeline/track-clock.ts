/** RFC 3550 §5.1. */
const RTP_CLOCK_MODULUS = 2 ** 32;
/** Stamps that run so far ahead of the arrival are of a new clock, or of one that is wrong. */
const MAX_AHEAD_MS = 5000;
/** B frames step back by up to sixteen frames. */
const MAX_STEP_BACK_MS = 2000;
/** A source whose clock stood still for so long, seen over so long, is moved to where it should be. */
const MAX_LAG_MS = 3000;
const LAG_SEEN_MS = 5000;
/** How fast a wrong clock rate is forgiven: a hundredth. */
const FORGIVEN = 0.01;

/** Shortest signed way from one 32-bit stamp to another. */
function stampDelta(from: number, to: number): number {
  const delta = (to - from) % RTP_CLOCK_MODULUS;
  if (delta >= RTP_CLOCK_MODULUS / 2) return delta - RTP_CLOCK_MODULUS;
  return delta < -RTP_CLOCK_MODULUS / 2 ? delta + RTP_CLOCK_MODULUS : delta;
}

/**
 * RTP timestamps of a track → milliseconds on a time line that runs as the arrival does. A restart of the source, or
 * stamps that jump, go on where the time line is, so that no file gets hours that nobody recorded.
 */
export class TrackClock {
  readonly #ticksPerMs: number;
  readonly #ownPace: boolean;
  #started = false;
  #restarted = false;
  #stamp = 0;
  #timeMs = 0;
  #arrivalMs = 0;
  #highestMs = Number.NEGATIVE_INFINITY;
  #baseLagMs = 0;
  #laggingSinceMs = -1;
  /** Rises when stamps of before say nothing about those of now. */
  epoch = 0;

  /** `ownPace`: the arrival says nothing about time. */
  constructor(clockRate: number, ownPace = false) {
    this.#ownPace = ownPace;
    this.#ticksPerMs = clockRate / 1000;
  }

  /** The next frame comes from another clock. */
  restart(): void {
    this.#restarted = true;
  }

  /** Time of a frame that arrived now. */
  at(stamp: number, arrivalMs: number): number {
    if (!this.#started) {
      this.#started = true;
      this.#set(stamp, arrivalMs, arrivalMs);
      return arrivalMs;
    }
    const step = stampDelta(this.#stamp, stamp) / this.#ticksPerMs;
    const arrivalStep = arrivalMs - this.#arrivalMs;
    const ahead = this.#ownPace ? step : this.#timeMs + step - arrivalMs + this.#baseLagMs;
    if (this.#restarted || ahead > MAX_AHEAD_MS || step < -MAX_STEP_BACK_MS) {
      this.#rebase(stamp, arrivalMs, Math.max(1, arrivalStep));
      return this.#timeMs;
    }
    this.#set(stamp, this.#timeMs + step, arrivalMs);
    if (!this.#ownPace) this.#watchLag(arrivalStep);
    return this.#timeMs;
  }

  /** Time of a stamp near the last frame's; undefined before the first. */
  timeOf(stamp: number): number | undefined {
    if (!this.#started || this.#restarted) return undefined;
    return this.#timeMs + stampDelta(this.#stamp, stamp) / this.#ticksPerMs;
  }

  /** Moves everything that follows. */
  shift(ms: number): void {
    this.#timeMs += ms;
    this.#baseLagMs -= ms;
    this.#highestMs += ms;
  }

  #set(stamp: number, timeMs: number, arrivalMs: number): void {
    this.#stamp = stamp;
    this.#timeMs = timeMs;
    this.#arrivalMs = arrivalMs;
    this.#highestMs = Math.max(this.#highestMs, timeMs);
  }

  #rebase(stamp: number, arrivalMs: number, stepMs: number): void {
    this.#restarted = false;
    this.epoch += 1;
    this.#set(stamp, this.#highestMs + stepMs, arrivalMs);
    this.#laggingSinceMs = -1;
  }

  /** A stalled network catches up again, a stopped clock does not. */
  #watchLag(arrivalStepMs: number): void {
    const lag = this.#arrivalMs - this.#timeMs - this.#baseLagMs;
    const most = Math.max(0, arrivalStepMs) * FORGIVEN;
    this.#baseLagMs += Math.max(-most, Math.min(most, lag));
    if (lag <= MAX_LAG_MS) {
      this.#laggingSinceMs = -1;
    } else if (this.#laggingSinceMs < 0) {
      this.#laggingSinceMs = this.#arrivalMs;
    } else if (this.#arrivalMs - this.#laggingSinceMs > LAG_SEEN_MS) {
      this.#laggingSinceMs = -1;
      this.epoch += 1;
      this.#set(this.#stamp, this.#timeMs + lag, this.#arrivalMs);
    }
  }
}
