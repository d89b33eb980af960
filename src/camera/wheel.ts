/** A call that waits in a wheel. */
export interface Scheduled {
  /** Idempotent. */
  cancel(): void;
}

interface Entry extends Scheduled {
  /** Milliseconds of `performance.now()`. */
  readonly due: number;
  readonly run: () => void;
  cancelled: boolean;
}

const SLOTS = 1024;

/**
 * One timer for every frame, keepalive and retry of a process: thousands of sessions cost one wake-up per tick. Each
 * tick is aimed at its own multiple since the start, so that lateness of one does not add up.
 */
export class Wheel {
  readonly #tickMs: number;
  readonly #slots: Entry[][] = Array.from({ length: SLOTS }, () => []);
  readonly #origin = performance.now();
  /** Ticks handled. */
  #done = 0;
  #timer: NodeJS.Timeout | undefined;
  #size = 0;
  #closed = false;
  #turning = false;

  constructor(tickMs = 5) {
    this.#tickMs = tickMs;
  }

  /** Calls that wait. */
  get size(): number {
    return this.#size;
  }

  /** Runs once after `delayMs`, never early; `run` must not throw; a call in the past runs with the next tick. */
  after(delayMs: number, run: () => void): Scheduled {
    return this.at(performance.now() + delayMs, run);
  }

  /** As `after`, at a time of `performance.now()`. */
  at(due: number, run: () => void): Scheduled {
    const entry: Entry = {
      due,
      run,
      cancelled: false,
      cancel: () => {
        if (!entry.cancelled) this.#size -= 1;
        entry.cancelled = true;
      },
    };
    if (this.#closed) return entry;
    // Ticks that passed while nothing waited need no visit.
    if (this.#timer === undefined && !this.#turning) this.#done = Math.max(this.#done, this.#elapsedTicks() - 1);
    const tick = Math.max(this.#done + 1, Math.ceil((due - this.#origin) / this.#tickMs));
    this.#slots[tick % SLOTS]?.push(entry);
    this.#size += 1;
    if (this.#timer === undefined && !this.#turning) this.#sleep();
    return entry;
  }

  /** Nothing runs any more. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const slot of this.#slots) slot.length = 0;
    this.#size = 0;
  }

  #sleep(): void {
    const next = this.#origin + (this.#done + 1) * this.#tickMs;
    this.#timer = setTimeout(
      () => {
        this.#turn();
      },
      Math.max(0, next - performance.now()),
    );
  }

  #elapsedTicks(): number {
    return Math.floor((performance.now() - this.#origin) / this.#tickMs);
  }

  #turn(): void {
    this.#timer = undefined;
    const target = this.#elapsedTicks();
    // After a long pause each slot is visited once: entries know their own time.
    this.#done = Math.max(this.#done, target - SLOTS);
    this.#turning = true;
    try {
      while (this.#done < target && !this.#closed) {
        this.#done += 1;
        this.#visit(this.#done % SLOTS);
      }
    } finally {
      this.#turning = false;
    }
    if (this.#size > 0 && !this.#closed) this.#sleep();
  }

  #visit(index: number): void {
    const slot = this.#slots[index] ?? [];
    if (slot.length === 0) return;
    const now = performance.now();
    const later: Entry[] = [];
    this.#slots[index] = later;
    for (const entry of slot) {
      if (entry.cancelled) continue;
      if (entry.due > now) {
        later.push(entry);
        continue;
      }
      entry.cancelled = true;
      this.#size -= 1;
      entry.run();
    }
  }
}
