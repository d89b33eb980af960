/** Reads bits of an RBSP (ITU-T H.264 7.2, 9.1); past the end it reads zeros and `exhausted` becomes true. */
export class BitReader {
  readonly #bytes: Uint8Array;
  readonly #bits: number;
  #position: number;

  constructor(bytes: Uint8Array, startByte = 0) {
    this.#bytes = bytes;
    this.#bits = bytes.length * 8;
    this.#position = startByte * 8;
  }

  get exhausted(): boolean {
    return this.#position > this.#bits;
  }

  bit(): number {
    const at = this.#position++;
    return at < this.#bits ? (this.#bytes[at >> 3]! >> (7 - (at & 7))) & 1 : 0;
  }

  /** Up to 32 bits. */
  bits(count: number): number {
    let value = 0;
    for (let index = 0; index < count; index++) value = value * 2 + this.bit();
    return value;
  }

  skip(count: number): void {
    this.#position += count;
  }

  /** ue(v), H.264 9.1; more than 32 leading zeros are no number and exhaust the reader. */
  ue(): number {
    let zeros = 0;
    while (this.bit() === 0) {
      if (++zeros > 32 || this.exhausted) {
        this.#position = this.#bits + 1;
        return 0;
      }
    }
    return 2 ** zeros - 1 + this.bits(zeros);
  }

  /** se(v), H.264 9.1.1. */
  se(): number {
    const code = this.ue();
    return code % 2 === 0 ? -code / 2 : (code + 1) / 2;
  }
}

/** Removes emulation prevention bytes (H.264 7.4.1) from at most `limit` bytes of a NAL unit. */
export function unescapeRbsp(nalu: Uint8Array, limit = 512): Uint8Array {
  const length = Math.min(nalu.length, limit);
  const rbsp = new Uint8Array(length);
  let written = 0;
  let zeros = 0;
  for (let index = 0; index < length; index++) {
    const byte = nalu[index]!;
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    rbsp[written++] = byte;
  }
  return rbsp.subarray(0, written);
}
