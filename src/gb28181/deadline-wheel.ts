const TICK_MS = 1_000;

/** What waits in the wheel. */
export interface Waiting {
  /** Unix ms at which it is due; read again when its second comes, so that a later one costs nothing until then. */
  deadlineAt: number;
  /** Second under which the wheel keeps it; undefined outside. Owned by the wheel. */
  slot?: number | undefined;
}

/**
 * One timer for all deadlines, in buckets of a second. A keepalive only moves `deadlineAt`; the entry is looked at
 * when its old second comes and put under the new one, about once in three keepalives.
 */
export class DeadlineWheel<T extends Waiting> {
  readonly #slots = new Map<number, Set<T>>();
  readonly #now: () => number;
  readonly #onDue: (entry: T) => void;
  readonly #timer: NodeJS.Timeout;
  #second: number;

  constructor(now: () => number, onDue: (entry: T) => void) {
    this.#now = now;
    this.#onDue = onDue;
    this.#second = Math.floor(now() / TICK_MS);
    this.#timer = setInterval(() => this.tick(), TICK_MS);
    this.#timer.unref();
  }

  /** Adds an entry, or makes sure that it is looked at no later than its deadline. */
  schedule(entry: T): void {
    const second = Math.max(this.#second + 1, Math.ceil(entry.deadlineAt / TICK_MS));
    if (entry.slot !== undefined) {
      if (entry.slot <= second) return;
      this.remove(entry);
    }
    let slot = this.#slots.get(second);
    if (slot === undefined) this.#slots.set(second, (slot = new Set()));
    slot.add(entry);
    entry.slot = second;
  }

  remove(entry: T): void {
    if (entry.slot === undefined) return;
    const slot = this.#slots.get(entry.slot);
    slot?.delete(entry);
    if (slot?.size === 0) this.#slots.delete(entry.slot);
    entry.slot = undefined;
  }

  /** Handles every second that has passed; called by the timer. */
  tick(): void {
    const current = Math.floor(this.#now() / TICK_MS);
    // After a jump of the clock the slots are fewer than the seconds.
    const due = [...this.#slots.keys()].filter((second) => second <= current);
    this.#second = current;
    for (const second of due) {
      const entries = this.#slots.get(second) ?? new Set<T>();
      this.#slots.delete(second);
      for (const entry of entries) {
        entry.slot = undefined;
        if (entry.deadlineAt > this.#now()) this.schedule(entry);
        else this.#onDue(entry);
      }
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#slots.clear();
  }
}
