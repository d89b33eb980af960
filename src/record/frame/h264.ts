import { parseH264Sps, type RtpView } from '../../media/index.ts';
import { HeaderBits } from './bits.ts';
import { FrameMemory } from './frame-memory.ts';
import type { FrameDepacketizer, FrameSink, PayloadError, VideoFormat } from './types.ts';

/** RFC 6184 §5.2. */
const STAP_A = 24;
const FU_A = 28;
/** nal_unit_type, H.264 table 7-1. */
const IDR = 5;
const SPS = 7;
const PPS = 8;
const ACCESS_UNIT_DELIMITER = 9;
const FILLER = 12;
const MAX_PICTURE_PARAMETER_SET_ID = 255;
/** AVCDecoderConfigurationRecord counts them in a byte; no encoder has so many. */
const MAX_PICTURE_PARAMETER_SETS = 32;
const MAX_PARAMETER_SET_BYTES = 4096;

const isVcl = (type: number): boolean => type >= 1 && type <= IDR;

/**
 * RFC 6184 payloads → access units of NAL units with 32-bit lengths (ISO/IEC 14496-15). An access unit ends where the
 * timestamp changes, because some cameras set the marker on every NAL unit. Key frames always carry their parameter sets.
 */
export class H264Depacketizer implements FrameDepacketizer {
  readonly #sink: FrameSink;
  readonly #memory = new FrameMemory();
  #timestamp = -1;
  #naluStart = -1;
  #broken = false;
  #hasVcl = false;
  #hasIdr = false;
  #hasSps = false;
  #sps: Buffer | undefined;
  #pps = new Map<number, Buffer>();
  #format: VideoFormat | undefined;

  /** @param spropParameterSets RFC 6184 §8.1 */
  constructor(sink: FrameSink, spropParameterSets?: string) {
    this.#sink = sink;
    for (const set of spropParameterSets?.split(',').slice(0, MAX_PICTURE_PARAMETER_SETS) ?? []) {
      const nalu = Buffer.from(set.trim(), 'base64');
      if (nalu.length > 0) this.#keepParameterSet(nalu[0]! & 0x1f, nalu);
    }
  }

  push(view: RtpView): void {
    const { packet, payloadStart, payloadEnd, timestamp } = view;
    if (timestamp !== this.#timestamp) {
      this.flush();
      this.#timestamp = timestamp;
    }
    if (payloadStart >= payloadEnd) return;
    const type = packet[payloadStart]! & 0x1f;
    if (type === FU_A) this.#pushFragment(packet, payloadStart, payloadEnd);
    else if (type === STAP_A) this.#pushAggregate(packet, payloadStart + 1, payloadEnd);
    else if (type >= 1 && type <= 23) this.#pushNalu(packet, payloadStart, payloadEnd);
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
    this.#hasIdr = false;
    this.#hasSps = false;
    this.#naluStart = -1;
  }

  /** RFC 6184 §5.7.1: sixteen bits of size before each NAL unit. */
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
    if (!this.#beginNalu(packet[start]!, packet[start + 1] ?? 0)) return;
    this.#append(packet, start, end);
    this.#endNalu();
  }

