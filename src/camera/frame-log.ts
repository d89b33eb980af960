/** Which wall time each frame of a looping clip left at: the last loop's and the one before it. */
export class FrameLog {
  #last = new Float64Array(0);
  #previous = new Float64Array(0);

  /** `at` is Unix time in milliseconds with fraction. */
  record(index: number, at: number): void {
    if (index >= this.#last.length) this.#grow(index);
    this.#previous[index] = this.#last[index] ?? 0;
    this.#last[index] = at;
  }

  /** Latest time not after `before`; undefined where the frame was not sent in the last two loops. */
  sentAt(index: number, before: number): number | undefined {
    const last = this.#last[index] ?? 0;
    if (last > 0 && last <= before) return last;
    const previous = this.#previous[index] ?? 0;
    return previous > 0 && previous <= before ? previous : undefined;
  }

  #grow(index: number): void {
    const length = Math.max(index + 1, this.#last.length * 2, 256);
    const last = new Float64Array(length);
    last.set(this.#last);
    const previous = new Float64Array(length);
    previous.set(this.#previous);
    this.#last = last;
    this.#previous = previous;
  }
}

/** Unix time in milliseconds with fraction. */
export function wallClockMs(): number {
  return performance.timeOrigin + performance.now();
}
