import type { RtpView } from '../../media/index.ts';
import { FrameMemory } from './frame-memory.ts';
import type { FrameDepacketizer, FrameSink, PayloadError, VideoFormat } from './types.ts';

/** Longer ones are no parameter sets of a camera, and are not kept. */
export const MAX_PARAMETER_SET_BYTES = 4096;

/** How a codec tells its NAL units apart, and RTP payloads of several or of a part of one. */
export interface NaluSyntax {
  readonly headerBytes: 1 | 2;
  readonly aggregation: number;
  readonly fragmentation: number;
  readonly typeOf: (firstByte: number) => number;
  /** First byte of the unit whose fragment has this first byte and FU header. */
  readonly firstByteOf: (payloadByte: number, fuHeader: number) => number;
  /** A type that is sent as it is. */
  readonly isUnit: (type: number) => boolean;
  readonly isVcl: (type: number) => boolean;
  /** Its picture is one to begin with. */
  readonly isKey: (type: number) => boolean;
  readonly isParameterSet: (type: number) => boolean;
  /** Delimiters and filler. */
  readonly isLeftOut: (type: number) => boolean;
}

/**
 * RTP payloads → access units of NAL units with 32-bit lengths (ISO/IEC 14496-15). An access unit ends where the
 * timestamp changes, because some cameras set the marker on every NAL unit.
 */
export abstract class NaluDepacketizer implements FrameDepacketizer {
  readonly #sink: FrameSink;
  readonly #syntax: NaluSyntax;
  readonly #memory = new FrameMemory();
  #timestamp = -1;
  #naluStart = -1;
  #broken = false;
  #hasVcl = false;
  #isKey = false;

  constructor(sink: FrameSink, syntax: NaluSyntax) {
    this.#sink = sink;
    this.#syntax = syntax;
  }

  push(view: RtpView): void {
    const { packet, payloadStart, payloadEnd, timestamp } = view;
    const { typeOf, isUnit, aggregation, fragmentation, headerBytes } = this.#syntax;
    if (timestamp !== this.#timestamp) {
      this.flush();
      this.#timestamp = timestamp;
    }
    if (payloadStart >= payloadEnd) return;
    const type = typeOf(packet[payloadStart]!);
    if (type === fragmentation) this.#pushFragment(packet, payloadStart, payloadEnd);
    else if (type === aggregation) this.#pushAggregate(packet, payloadStart + headerBytes, payloadEnd);
    else if (isUnit(type)) this.#pushNalu(packet, payloadStart, payloadEnd);
    else this.#sink.onPayloadError('payload_unsupported');
  }

  gap(): void {
    this.#broken = true;
    this.#naluStart = -1;
  }

