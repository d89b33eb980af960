import type { PacketVisitor } from './packet-store.ts';

/** Packets of one bundle; a large key frame is several bundles. */
export const BUNDLE_PACKETS = 32;
const BUNDLE_BYTES = 61_440;
const HEADER_BYTES = 4;
const ALIGNMENT = 4;

/** No RTP, RTCP, STUN or DTLS packet begins like this (RFC 7983). Alone it asks whether bundles are understood; the answer is its echo. */
export const BUNDLE_MARK: Buffer = Buffer.from('gbrb', 'latin1');

/**
 * Packets that go to the mediasoup worker as one datagram, because a system call per packet costs more than all else that
 * is done with a packet here. The mark, then for each packet its length (16 bits), 16 zero bits, and the packet, padded
 * to a multiple of four bytes. Workers that are built by this project take it, and say so.
 */
export class PacketBundle {
  readonly #buffer = Buffer.allocUnsafeSlow(BUNDLE_BYTES);
  #length = BUNDLE_MARK.copy(this.#buffer);
  #packets = 0;
  #payloadBytes = 0;
  #lastStart = 0;

  get packets(): number {
    return this.#packets;
  }

  /** Bytes of all packets. */
  get packetBytes(): number {
    return this.#payloadBytes;
  }

  /** Where the latest packet begins in `buffer`. */
  get lastStart(): number {
    return this.#lastStart;
  }

  /** The datagram is its first `length` bytes. */
  get buffer(): Buffer {
    return this.#buffer;
  }

  get length(): number {
    return this.#length;
  }

  /** False = there is no room. */
  append(source: Buffer, start: number, end: number): boolean {
    const length = end - start;
    const next = this.#length + HEADER_BYTES + Math.ceil(length / ALIGNMENT) * ALIGNMENT;
    if (this.#packets === BUNDLE_PACKETS || next > BUNDLE_BYTES) return false;
    const buffer = this.#buffer;
    buffer[this.#length] = length >>> 8;
    buffer[this.#length + 1] = length & 0xff;
    buffer[this.#length + 2] = 0;
    buffer[this.#length + 3] = 0;
    this.#lastStart = this.#length + HEADER_BYTES;
    source.copy(buffer, this.#lastStart, start, end);
    buffer.fill(0, this.#lastStart + length, next);
    this.#length = next;
    this.#packets += 1;
    this.#payloadBytes += length;
    return true;
  }

  forEach(visit: PacketVisitor): void {
    const buffer = this.#buffer;
    for (let offset = BUNDLE_MARK.length; offset < this.#length;) {
      const start = offset + HEADER_BYTES;
      const end = start + ((buffer[offset]! << 8) | buffer[offset + 1]!);
      visit(buffer, start, end);
      offset = start + Math.ceil((end - start) / ALIGNMENT) * ALIGNMENT;
    }
  }

  clear(): void {
    this.#length = BUNDLE_MARK.length;
    this.#packets = 0;
    this.#payloadBytes = 0;
  }
}
