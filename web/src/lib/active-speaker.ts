/** Linear level (0 to 1) from which somebody counts as speaking: breathing and fans stay below. */
const SPEAKING_LEVEL = 0.02;
/** A pause between two words ends nobody's turn. */
const HOLD_MS = 1500;
/** Who interrupts must be so much louder to take over at once. */
const LOUDER = 2;

/** Who speaks, without the frame jumping at every cough. */
export class ActiveSpeaker {
  #current: string | undefined;
  #heardAt = 0;

  /** Levels by endpoint, as they are now; `now` in ms. */
  update(levels: ReadonlyMap<string, number>, now: number): string | undefined {
    const [loudest, level] = [...levels].reduce<readonly [string | undefined, number]>(
      (best, entry) => (entry[1] > best[1] ? entry : best),
      [undefined, 0],
    );
    const own = this.#current === undefined ? 0 : (levels.get(this.#current) ?? 0);
    if (own >= SPEAKING_LEVEL) this.#heardAt = now;
    const over = now - this.#heardAt >= HOLD_MS || (this.#current !== undefined && !levels.has(this.#current));
    const interrupted = own >= SPEAKING_LEVEL && level > own * LOUDER;
    if (this.#current !== undefined && !over && !interrupted) return this.#current;
    this.#current = level >= SPEAKING_LEVEL ? loudest : undefined;
    if (this.#current !== undefined) this.#heardAt = now;
    return this.#current;
  }
}
