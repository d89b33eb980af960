/** Reads bits of a header; past the end it reads zeros and `exhausted` becomes true. */
export class HeaderBits {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get exhausted(): boolean {
    return this.#position > this.#bytes.length * 8;
  }

  get position(): number {
    return this.#position;
  }

  flag(): boolean {
    return this.bits(1) === 1;
  }

  /** Up to 32 bits. */
  bits(count: number): number {
    let value = 0;
    for (let index = 0; index < count; index++) {
      const at = this.#position++;
      value = value * 2 + (((this.#bytes[at >> 3] ?? 0) >> (7 - (at & 7))) & 1);
    }
    return value;
  }

  skip(count: number): void {
    this.#position += count;
  }
}