  /** RFC 6184 §5.8: FU indicator, FU header (S, E, R, type), fragment. */
  #pushFragment(packet: Buffer, start: number, end: number): void {
    if (end - start < 3) {
      this.#break('payload_truncated');
      return;
    }
    const header = packet[start + 1]!;
    if ((header & 0x80) !== 0) {
      if (this.#naluStart >= 0) this.#break('frame_incomplete');
      const first = (packet[start]! & 0xe0) | (header & 0x1f);
      if (!this.#beginNalu(first, packet[start + 2]!)) return;
      if (!this.#memory.appendByte(first)) this.#break('frame_too_large');
    } else if (this.#naluStart < 0) {
      this.#break('fragment_without_start');
      return;
    }
    this.#append(packet, start + 2, end);
    if ((header & 0x40) !== 0) this.#endNalu();
  }

  #beginNalu(firstByte: number, secondByte: number): boolean {
    const type = firstByte & 0x1f;
    // first_mb_in_slice is 0, a single 1 bit (H.264 7.3.3), unless packets before it were lost.
    if (isVcl(type) && !this.#hasVcl && (secondByte & 0x80) === 0) return this.#break('frame_incomplete');
    this.#naluStart = this.#memory.length;
    if (!this.#memory.appendUint32(0)) return this.#break('frame_too_large');
    this.#hasVcl ||= isVcl(type);
    this.#hasIdr ||= type === IDR;
    this.#hasSps ||= type === SPS;
    return true;
  }

  #append(packet: Buffer, start: number, end: number): void {
    if (this.#naluStart >= 0 && !this.#memory.append(packet, start, end)) this.#break('frame_too_large');
  }

  #endNalu(): void {
    const start = this.#naluStart;
    this.#naluStart = -1;
    if (start < 0) return;
    const nalu = this.#memory.data.subarray(start + 4);
    const type = nalu[0]! & 0x1f;
    if (type === SPS || type === PPS) this.#keepParameterSet(type, nalu);
    if (type === ACCESS_UNIT_DELIMITER || type === FILLER || type === SPS || type === PPS) this.#memory.length = start;
    else this.#memory.writeUint32(nalu.length, start);
  }

  #break(reason: PayloadError): false {
    if (!this.#broken) this.#sink.onPayloadError(reason);
    this.#broken = true;
    this.#naluStart = -1;
    return false;
  }

  #keepParameterSet(type: number, nalu: Buffer): void {
    if (nalu.length < 2 || nalu.length > MAX_PARAMETER_SET_BYTES) return;
    if (type === SPS) {
      if (nalu.length < 5 || this.#sps?.equals(nalu) === true) return;
      this.#sps = Buffer.from(nalu);
      this.#format = undefined;
      return;
    }
    if (type !== PPS) return;
    const id = pictureParameterSetId(nalu);
    if (id > MAX_PICTURE_PARAMETER_SET_ID) return;
    if (this.#pps.get(id)?.equals(nalu) === true) return;
    if (this.#pps.size >= MAX_PICTURE_PARAMETER_SETS) this.#pps.clear();
    this.#pps.set(id, Buffer.from(nalu));
    this.#format = undefined;
  }

  #tell(): void {
    // A recovery point has its SPS too; mediasoup takes the same for a key frame.
    const keyFrame = this.#hasIdr || this.#hasSps;
    const timestamp = this.#timestamp;
    if (!keyFrame) {
      this.#sink.onFrame({ timestamp, keyFrame, data: this.#memory.data });
      return;
    }
    this.#format ??= formatOf(this.#sps, [...this.#pps.values()]);
    if (this.#format === undefined || this.#sps === undefined) {
      this.#sink.onPayloadError('format_unreadable');
      return;
    }
    const sets = [this.#sps, ...this.#pps.values()].flatMap((nalu) => [lengthOf(nalu), nalu]);
    this.#sink.onFrame({
      timestamp,
      keyFrame,
      data: Buffer.concat([...sets, this.#memory.data]),
      format: this.#format,
    });
  }
}

/** pic_parameter_set_id, the first ue(v) behind the NAL header (H.264 7.3.2.2). */
function pictureParameterSetId(nalu: Buffer): number {
  const bits = new HeaderBits(nalu.subarray(1, 5));
  let zeros = 0;
  while (zeros < 9 && !bits.flag()) zeros += 1;
  return 2 ** zeros - 1 + bits.bits(zeros);
}

function lengthOf(nalu: Buffer): Buffer {
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(nalu.length, 0);
  return length;
}

/** AVCDecoderConfigurationRecord, ISO/IEC 14496-15 5.3.3.1. */
function formatOf(sps: Buffer | undefined, pps: readonly Buffer[]): VideoFormat | undefined {
  const size = sps === undefined ? undefined : parseH264Sps(sps);
  if (sps === undefined || size === undefined || pps.length === 0) return undefined;
  const sized = (nalu: Buffer): Buffer => Buffer.concat([Buffer.from([nalu.length >> 8, nalu.length & 0xff]), nalu]);
  const configuration = Buffer.concat([
    Buffer.from([1, sps[1]!, sps[2]!, sps[3]!, 0xff, 0xe1]),
    sized(sps),
    Buffer.from([pps.length]),
    ...pps.map((nalu) => sized(nalu)),
  ]);
  return { encoding: 'H264', width: size.width, height: size.height, configuration };
}
