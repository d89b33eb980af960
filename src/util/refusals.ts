import type { Logger } from './logger.ts';

/** What was refused, by reason. A flood of refusals must not become a flood of lines in the log. */
export class Refusals<Reason extends string> {
  readonly #counts: Record<Reason, number>;
  #told = 0;

  /** `nothing` has all reasons, each with 0. */
  constructor(nothing: Readonly<Record<Reason, number>>) {
    this.#counts = { ...nothing };
  }

  /** All reasons are there. */
  get counts(): Readonly<Record<Reason, number>> {
    return { ...this.#counts };
  }

  count(reason: Reason): void {
    this.#counts[reason] += 1;
  }

  /** Called regularly: one line for all since the last one. */
  tell(log: Logger, message: string): void {
    const total = Object.values<number>(this.#counts).reduce((sum, count) => sum + count, 0);
    if (total === this.#told) return;
    log.warn({ since: total - this.#told, ...this.#counts }, message);
    this.#told = total;
  }
}
