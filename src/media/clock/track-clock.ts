import type { ProgramClock } from './program-clock.ts';
import { Settling } from './settling.ts';
import { SpeedProbe } from './speed-probe.ts';
import { wrapDelta } from './wrap.ts';

/** A larger step of live media that the wall clock does not explain is a jump of the device's clock. */
const MAX_STEP_90K = 300 * 90;
/** From here on it is another time base. */
const RESET_STEP_90K = 3000 * 90;
const DEFAULT_STEP_90K = 40 * 90;
/** Weight of a unit in the smoothed distance between output and wall clock. */
const LEAD_WEIGHT = 1 / 16;
/** A device keeps another speed than that of play roughly: each unit is drawn to the wall clock by this part, … */
const SPEED_CORRECTION = 1 / 64;
/** … and one that has left it by more is put there. */
const MAX_SPEED_DRIFT_90K = 1000 * 90;

/** A stamp of the device; −1 = absent. */
export interface DeviceStamp {
  readonly pts: number;
  readonly dts: number;
  /** Duration of the unit where its bytes tell (G.711), 90 kHz; 0 = not known. */
  readonly duration90k: number;
}

/**
 * Turns the stamps of one track into a time line that starts near 0, never goes back (DTS) and never jumps: the device's
 * clock is used relatively. A step over 300 ms which the wall clock does not explain counts as one frame and moves the
 * offset, which the other tracks take over when they jump too; absent, zero and constant stamps become wall-clock time.
 */
export class TrackClock {
  readonly #program: ProgramClock;
  #modulus: number;
  #clockRate: number;
  /** Output ticks of one of the device's. */
  #scale: number;
  #speed = 1;
  #probe: SpeedProbe | undefined;
  #settling: Settling | undefined;
  #started = false;
  #anchored = false;
  #lastRaw = 0;
  /** Device clock, unwrapped, 90 kHz. */
  #lastIn = 0;
  #offset = 0;
  #lastOut = 0;
  #lastNowMs = 0;
  #lastDuration = 0;
  /** Output minus wall clock while the device played at its own speed, smoothed. */
  #lead: number | undefined;
  #step = DEFAULT_STEP_90K;
  pts = 0;
  dts = 0;
  /** Jumps and resets so far. */
  jumps = 0;

  /** `clockRate` of the raw stamps, which wrap at `modulus`. */
  constructor(program: ProgramClock, modulus: number, clockRate = 90_000) {
    this.#program = program;
    this.#modulus = modulus;
    this.#clockRate = clockRate;
    this.#scale = 90_000 / clockRate;
  }

  /** Usual distance of two units, 90 kHz. */
  get step90k(): number {
    return this.#step;
  }

  /** The stamps come from another clock from now on; the output goes on where it is. */
  changeSource(modulus: number, clockRate = 90_000): void {
    this.#modulus = modulus;
    this.#clockRate = clockRate;
    this.#leaveSource();
  }

  /**
   * The device plays at this speed from now on (negative: backwards): its clock runs so many times as fast as the wall's,
   * the output does not. The output goes on at the present, also after a pause.
   */
  changeSpeed(speed: number): void {
    this.#speed = speed;
    const pace = Math.abs(speed);
    this.#probe = pace === 1 ? undefined : new SpeedProbe(pace);
    this.#leaveSource();
    this.#settling = new Settling();
  }

