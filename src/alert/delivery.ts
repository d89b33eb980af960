import { errorMessage, type Logger } from '../util/index.ts';
import type { Alert } from './types.ts';

const MAX_WAITING = 100;
const MAX_ATTEMPTS = 12;
const RETRY_MAX_MS = 300_000;

export interface DeliveryOptions {
  readonly burst: number;
  readonly intervalMs: number;
  readonly retryMs: number;
  /** Rejects where it should be tried again. `dropped` alerts before this one reached nobody. */
  readonly deliver: (alert: Alert, dropped: number) => Promise<unknown>;
  readonly log: Logger;
}

/**
 * One way to people: alerts in their order, each until it has arrived or has failed 12 times. At most 100 wait, then
 * the oldest go; not more than `burst` at once and one each `intervalMs`.
 */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #waiting: Alert[] = [];
  #dropped = 0;
  #tokens: number;
  #filledAt = Date.now();
  #timer: NodeJS.Timeout | undefined;
  #attempts = 0;
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#tokens = options.burst;
  }

  push(alert: Alert): void {
    if (this.#closed) return;
    this.#waiting.push(alert);
    if (this.#waiting.length > MAX_WAITING) {
      this.#waiting.shift();
      this.#attempts = 0;
      this.#drop();
    }
    this.#next();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  #drop(): void {
    this.#dropped += 1;
    this.#options.log.warn({ dropped: this.#dropped, limit: MAX_WAITING }, 'alert dropped');
  }

  /** Goes on, now or when it may. */
  #next(): void {
    if (this.#closed || this.#running !== undefined || this.#timer !== undefined) return;
    const [alert] = this.#waiting;
    if (alert === undefined) return;
    const wait = this.#attempts > 0 ? 0 : this.#waitMs();
    if (wait > 0) return this.#later(wait);
    if (this.#attempts === 0) this.#tokens -= 1;
    this.#running = this.#deliver(alert).then((retryMs) => {
      this.#running = undefined;
      if (retryMs > 0) this.#later(retryMs);
      else this.#next();
    });
  }

  #later(ms: number): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#next();
    }, ms);
  }

  /** Until one more may go. */
  #waitMs(): number {
    const { burst, intervalMs } = this.#options;
    const now = Date.now();
    const gained = Math.floor((now - this.#filledAt) / intervalMs);
    if (gained > 0) {
      this.#tokens = Math.min(burst, this.#tokens + gained);
      this.#filledAt += gained * intervalMs;
    }
    return this.#tokens > 0 ? 0 : this.#filledAt + intervalMs - now;
  }

  /** Resolves with how long to wait for the next attempt; 0 = it is over. */
  async #deliver(alert: Alert): Promise<number> {
    const { deliver, retryMs, log } = this.#options;
    const dropped = this.#dropped;
    try {
      await deliver(alert, dropped);
      this.#dropped -= dropped;
    } catch (error) {
      if (this.#closed) return 0;
      this.#attempts += 1;
      const { part, event } = alert;
      log.warn({ alert: part, event, attempts: this.#attempts, error: errorMessage(error) }, 'alert not delivered');
      const first = this.#waiting[0] === alert;
      if (first && this.#attempts < MAX_ATTEMPTS) {
        return Math.min(RETRY_MAX_MS, retryMs * 2 ** (this.#attempts - 1));
      }
      if (first) this.#drop();
    }
    this.#attempts = 0;
    if (this.#waiting[0] === alert) this.#waiting.shift();
    return 0;
  }
}
