import { backoffMs } from './backoff.ts';

/** Does something until it has worked once; begun anew, it does not heed what it did before. */
export class Persistent {
  readonly #work: () => Promise<unknown>;
  #turn = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(work: () => Promise<unknown>) {
    this.#work = work;
  }

  start(): void {
    this.stop();
    void this.#try(this.#turn, 0);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#turn++;
  }

  async #try(turn: number, attempt: number): Promise<void> {
    try {
      await this.#work();
    } catch {
      if (turn !== this.#turn) return;
      this.#timer = setTimeout(() => void this.#try(turn, attempt + 1), backoffMs(attempt));
    }
  }
}
