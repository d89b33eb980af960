/** The output time line that the tracks of one stream share, 90 kHz from 0. */
export class ProgramClock {
  /** Output minus device clock; undefined until a track had a usable stamp. */
  offset: number | undefined;
  /** An order to the device is under way: nothing is known of its clock until it has answered. */
  held = false;
  #latest = 0;
  #latestAtMs = 0;
  #started = false;

  /** Where the time line is now, by the latest stamp of any track and the wall clock since. */
  estimate(nowMs: number): number {
    return this.#started ? this.#latest + Math.max(0, nowMs - this.#latestAtMs) * 90 : 0;
  }

  advance(stamp90k: number, nowMs: number): void {
    if (this.#started && stamp90k <= this.#latest) return;
    this.#started = true;
    this.#latest = stamp90k;
    this.#latestAtMs = nowMs;
  }
}
