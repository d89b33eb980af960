import { sourceNetwork } from './source-network.ts';

const WINDOW_MS = 60_000;
/** Sources remembered at once; the oldest is forgotten first. */
const MAX_SOURCES = 10_000;

interface Failures {
  count: number;
  since: number;
}

/** Wrong passwords by source, an address or an IPv6 network of them, counted in windows of a minute. */
export class FailureLimit {
  readonly #max: number;
  readonly #now: () => number;
  readonly #failures = new Map<string, Failures>();

  constructor(maxPerMinute: number, now: () => number = Date.now) {
    this.#max = maxPerMinute;
    this.#now = now;
  }

  /** Seconds until the source may try again, 0 = it may. */
  waitSec(address: string): number {
    const source = sourceNetwork(address);
    const entry = this.#failures.get(source);
    if (entry === undefined || entry.count < this.#max) return 0;
    const left = entry.since + WINDOW_MS - this.#now();
    if (left > 0) return Math.ceil(left / 1000);
    this.#failures.delete(source);
    return 0;
  }

  count(address: string): void {
    const source = sourceNetwork(address);
    const now = this.#now();
    const entry = this.#failures.get(source);
    if (entry !== undefined && now - entry.since < WINDOW_MS) {
      entry.count += 1;
      return;
    }
    this.#failures.delete(source);
    if (this.#failures.size >= MAX_SOURCES) {
      const oldest = this.#failures.keys().next();
      if (!oldest.done) this.#failures.delete(oldest.value);
    }
    this.#failures.set(source, { count: 1, since: now });
  }

  forget(address: string): void {
    this.#failures.delete(sourceNetwork(address));
  }
}
