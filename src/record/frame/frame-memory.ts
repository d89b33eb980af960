/** Bound of one frame; a key frame of 4K at the highest bit rates has about 2 MiB. */
export const MAX_FRAME_BYTES = 8 * 1_048_576;
const FIRST_BYTES = 65_536;

/** Memory of what is being put together, used again for each frame or fragment. */
export class FrameMemory {
  readonly #maxBytes: number;
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  length = 0;

  constructor(maxBytes = MAX_FRAME_BYTES) {
    this.#maxBytes = maxBytes;
  }

  get data(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }

  /** False where the frame would exceed the bound; nothing is appended then. */
  append(source: Uint8Array, start: number, end: number): boolean {
    if (!this.#reserve(end - start)) return false;
    this.#bytes.set(source.subarray(start, end), this.length);
    this.length += end - start;
    return true;
  }

  appendByte(byte: number): boolean {
    if (!this.#reserve(1)) return false;
    this.#bytes[this.length] = byte;
    this.length += 1;
    return true;
  }

  appendUint32(value: number): boolean {
    if (!this.#reserve(4)) return false;
    this.length = this.#bytes.writeUInt32BE(value, this.length);
    return true;
  }

  writeUint32(value: number, at: number): void {
    this.#bytes.writeUInt32BE(value, at);
  }

  clear(): void {
    this.length = 0;
  }

  /** Forgets the first bytes. */
  drop(bytes: number): void {
    this.#bytes.copyWithin(0, bytes, this.length);
    this.length -= bytes;
  }

  #reserve(bytes: number): boolean {
    const needed = this.length + bytes;
    if (needed <= this.#bytes.length) return true;
    if (needed > this.#maxBytes) return false;
    const larger = Buffer.allocUnsafeSlow(Math.min(this.#maxBytes, Math.max(needed, this.#bytes.length * 2)));
    larger.set(this.data);
    this.#bytes = larger;
    return true;
  }
}
