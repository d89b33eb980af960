const BUCKETS = 2_048;

/** Something that is due at one time at most; rescheduling replaces the time. */
export class WheelEntry {
  readonly fire: () => void;
  /** Ms of the wheel's clock; kept by the wheel. */
  due = 0;
  bucket = -1;
  previous: WheelEntry | undefined;
  next: WheelEntry | undefined;

  constructor(fire: () => void) {
    this.fire = fire;
  }

  get scheduled(): boolean {
    return this.bucket >= 0;
  }
}

/**
 * One timer for all transactions: entries hang in buckets by due time and are looked at once a tick. Adding and
 * removing cost the same whatever the number of entries; the timer sleeps while there are none.
 */
export class ExpiryWheel {
  readonly #tickMs: number;
  readonly #heads: Array<WheelEntry | undefined> = Array.from({ length: BUCKETS });
  #count = 0;
  #tick = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(tickMs: number) {
    this.#tickMs = Math.max(1, tickMs);
  }

  get size(): number {
    return this.#count;
  }

  schedule(entry: WheelEntry, delayMs: number): void {
    this.cancel(entry);
    const now = performance.now();
    if (this.#count === 0) this.#tick = Math.floor(now / this.#tickMs);
    entry.due = now + delayMs;
    // Never into the bucket of the running tick: it was looked at already.
    const tick = Math.max(Math.ceil(entry.due / this.#tickMs), this.#tick + 1);
    const bucket = tick % BUCKETS;
    entry.bucket = bucket;
    const head = this.#heads[bucket];
    entry.next = head;
    if (head !== undefined) head.previous = entry;
    this.#heads[bucket] = entry;
    this.#count += 1;
    this.#timer ??= setTimeout(this.#onTick, this.#tickMs);
  }

  cancel(entry: WheelEntry): void {
    if (entry.bucket < 0) return;
    if (entry.previous === undefined) this.#heads[entry.bucket] = entry.next;
    else entry.previous.next = entry.next;
    if (entry.next !== undefined) entry.next.previous = entry.previous;
    entry.previous = undefined;
    entry.next = undefined;
    entry.bucket = -1;
    this.#count -= 1;
  }

  /** Stops the timer and forgets every entry. Idempotent. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#heads.fill(undefined);
    this.#count = 0;
  }

  readonly #onTick = (): void => {
    this.#timer = undefined;
    const now = Math.floor(performance.now() / this.#tickMs);
    // After a long stall one turn of the wheel sees every entry.
    let ticks = Math.min(now - this.#tick, BUCKETS);
    this.#tick = now - ticks;
    for (; ticks > 0; ticks -= 1) {
      this.#tick += 1;
      this.#expire(this.#tick % BUCKETS);
    }
    if (this.#count > 0) this.#timer ??= setTimeout(this.#onTick, this.#tickMs);
  };

  #expire(bucket: number): void {
    const limit = (this.#tick + 1) * this.#tickMs;
    const due: WheelEntry[] = [];
    for (let entry = this.#heads[bucket]; entry !== undefined; entry = entry.next) {
      if (entry.due < limit) due.push(entry);
    }
    // An entry that fires may cancel or reschedule others of this bucket.
    for (const entry of due) {
      if (entry.bucket !== bucket || entry.due >= limit) continue;
      this.cancel(entry);
      entry.fire();
    }
  }
}
