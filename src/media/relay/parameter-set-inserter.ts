import { H264_NAL, h264NalType } from '../codec/h264-nalu.ts';
import { ParameterSets } from '../codec/parameter-sets.ts';

/** RFC 6184 §5.2. */
const STAP_A = 24;
const FU_A = 28;
const FU_START_BIT = 0x80;
/** nal_ref_idc 3, the highest of those inside. */
const STAP_A_HEADER = 0x60 | STAP_A;
const MAX_PAYLOAD_BYTES = 1200;
/** Sets of one description. */
const MAX_SETS = 16;

/**
 * Knows the parameter sets of an H.264 stream, from its description and from the stream itself, and tells when an IDR
 * comes without them: receivers that join there could not decode it, and mediasoup takes only an SPS for a key frame.
 */
export class ParameterSetInserter {
  readonly #sets = new ParameterSets();
  /** The access unit whose SPS was seen or sent, by its timestamp; −1 = none. */
  #setsAt = -1;
  #notedAt = -1;

  constructor(spropParameterSets: string) {
    for (const text of spropParameterSets.split(',', MAX_SETS)) {
      const nalu = Buffer.from(text.trim(), 'base64');
      this.#note(nalu, { start: 0, end: nalu.length, timestamp: -2 });
    }
  }

  /** The payload of a packet that has to be sent before the one whose payload is `bytes[start, end)` (RFC 6184 §5.7.1). */
  payloadBefore(bytes: Buffer, span: Span): Buffer | undefined {
    const idr = this.#look(bytes, span);
    if (!idr || this.#setsAt === span.timestamp) return undefined;
    this.#setsAt = span.timestamp;
    return this.#aggregate();
  }

  /** True where an IDR begins in this packet. */
  #look(bytes: Buffer, span: Span): boolean {
    const { start, end } = span;
    if (end - start < 2) return false;
    const type = h264NalType(bytes[start]!);
    if (type === FU_A) return this.#lookFragment(bytes[start + 1]!, span);
    if (type === STAP_A) return this.#lookAggregate(bytes, span);
    this.#note(bytes, span);
    return type === H264_NAL.idr;
  }

  #lookFragment(fuHeader: number, { timestamp }: Span): boolean {
    if ((fuHeader & FU_START_BIT) === 0) return false;
    const type = h264NalType(fuHeader);
    if (type === H264_NAL.sps) this.#setsAt = timestamp;
    return type === H264_NAL.idr;
  }

  #lookAggregate(bytes: Buffer, { start, end, timestamp }: Span): boolean {
    let idr = false;
    for (let at = start + 1; at + 2 < end;) {
      const next = at + 2 + ((bytes[at]! << 8) | bytes[at + 1]!);
      if (next > end || next === at + 2) break;
      this.#note(bytes, { start: at + 2, end: next, timestamp });
      idr ||= h264NalType(bytes[at + 2]!) === H264_NAL.idr;
      at = next;
    }
    return idr;
  }

  #note(bytes: Buffer, { start, end, timestamp }: Span): void {
    const type = end > start ? h264NalType(bytes[start]!) : 0;
    if (type !== H264_NAL.sps && type !== H264_NAL.pps) return;
    if (this.#notedAt !== timestamp) this.#sets.beginUnit();
    this.#notedAt = timestamp;
    this.#sets.note(bytes, start, end);
    if (type === H264_NAL.sps) this.#setsAt = timestamp;
  }

  #aggregate(): Buffer | undefined {
    const sets = this.#sets.h264Sets;
    if (sets.length === 0) return undefined;
    const payload = Buffer.allocUnsafe(MAX_PAYLOAD_BYTES);
    payload[0] = STAP_A_HEADER;
    let length = 1;
    for (const set of sets) {
      if (length + 2 + set.length > MAX_PAYLOAD_BYTES) break;
      payload.writeUInt16BE(set.length, length);
      set.copy(payload, length + 2);
      length += 2 + set.length;
    }
    return length === 1 ? undefined : payload.subarray(0, length);
  }
}

interface Span {
  readonly start: number;
  readonly end: number;
  readonly timestamp: number;
}