  flush(): void {
    if (this.#naluStart >= 0) this.#break('frame_incomplete');
    if (this.#hasVcl && !this.#broken) this.#tell();
    this.#memory.clear();
    this.#broken = false;
    this.#hasVcl = false;
    this.#isKey = false;
    this.#naluStart = -1;
  }

  /** Of what is kept; the same object until that changes. */
  protected abstract format(): VideoFormat | undefined;
  /** Parameter sets in front of each key frame. */
  protected abstract setsInSamples(): readonly Buffer[];
  protected abstract keepParameterSet(type: number, nalu: Buffer): void;

  /** RFC 6184 §5.7.1, RFC 7798 §4.4.2: sixteen bits of size before each NAL unit. */
  #pushAggregate(packet: Buffer, start: number, end: number): void {
    let at = start;
    while (at + 2 <= end) {
      const size = (packet[at]! << 8) | packet[at + 1]!;
      at += 2;
      if (size === 0 || at + size > end) {
        this.#break('payload_truncated');
        return;
      }
      this.#pushNalu(packet, at, at + size);
      at += size;
    }
  }

  #pushNalu(packet: Buffer, start: number, end: number): void {
    if (this.#naluStart >= 0) this.#break('frame_incomplete');
    if (!this.#beginNalu(packet[start]!, packet[start + this.#syntax.headerBytes] ?? 0)) return;
    this.#append(packet, start, end);
    this.#endNalu();
  }

  /** RFC 6184 §5.8, RFC 7798 §4.4.3: a header like a NAL unit's, FU header (S, E, then the type), fragment. */
  #pushFragment(packet: Buffer, start: number, end: number): void {
    const { headerBytes, firstByteOf } = this.#syntax;
    const body = start + headerBytes + 1;
    if (body >= end) {
      this.#break('payload_truncated');
      return;
    }
    const header = packet[body - 1]!;
    if ((header & 0x80) !== 0) {
      if (this.#naluStart >= 0) this.#break('frame_incomplete');
      const first = firstByteOf(packet[start]!, header);
      if (!this.#beginNalu(first, packet[body]!)) return;
      if (!this.#memory.appendByte(first)) this.#break('frame_too_large');
      this.#append(packet, start + 1, start + headerBytes);
    } else if (this.#naluStart < 0) {
      this.#break('fragment_without_start');
      return;
    }
    this.#append(packet, body, end);
    if ((header & 0x40) !== 0) this.#endNalu();
  }

  /** `bodyByte`: behind the header. */
  #beginNalu(firstByte: number, bodyByte: number): boolean {
    const { typeOf, isVcl, isKey } = this.#syntax;
    const type = typeOf(firstByte);
    // The first slice of a picture says so with its first bit (H.264 7.3.3: first_mb_in_slice is 0; H.265 7.3.6.1),
    // unless packets before it were lost.
    if (isVcl(type) && !this.#hasVcl && (bodyByte & 0x80) === 0) return this.#break('frame_incomplete');
    this.#naluStart = this.#memory.length;
    if (!this.#memory.appendUint32(0)) return this.#break('frame_too_large');
    this.#hasVcl ||= isVcl(type);
    this.#isKey ||= isKey(type);
    return true;
  }

  #append(packet: Buffer, start: number, end: number): void {
    if (this.#naluStart >= 0 && !this.#memory.append(packet, start, end)) this.#break('frame_too_large');
  }

  #endNalu(): void {
    const { typeOf, isParameterSet, isLeftOut } = this.#syntax;
    const start = this.#naluStart;
    this.#naluStart = -1;
    if (start < 0) return;
    const nalu = this.#memory.data.subarray(start + 4);
    const type = typeOf(nalu[0]!);
    if (isParameterSet(type)) this.keepParameterSet(type, nalu);
    if (isParameterSet(type) || isLeftOut(type)) this.#memory.length = start;
    else this.#memory.writeUint32(nalu.length, start);
  }

  #break(reason: PayloadError): false {
    if (!this.#broken) this.#sink.onPayloadError(reason);
    this.#broken = true;
    this.#naluStart = -1;
    return false;
  }

  #tell(): void {
    const [timestamp, keyFrame] = [this.#timestamp, this.#isKey];
    if (!keyFrame) {
      this.#sink.onFrame({ timestamp, keyFrame, data: this.#memory.data });
      return;
    }
    const format = this.format();
    if (format === undefined) {
      this.#sink.onPayloadError('format_unreadable');
      return;
    }
    const sets = this.setsInSamples().flatMap((nalu) => [lengthOf(nalu), nalu]);
    const data = Buffer.concat([...sets, this.#memory.data]);
    this.#sink.onFrame({ timestamp, keyFrame, data, format });
  }
}

function lengthOf(nalu: Buffer): Buffer {
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(nalu.length, 0);
  return length;
}

/** A NAL unit behind sixteen bits of its length, as decoder configuration records have them. */
export function sizedNalu(nalu: Buffer): Buffer {
  return Buffer.concat([Buffer.from([nalu.length >> 8, nalu.length & 0xff]), nalu]);
}
