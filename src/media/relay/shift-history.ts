/** Power of two: a late packet that comes behind more than so many others is not late but numbered anew. */
export const HISTORY_PACKETS = 1024;

/** By how much the numbers of the latest packets were shifted when they left, for those of them that come late. */
export class ShiftHistory {
  readonly #numbers = new Int32Array(HISTORY_PACKETS).fill(-1);
  readonly #shifts = new Uint16Array(HISTORY_PACKETS);

  set(sequenceNumber: number, shift: number): void {
    const slot = sequenceNumber & (HISTORY_PACKETS - 1);
    this.#numbers[slot] = sequenceNumber;
    this.#shifts[slot] = shift;
  }

  get(sequenceNumber: number): number | undefined {
    const slot = sequenceNumber & (HISTORY_PACKETS - 1);
    return this.#numbers[slot] === sequenceNumber ? this.#shifts[slot] : undefined;
  }

  clear(): void {
    this.#numbers.fill(-1);
  }
}
