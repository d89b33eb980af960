const MINUTE_MS = 60_000;
const MAX_SOURCES = 20_000;

interface Window {
  readonly startedAt: number;
  count: number;
}

/** Counts requests per source address and minute; the oldest sources are forgotten first. */
export class RateLimit {
  readonly #limit: number;
  readonly #windows = new Map<string, Window>();

  /** `limit` 0 lets everything through. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Seconds until the source may try again; 0 when this one is allowed. */
  take(source: string, now: number): number {
    if (this.#limit === 0) return 0;
    const window = this.#windows.get(source);
    const age = window === undefined ? MINUTE_MS : now - window.startedAt;
    if (window === undefined || age >= MINUTE_MS || age < 0) {
      this.#windows.delete(source);
      this.#windows.set(source, { startedAt: now, count: 1 });
      this.#forgetOldest();
      return 0;
    }
    window.count += 1;
    return window.count <= this.#limit ? 0 : Math.ceil((MINUTE_MS - age) / 1000);
  }

  get sources(): number {
    return this.#windows.size;
  }

  #forgetOldest(): void {
    if (this.#windows.size <= MAX_SOURCES) return;
    const [oldest] = this.#windows.keys();
    if (oldest !== undefined) this.#windows.delete(oldest);
  }
}