  #leaveSource(): void {
    this.#scale = 90_000 / this.#clockRate / Math.abs(this.#speed);
    this.#anchored = false;
  }

  /** Sets `pts` and `dts` for a unit with this device stamp that was complete at `nowMs`. */
  stamp(device: DeviceStamp, nowMs: number): void {
    const raw = device.dts >= 0 ? device.dts : device.pts;
    const out = this.#place(raw, nowMs);
    this.dts = this.#started ? Math.max(out, this.#lastOut + 1) : Math.max(0, out);
    this.pts = this.#presentation(device, out);
    const step = this.dts - this.#lastOut;
    if (this.#started && step > 90 && step <= MAX_STEP_90K) this.#step = step;
    this.#started = true;
    this.#lastOut = this.dts;
    this.#lastNowMs = nowMs;
    this.#lastDuration = device.duration90k;
    this.#program.advance(this.dts, nowMs);
    if (this.#speed === 1 && this.#settling === undefined && !this.#program.held) this.#follow(nowMs);
  }

  /** Devices' clocks are not exact, and their units do not come evenly. */
  #follow(nowMs: number): void {
    const lead = this.dts - nowMs * 90;
    this.#lead = this.#lead === undefined ? lead : this.#lead + (lead - this.#lead) * LEAD_WEIGHT;
  }

  /** Where the output is by the wall clock, whatever was stamped since the device was given an order. */
  #present(nowMs: number): number {
    return this.#lead === undefined ? this.#program.estimate(nowMs) : this.#lead + nowMs * 90;
  }

  #presentation(device: DeviceStamp, out: number): number {
    if (device.dts < 0 || device.pts < 0)
      return device.pts >= 0 && out >= 0 && this.dts - out < MAX_STEP_90K ? out : this.dts;
    const composition = wrapDelta(device.dts, device.pts, this.#modulus) * this.#scale;
    return composition >= 0 && composition < RESET_STEP_90K ? this.dts + composition : this.dts;
  }

  #place(raw: number, nowMs: number): number {
    if (this.#program.held) return this.#present(nowMs);
    if (this.#settling !== undefined) return this.#settle(this.#settling, raw, nowMs);
    if (raw < 0) return this.#withoutStamp(nowMs);
    if (!this.#anchored) return this.#anchor(raw, nowMs);
    this.#checkSpeed(raw, nowMs);
    const delta = wrapDelta(this.#lastRaw, raw, this.#modulus) * this.#scale;
    if (delta === 0) return this.#withoutStamp(nowMs);
    const elapsed = (nowMs - this.#lastNowMs) * 90;
    const step = this.#lastIn + delta + this.#offset - this.#lastOut;
    const explained = Math.abs(step) <= MAX_STEP_90K || Math.abs(step - elapsed) <= MAX_STEP_90K;
    if (!explained && raw === 0) return this.#withoutStamp(nowMs);
    this.#lastRaw = raw;
    this.#lastIn += delta;
    if (this.#speed !== 1) return this.#placeAtSpeed(explained && (step > 0 || this.#speed > 0), nowMs);
    if (!explained) this.#jump(step, elapsed);
    return this.#lastIn + this.#offset;
  }

  /** Not `continuous`: backwards the stamps jump back with each group of pictures, and only the wall clock tells how long it took. */
  #placeAtSpeed(continuous: boolean, nowMs: number): number {
    const present = this.#present(nowMs);
    const ahead = this.#lastIn + this.#offset - present;
    if (continuous && Math.abs(ahead) <= MAX_SPEED_DRIFT_90K) {
      this.#offset -= ahead * SPEED_CORRECTION;
    } else {
      this.jumps++;
      this.#offset -= ahead;
    }
    return this.#lastIn + this.#offset;
  }

  /** Until it is known where the device is, units are stamped as they come. */
  #settle(settling: Settling, raw: number, nowMs: number): number {
    const present = this.#present(nowMs);
    if (raw < 0) return present;
    if (this.#anchored) this.#lastIn += wrapDelta(this.#lastRaw, raw, this.#modulus) * this.#scale;
    else this.#lastIn = raw * this.#scale;
    this.#anchored = true;
    this.#lastRaw = raw;
    if (settling.add(this.#lastIn, present, nowMs)) return present;
    this.#settling = undefined;
    const own = settling.offset ?? present - this.#lastIn;
    const shared = this.#program.offset;
    const together = this.#speed === 1 && shared !== undefined && Math.abs(shared - own) < RESET_STEP_90K;
    this.#offset = together ? shared : own;
    this.#program.offset ??= this.#offset;
    return this.#lastIn + this.#offset;
  }

  /** Some devices have scaled their stamps already: then there is nothing left to do. */
  #checkSpeed(raw: number, nowMs: number): void {
    if (this.#probe === undefined) return;
    const own = (wrapDelta(this.#lastRaw, raw, this.#modulus) * 90_000) / this.#clockRate;
    const verdict = this.#probe.add(own / 90, nowMs);
    if (verdict === undefined) return;
    this.#probe = undefined;
    if (verdict !== 'scaled') return;
    this.#scale = 90_000 / this.#clockRate;
    this.#anchored = false;
    this.#settling = new Settling();
  }

  #jump(step: number, elapsed: number): void {
    this.jumps++;
    const shared = this.#program.offset;
    if (shared !== undefined && Math.abs(this.#lastIn + shared - this.#lastOut - elapsed) <= MAX_STEP_90K) {
      this.#offset = shared;
      return;
    }
    const advance = Math.abs(step) < RESET_STEP_90K ? this.#step : Math.max(this.#step, elapsed);
    this.#offset = this.#lastOut + advance - this.#lastIn;
    this.#program.offset = this.#offset;
  }

  /** First stamp of a time base: on the shared offset when that lands near the present, else right at the present. */
  #anchor(raw: number, nowMs: number): number {
    const present = this.#started
      ? this.#lastOut + Math.max(this.#step, (nowMs - this.#lastNowMs) * 90)
      : this.#program.estimate(nowMs);
    let out = present;
    const shared = this.#program.offset;
    if (shared !== undefined) {
      const distance = wrapDelta((present - shared) / this.#scale, raw, this.#modulus) * this.#scale;
      if (Math.abs(distance) < RESET_STEP_90K) out = present + distance;
    }
    this.#anchored = true;
    this.#lastRaw = raw;
    this.#lastIn = shared === undefined ? raw * this.#scale : out - shared;
    this.#offset = out - this.#lastIn;
    this.#program.offset ??= this.#offset;
    return out;
  }

  #withoutStamp(nowMs: number): number {
    if (!this.#started) return this.#program.estimate(nowMs);
    const elapsed = Math.max(0, nowMs - this.#lastNowMs) * 90;
    if (this.#lastDuration <= 0) return this.#lastOut + elapsed;
    // Sound of known length runs by its own length and is put right when it leaves the picture.
    const present = this.#program.estimate(nowMs);
    const next = this.#lastOut + this.#lastDuration;
    return Math.abs(next - present) > MAX_STEP_90K ? present : next;
  }
}
