import { readUint32, RTP_HEADER_BYTES } from './rtp-packet.ts';
import {
  detectTcpFraming,
  EHOME_HEADER_BYTES,
  INTERLEAVED_MAGIC,
  isPlausiblePacket,
  type FramingKnowledge,
  type TcpFraming,
} from './tcp-framing.ts';
import { findPacketBySsrc, findPacketByStartCode, RESYNC_KEEP_BYTES } from './tcp-resync.ts';

/** What is added to the rest at a time while a packet start is looked for. */
const SEARCH_STEP_BYTES = 1024;
const FIRST_TAIL_BYTES = 4096;

/** Receives the packets of a TCP connection. */
export interface FramerSink {
  /** An RTP or RTCP packet in `buffer[start, end)`, valid during the call. */
  onFrame(buffer: Buffer, start: number, end: number): void;
  /** Bytes were skipped to find the next packet; told before that packet. */
  onDiscontinuity(): void;
}

/**
 * Cuts a TCP byte stream into RTP packets: RFC 4571, RTSP interleaved or EHOME, found out from the first bytes. Packets
 * within a chunk are not copied; only one that straddles chunks is. A lost packet boundary is found again by the SSRC or
 * by a PS start code (quirks P3); the connection is never given up.
 */
export class Rfc4571Framer implements FramingKnowledge {
  readonly #sink: FramerSink;
  #tail = Buffer.alloc(0);
  #tailLength = 0;
  /** Bytes that the tail must have before it is worth a look. */
  #needed = 0;
  #framing: TcpFraming | undefined;
  #synced = true;
  ssrc = -1;
  payloadType = -1;
  bytesEnd = 0;
  frames = 0;
  resyncs = 0;
  skippedBytes = 0;

  constructor(sink: FramerSink) {
    this.#sink = sink;
  }

  /** The SSRC of the SDP, if the caller knows it; else that of the first packet is used. */
  setSsrc(ssrc: number): void {
    this.ssrc = ssrc;
  }

  get framing(): TcpFraming | undefined {
    return this.#framing;
  }

  /** Bytes held over for the next chunk. */
  get pendingBytes(): number {
    return this.#tailLength;
  }

  push(chunk: Buffer): void {
    let position = 0;
    while (this.#tailLength > 0) {
      const wanted = Math.max(this.#synced ? 1 : SEARCH_STEP_BYTES, this.#needed - this.#tailLength);
      const taken = Math.min(wanted, chunk.length - position);
      if (taken === 0) return;
      this.#appendToTail(chunk, position, position + taken);
      position += taken;
      if (this.#tailLength < this.#needed) return;
      const consumed = this.#parse(this.#tail, 0, this.#tailLength);
      if (consumed > 0) this.#tail.copyWithin(0, consumed, this.#tailLength);
      this.#tailLength -= consumed;
    }
    position = this.#parse(chunk, position, chunk.length);
    if (position < chunk.length) this.#appendToTail(chunk, position, chunk.length);
  }

  #appendToTail(source: Buffer, start: number, end: number): void {
    const length = this.#tailLength + end - start;
    if (length > this.#tail.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(FIRST_TAIL_BYTES, 2 ** Math.ceil(Math.log2(length))));
      this.#tail.copy(grown, 0, 0, this.#tailLength);
      this.#tail = grown;
    }
    source.copy(this.#tail, this.#tailLength, start, end);
    this.#tailLength = length;
  }

  /** Returns where the first incomplete frame starts; `#needed` says how many bytes it takes to go on. */
  #parse(buffer: Buffer, start: number, end: number): number {
    let position = start;
    this.bytesEnd = end;
    while (position < end) {
      const step = this.#synced ? this.#parseFrame(buffer, position, end) : this.#search(buffer, position, end);
      if (step === 0) break;
      position += step;
    }
    return position;
  }

  /** Bytes consumed; 0 = incomplete. */
  #parseFrame(buffer: Buffer, position: number, end: number): number {
    this.#framing ??= detectTcpFraming(buffer, position, end);
    if (this.#framing === undefined) {
      this.#needed = end - position < 5 ? 5 : EHOME_HEADER_BYTES + 1;
      return 0;
    }
    const headerBytes = this.#headerBytes(buffer, position, end);
    if (headerBytes === 0) return 0;
    this.#needed = headerBytes + 4;
    if (end - position < headerBytes) return 0;
    const packet = position + headerBytes;
    const length = (buffer[packet - 2]! << 8) | buffer[packet - 1]!;
    // RFC 4571 §2 allows a null packet.
    if (length === 0) return headerBytes;
    this.#needed = headerBytes + Math.min(Math.max(length, 4), RTP_HEADER_BYTES);
    if (end - position < this.#needed) return 0;
    if (!this.#isFrameStart(buffer, position, headerBytes) || !isPlausiblePacket(buffer, packet, length, this)) {
      this.#synced = false;
      this.resyncs++;
      this.skippedBytes++;
      return 1;
    }
    this.#needed = headerBytes + length;
    if (end - position < this.#needed) return 0;
    this.#emit(buffer, packet, packet + length);
    return this.#needed;
  }

  /** Length field included; 0 = more bytes are needed to tell. */
  #headerBytes(buffer: Buffer, position: number, end: number): number {
    if (this.#framing === 'rfc4571') return 2;
    if (this.#framing === 'interleaved' || buffer[position] === INTERLEAVED_MAGIC) return 4;
    this.#needed = EHOME_HEADER_BYTES + 4;
    return end - position < this.#needed ? 0 : this.#needed;
  }

  #isFrameStart(buffer: Buffer, position: number, headerBytes: number): boolean {
    return this.#framing === 'rfc4571' || buffer[position + headerBytes - 4] === INTERLEAVED_MAGIC;
  }

  #emit(buffer: Buffer, start: number, end: number): void {
    let first = start;
    if (this.#framing === 'ehome' && end - start > RTP_HEADER_BYTES && buffer[start + RTP_HEADER_BYTES] === 0x0d) {
      // EHOME puts a carriage return between RTP header and payload.
      buffer.copyWithin(start + 1, start, start + RTP_HEADER_BYTES);
      first = start + 1;
    }
    this.frames++;
    if (end - first >= RTP_HEADER_BYTES && (buffer[first + 1]! < 200 || buffer[first + 1]! > 207)) {
      this.payloadType = buffer[first + 1]! & 0x7f;
      if (this.ssrc < 0) this.ssrc = readUint32(buffer, first + 8);
    }
    this.#sink.onFrame(buffer, first, end);
  }

  /** Bytes skipped; 0 = no packet start in sight, `RESYNC_KEEP_BYTES` are kept. */
  #search(buffer: Buffer, position: number, end: number): number {
    const headerBytes = this.#framing === 'rfc4571' ? 2 : 4;
    const span = { start: position, end, headerBytes };
    let found = this.ssrc < 0 ? -1 : findPacketBySsrc(buffer, span, this.ssrc);
    if (found < 0) found = findPacketByStartCode(buffer, span);
    if (found >= 0) {
      this.#synced = true;
      this.skippedBytes += found - position;
      this.#sink.onDiscontinuity();
      return found - position === 0 ? this.#parseFrame(buffer, position, end) : found - position;
    }
    const skipped = Math.max(0, end - position - RESYNC_KEEP_BYTES);
    this.skippedBytes += skipped;
    this.#needed = end - position - skipped + 1;
    return skipped;
  }
}
