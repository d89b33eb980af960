import { forEachFramedPacket } from './framed-packets.ts';

const MEMORY_BYTES = 131_072;
/** Arrival (64-bit floating point), bytes (32 bits). */
const PIECE_HEADER_BYTES = 12;
/** What may wait for a thread that does not keep up, e.g. because the disk stalls: 16 s of 4 Mbit/s. */
const MAX_WAITING_BYTES = 8 * 1_048_576;
const MAX_FREE = 4;

export interface PacketBatchEvents {
  /** The memory is handed over and comes back by `give`. */
  onPackets(memory: ArrayBuffer, length: number): void;
  onSkipped(packets: number): void;
}

/**
 * Collects what a tap tells and hands it to the record thread some times a second. The pieces are copied: a tap's memory
 * is shared by all readers of the stream.
 */
export class PacketBatch {
  readonly #events: PacketBatchEvents;
  readonly #free: ArrayBuffer[] = [];
  #memory: Buffer<ArrayBuffer> = Buffer.alloc(0);
  #length = 0;
  #waitingBytes = 0;
  #skipped = 0;

  constructor(events: PacketBatchEvents) {
    this.#events = events;
  }

  push(data: Uint8Array, arrivalMs: number): void {
    const bytes = data.length + PIECE_HEADER_BYTES;
    if (this.#length + bytes > this.#memory.length) {
      this.flush();
      if (this.#waitingBytes + bytes > MAX_WAITING_BYTES) {
        this.#skipped += forEachFramedPacket(Buffer.from(data.buffer, data.byteOffset, data.length), () => undefined);
        return;
      }
      this.#memory = this.#take(bytes);
      this.#tellSkipped();
    }
    const at = this.#length;
    this.#memory.writeDoubleLE(arrivalMs, at);
    this.#memory.writeUInt32LE(data.length, at + 8);
    this.#memory.set(data, at + PIECE_HEADER_BYTES);
    this.#length = at + bytes;
  }

  flush(): void {
    if (this.#length === 0) return;
    const memory = this.#memory.buffer;
    const length = this.#length;
    this.#waitingBytes += memory.byteLength;
    this.#memory = Buffer.alloc(0);
    this.#length = 0;
    this.#events.onPackets(memory, length);
  }

  /** Nothing more comes: what was left out last is told, too. */
  end(): void {
    this.flush();
    this.#tellSkipped();
  }

  /** The thread is done with it. */
  give(memory: ArrayBuffer): void {
    this.#waitingBytes -= memory.byteLength;
    if (memory.byteLength === MEMORY_BYTES && this.#free.length < MAX_FREE) this.#free.push(memory);
  }

  #tellSkipped(): void {
    if (this.#skipped > 0) this.#events.onSkipped(this.#skipped);
    this.#skipped = 0;
  }

  #take(bytes: number): Buffer<ArrayBuffer> {
    const free = bytes <= MEMORY_BYTES ? this.#free.pop() : undefined;
    return Buffer.from(free ?? new ArrayBuffer(Math.max(bytes, MEMORY_BYTES)));
  }
}
