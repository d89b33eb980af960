const SMALL_BYTES = 2048;

/** Memory of held-back packets, shared by the streams of a thread so that a burst on one does not stay with it. */
export class PacketPool {
  readonly #free: Buffer[] = [];
  readonly #maxFree: number;

  constructor(maxFree = 256) {
    this.#maxFree = maxFree;
  }

  take(bytes: number): Buffer {
    if (bytes > SMALL_BYTES) return Buffer.allocUnsafeSlow(bytes);
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(SMALL_BYTES);
  }

  give(buffer: Buffer): void {
    if (buffer.length === SMALL_BYTES && this.#free.length < this.#maxFree) this.#free.push(buffer);
  }
}

/** One pool a thread (each worker thread has its own module instance). */
export const sharedPacketPool = new PacketPool();
