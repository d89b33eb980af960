import { StreamOwnerGoneError } from './errors.ts';

/** What a member has asked for is done long before so many others have left. */
const MAX_FORMER = 20_000;

/** Members of rooms that have left: what they had asked for before must not open behind them. */
export class FormerOwners {
  readonly #ids = new Set<string>();

  add(owner: string): void {
    this.#ids.add(owner);
    const [oldest] = this.#ids;
    if (this.#ids.size > MAX_FORMER && oldest !== undefined) this.#ids.delete(oldest);
  }

  /** What was opened, unless its owner has left meanwhile: then it is closed. @throws StreamOwnerGoneError */
  async keep<T>(owner: string | undefined, opening: Promise<T>, close: (opened: T) => void): Promise<T> {
    const opened = await opening;
    if (owner === undefined || !this.#ids.has(owner)) return opened;
    close(opened);
    throw new StreamOwnerGoneError('the member has left its room');
  }
}
