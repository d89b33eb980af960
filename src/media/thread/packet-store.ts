const CHUNK_BYTES = 65_536;
const LENGTH_BYTES = 2;

/** Takes a packet in `buffer[start, end)`, valid during the call. */
export type PacketVisitor = (buffer: Buffer, start: number, end: number) => void;

/** Memory of the packet stores of one thread: given back by one, used by the next, so that idle streams hold none. */
export class ChunkPool {
  readonly #free: Buffer[] = [];
  readonly #maxFree: number;

  constructor(maxFree = 32) {
    this.#maxFree = maxFree;
  }

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
  }

  give(chunk: Buffer): void {
    if (this.#free.length < this.#maxFree) this.#free.push(chunk);
  }
}

/** Copies of packets in order, first in first out, bounded in bytes; memory comes from the pool in chunks. */
export class PacketStore {
  readonly #pool: ChunkPool;
  readonly #maxBytes: number;
  readonly #chunks: Buffer[] = [];
  readonly #chunkEnds: number[] = [];
  #readOffset = 0;
  #packets = 0;

  constructor(pool: ChunkPool, maxBytes: number) {
    this.#pool = pool;
    this.#maxBytes = maxBytes;
  }

  get packets(): number {
    return this.#packets;
  }

  /** False = the bound is reached, or the packet is larger than any that RTP over Ethernet has; nothing was stored. */
  append(source: Buffer, start: number, end: number): boolean {
    const length = end - start;
    if (length + LENGTH_BYTES > CHUNK_BYTES) return false;
    let last = this.#chunks.length - 1;
    let offset = last < 0 ? CHUNK_BYTES : this.#chunkEnds[last]!;
    if (offset + LENGTH_BYTES + length > CHUNK_BYTES) {
      if ((this.#chunks.length + 1) * CHUNK_BYTES > this.#maxBytes) return false;
      last = this.#chunks.push(this.#pool.take()) - 1;
      offset = 0;
    }
    const chunk = this.#chunks[last]!;
    chunk[offset] = length >>> 8;
    chunk[offset + 1] = length & 0xff;
    source.copy(chunk, offset + LENGTH_BYTES, start, end);
    this.#chunkEnds[last] = offset + LENGTH_BYTES + length;
    this.#packets += 1;
    return true;
  }

  /** Visits and removes up to `max` packets. */
  drain(max: number, visit: PacketVisitor): void {
    for (let count = 0; count < max && this.#packets > 0; count += 1) {
      const chunk = this.#chunks[0]!;
      const start = this.#readOffset + LENGTH_BYTES;
      const end = start + ((chunk[this.#readOffset]! << 8) | chunk[this.#readOffset + 1]!);
      visit(chunk, start, end);
      this.#packets -= 1;
      this.#readOffset = end;
      if (end < this.#chunkEnds[0]! && this.#packets > 0) continue;
      this.#chunks.shift();
      this.#chunkEnds.shift();
      this.#pool.give(chunk);
      this.#readOffset = 0;
    }
  }

  /** Visits all packets and keeps them. */
  forEach(visit: PacketVisitor): void {
    let offset = this.#readOffset;
    for (const [index, chunk] of this.#chunks.entries()) {
      while (offset < this.#chunkEnds[index]!) {
        const start = offset + LENGTH_BYTES;
        const end = start + ((chunk[offset]! << 8) | chunk[offset + 1]!);
        visit(chunk, start, end);
        offset = end;
      }
      offset = 0;
    }
  }

  clear(): void {
    for (const chunk of this.#chunks) this.#pool.give(chunk);
    this.#chunks.length = 0;
    this.#chunkEnds.length = 0;
    this.#readOffset = 0;
    this.#packets = 0;
  }
}
