import { sourceNetwork } from '../../util/index.ts';

const WINDOW_MS = 60_000;
/** Sources remembered at once; the oldest is forgotten first. */
const MAX_SOURCES = 10_000;
/** A password check takes tens of milliseconds of a thread; more at once only helps an attacker. */
const MAX_CONCURRENT = 4;

interface Failures {
  count: number;
  since: number;
}

/** Failed logins by source, an address or an IPv6 network of them, counted in windows of a minute. */
export class LoginLimit {
  readonly #max: number;
  readonly #now: () => number;
  readonly #failures = new Map<string, Failures>();
  #running = 0;

  constructor(maxPerMinute: number, now: () => number = Date.now) {
    this.#max = maxPerMinute;
    this.#now = now;
  }

  /** Seconds to wait, 0 = go ahead. */
  retryAfterSec(address: string): number {
    const source = sourceNetwork(address);
    const entry = this.#failures.get(source);
    if (entry !== undefined && entry.count >= this.#max) {
      const left = entry.since + WINDOW_MS - this.#now();
      if (left > 0) return Math.ceil(left / 1000);
      this.#failures.delete(source);
    }
    return this.#running >= MAX_CONCURRENT ? 1 : 0;
  }

  /** Runs one check and counts its failure. A try counts until it has succeeded, so that parallel ones count too. */
  async attempt(address: string, check: () => Promise<boolean>): Promise<boolean> {
    const source = sourceNetwork(address);
    this.#count(source);
    this.#running += 1;
    try {
      const ok = await check();
      if (ok) this.#failures.delete(source);
      return ok;
    } finally {
      this.#running -= 1;
    }
  }

  #count(source: string): void {
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
}
