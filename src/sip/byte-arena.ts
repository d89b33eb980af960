const CHUNK_BYTES = 64 * 1024;

/**
 * Copies for what is kept for a while and let go in order. A slice of Node's shared pool, or of the chunk that a
 * socket delivered, would hold 64 KiB of strangers for as long as it lives; here the neighbours leave together.
 */
export class ByteArena {
  #chunk: Buffer | undefined;
  #used = 0;

  keep(bytes: Uint8Array): Buffer {
    const { length } = bytes;
    if (length > CHUNK_BYTES / 4) {
      const own = Buffer.allocUnsafeSlow(length);
      own.set(bytes);
      return own;
    }
    if (this.#chunk === undefined || this.#used + length > CHUNK_BYTES) {
      this.#chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += length;
    this.#chunk.set(bytes, start);
    return this.#chunk.subarray(start, this.#used);
  }
}

/** V8 keeps shorter texts apart by itself. */
const SLICED_FROM = 13;

/** The same text without the message that it was cut from: a slice of a string keeps all of that string. */
export function ownText(text: string): string {
  return text.length < SLICED_FROM ? text : Buffer.from(text, 'utf8').toString('utf8');
}
