import { sourceNetwork } from '../util/index.ts';

/** Messages per second of one source, with a burst of as many again (a token bucket). */
export class MessageRate {
  readonly #perSecond: number;
  readonly #now: () => number;
  #tokens: number;
  #at: number;

  constructor(perSecond: number, now: () => number = () => performance.now()) {
    this.#perSecond = perSecond;
    this.#now = now;
    this.#tokens = 2 * perSecond;
    this.#at = now();
  }

  /** False where the message is one too many. */
  take(): boolean {
    const now = this.#now();
    this.#tokens = Math.min(2 * this.#perSecond, this.#tokens + ((now - this.#at) * this.#perSecond) / 1000);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

/** Sources remembered at once; the one that was quiet for longest is forgotten first. */
const MAX_SOURCES = 10_000;

/** The rates of many sources, bounded. */
export class SourceRates {
  readonly #perSecond: number;
  readonly #rates = new Map<string, MessageRate>();

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** False where the message of this address is one too many; an IPv6 network counts as one source. */
  take(address: string): boolean {
    const source = sourceNetwork(address);
    const rate = this.#rates.get(source) ?? new MessageRate(this.#perSecond);
    this.#rates.delete(source);
    this.#rates.set(source, rate);
    if (this.#rates.size > MAX_SOURCES) {
      const oldest = this.#rates.keys().next();
      if (!oldest.done) this.#rates.delete(oldest.value);
    }
    return rate.take();
  }
}
