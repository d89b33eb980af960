import { FailureLimit } from '../../util/index.ts';

/** A password check takes tens of milliseconds of a thread; more at once only helps an attacker. */
const MAX_CONCURRENT = 4;

/** Failed logins by source, and password checks that run at once. */
export class LoginLimit {
  readonly #failures: FailureLimit;
  #running = 0;

  constructor(maxPerMinute: number, now: () => number = Date.now) {
    this.#failures = new FailureLimit(maxPerMinute, now);
  }

  /** Seconds to wait, 0 = go ahead. */
  retryAfterSec(address: string): number {
    const waitSec = this.#failures.waitSec(address);
    if (waitSec > 0) return waitSec;
    return this.#running >= MAX_CONCURRENT ? 1 : 0;
  }

  /** Runs one check and counts its failure. A try counts until it has succeeded, so that parallel ones count too. */
  async attempt(address: string, check: () => Promise<boolean>): Promise<boolean> {
    this.#failures.count(address);
    this.#running += 1;
    try {
      const ok = await check();
      if (ok) this.#failures.forget(address);
      return ok;
    } finally {
      this.#running -= 1;
    }
  }
}
