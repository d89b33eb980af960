const EMPTY = Buffer.alloc(0);
const FIRST_BYTES = 32 * 1024;
/** A start code behind the last byte stops a search there without a copy of the range. */
const SENTINEL_BYTES = 3;

/** Memory of the access unit in progress: grows to what the stream needs and is used again for each unit. */
export class FrameBuffer {
  readonly #maxBytes: number;
  bytes: Buffer = EMPTY;
  length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** False when the unit would be larger than the bound; nothing is appended then. */
  append(source: Buffer, start: number, end: number): boolean {
    const length = this.length + end - start;
    if (length + SENTINEL_BYTES > this.bytes.length && !this.#grow(length)) return false;
    source.copy(this.bytes, this.length, start, end);
    this.length = length;
    return true;
  }

  /** Writes 00 00 01 behind the last byte. */
  seal(): void {
    const { bytes, length } = this;
    bytes[length] = 0;
    bytes[length + 1] = 0;
    bytes[length + 2] = 1;
  }

  clear(): void {
    this.length = 0;
  }

  #grow(length: number): boolean {
    if (length > this.#maxBytes) return false;
    const wanted = 2 ** Math.ceil(Math.log2(Math.max(FIRST_BYTES, length + SENTINEL_BYTES)));
    const grown = Buffer.allocUnsafeSlow(Math.min(wanted, this.#maxBytes + SENTINEL_BYTES));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
    return true;
  }
}
