/** Something that has packets waiting. */
export interface Paced {
  /** Sends the next burst; true = more is waiting. */
  sendBurst(): boolean;
}

/** Packets that one output sends at once; the rest of a large key frame follows burst by burst. */
export const BURST_PACKETS = 64;
const TICK_MS = 1;

/** One timer for all outputs of a thread, which exists only while something waits. */
export class Pacer {
  readonly #waiting = new Set<Paced>();
  #timer: NodeJS.Timeout | undefined;

  schedule(paced: Paced): void {
    this.#waiting.add(paced);
    this.#timer ??= setTimeout(() => this.#tick(), TICK_MS);
  }

  remove(paced: Paced): void {
    this.#waiting.delete(paced);
    if (this.#waiting.size === 0) this.close();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting.clear();
  }

  #tick(): void {
    for (const paced of this.#waiting) if (!paced.sendBurst()) this.#waiting.delete(paced);
    this.#timer = this.#waiting.size === 0 ? undefined : setTimeout(() => this.#tick(), TICK_MS);
  }
}
