import { nextSequence } from '../rtp/sequence.ts';

const HEADER_BYTES = 12;
const VERSION_2 = 0x80;
const MARKER_BIT = 0x80;

/** Writes RTP packets one behind the other into one buffer that grows and is used again. */
export class RtpWriter {
  readonly #ssrc: number;
  readonly #payloadType: number;
  #sequenceNumber: number;
  buffer: Buffer;
  /** Where the next byte goes. */
  length = 0;
  #packetStart = 0;

  constructor(ssrc: number, payloadType: number, firstBytes: number) {
    this.#ssrc = ssrc >>> 0;
    this.#payloadType = payloadType & 0x7f;
    // RFC 3550 §5.1: a random start; below 2^15, so that a receiver's roll-over count starts right (RFC 3711 §3.3.1).
    this.#sequenceNumber = Math.floor(Math.random() * 0x8000);
    this.buffer = Buffer.allocUnsafeSlow(firstBytes);
  }

  /** Forgets the packets so far; makes sure of room for what comes. */
  reset(bytes: number): void {
    this.length = 0;
    if (bytes > this.buffer.length) this.buffer = Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(bytes)));
  }

  /** Writes a header; the payload follows from `length` on. */
  begin(timestamp: number, marker: boolean): void {
    const { buffer } = this;
    let at = this.length;
    this.#packetStart = at;
    buffer[at++] = VERSION_2;
    buffer[at++] = (marker ? MARKER_BIT : 0) | this.#payloadType;
    buffer[at++] = this.#sequenceNumber >>> 8;
    buffer[at++] = this.#sequenceNumber;
    at = this.#writeUint32(timestamp, at);
    at = this.#writeUint32(this.#ssrc, at);
    this.length = this.#packetStart + HEADER_BYTES;
    this.#sequenceNumber = nextSequence(this.#sequenceNumber);
  }

  copy(source: Buffer, start: number, end: number): void {
    source.copy(this.buffer, this.length, start, end);
    this.length += end - start;
  }

  byte(value: number): void {
    this.buffer[this.length++] = value;
  }

  /** Offset of the packet that was begun last. */
  get packetStart(): number {
    return this.#packetStart;
  }

  #writeUint32(value: number, at: number): number {
    const { buffer } = this;
    buffer[at] = value >>> 24;
    buffer[at + 1] = value >>> 16;
    buffer[at + 2] = value >>> 8;
    buffer[at + 3] = value;
    return at + 4;
  }
}
