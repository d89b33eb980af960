const ARENA_BYTES = 1_048_576;

/**
 * Memory of packets between `Socket.send` and the system call, which Node makes only after the current callback
 * (`process.nextTick`): by then the packetizer's or the queue's memory may hold other packets. Used again once the event
 * loop has gone round.
 */
export class SendArena {
  #chunk = Buffer.allocUnsafeSlow(ARENA_BYTES);
  #length = 0;
  #resetting = false;
  readonly #reset = (): void => {
    this.#resetting = false;
    this.#length = 0;
  };

  /** A copy that stays as it is until the packet is sent. */
  copy(source: Buffer, start: number, end: number): Buffer {
    const bytes = end - start;
    if (this.#length + bytes > this.#chunk.length) {
      // What was handed out lives on as long as it is referenced.
      this.#chunk = Buffer.allocUnsafeSlow(Math.max(ARENA_BYTES, bytes));
      this.#length = 0;
    }
    if (!this.#resetting) {
      this.#resetting = true;
      setImmediate(this.#reset);
    }
    const copy = this.#chunk.subarray(this.#length, this.#length + bytes);
    source.copy(copy, 0, start, end);
    this.#length += bytes;
    return copy;
  }
}
