import { WheelEntry, type ExpiryWheel } from './transaction/wheel.ts';
import type { AssumedAnswer } from './types.ts';

/** What speaks for an INVITE being answered although no final response came (see `OutgoingRequest.assumedAnswer`). */
export class AnswerEvidence {
  readonly #options: AssumedAnswer;
  readonly #wheel: ExpiryWheel;
  readonly #onChange: () => void;
  readonly #timer = new WheelEntry(() => this.#handleLate());
  #late = false;
  #proven = false;
  #stopped = false;

  /** `onChange` is called when `late` or `proven` has become true, until stopped. */
  constructor(options: AssumedAnswer, wheel: ExpiryWheel, onChange: () => void) {
    this.#options = options;
    this.#wheel = wheel;
    this.#onChange = onChange;
  }

  /** The time for a final response is over. */
  get late(): boolean {
    return this.#late;
  }

  /** The peer has shown that it answered. */
  get proven(): boolean {
    return this.#proven;
  }

  start(): void {
    this.#wheel.schedule(this.#timer, this.#options.afterMs);
    this.#options.proof.then(
      () => {
        this.#proven = true;
        if (!this.#stopped) this.#onChange();
      },
      () => undefined,
    );
  }

  stop(): void {
    this.#stopped = true;
    this.#wheel.cancel(this.#timer);
  }

  #handleLate(): void {
    this.#late = true;
    this.#onChange();
  }
}
