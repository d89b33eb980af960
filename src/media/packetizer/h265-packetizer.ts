import { h265NalType, H265_NAL } from '../codec/h265-nalu.ts';
import type { PacketSink, VideoPacketizer } from '../pipeline-types.ts';
import type { AccessUnit } from '../types.ts';
import { RtpWriter } from './rtp-writer.ts';

/** RFC 7798 §4.4.3. */
const FRAGMENTATION = 49;
const FU_START = 0x80;
const FU_END = 0x40;
/** Payload header and FU header. */
const FU_BYTES = 3;
const NALU_HEADER_BYTES = 2;
const RTP_HEADER_BYTES = 12;
const MAX_PAYLOAD = 1200;
const FIRST_BUFFER_BYTES = 16 * 1024;

export interface H265PacketizerOptions {
  readonly ssrc: number;
  readonly payloadType: number;
}

/** A packetizer for H.265, for files: browsers get H.264. The packets of one unit stay valid until the next `packetize`. */
export function createH265Packetizer(options: H265PacketizerOptions): VideoPacketizer {
  return new H265Packetizer(options);
}

class H265Packetizer implements VideoPacketizer {
  readonly ssrc: number;
  readonly payloadType: number;
  readonly #writer: RtpWriter;
  readonly #timestampOffset = Math.floor(Math.random() * 0x1_0000_0000);
  #timestamp = 0;

  constructor({ ssrc, payloadType }: H265PacketizerOptions) {
    this.ssrc = ssrc;
    this.payloadType = payloadType;
    this.#writer = new RtpWriter(ssrc, payloadType, FIRST_BUFFER_BYTES);
  }

  packetize({ codec, nalus, pts90k }: AccessUnit, sink: PacketSink): void {
    if (codec !== 'h265') return;
    const sent = nalus.filter((nalu) => nalu.length > NALU_HEADER_BYTES && h265NalType(nalu[0]!) !== H265_NAL.aud);
    this.#writer.reset(sent.reduce((sum, nalu) => sum + boundOf(nalu), 0));
    this.#timestamp = (pts90k + this.#timestampOffset) % 0x1_0000_0000;
    const last = sent.at(-1);
    for (const nalu of sent) {
      if (nalu.length > MAX_PAYLOAD) this.#writeFragments(nalu, nalu === last, sink);
      else this.#writeWhole(nalu, nalu === last, sink);
    }
  }

  #writeWhole(nalu: Buffer, marker: boolean, sink: PacketSink): void {
    const writer = this.#writer;
    writer.begin(this.#timestamp, marker);
    writer.copy(nalu, 0, nalu.length);
    sink(writer.buffer, writer.packetStart, writer.length, marker);
  }

  /** In pieces of nearly the same size. */
  #writeFragments(nalu: Buffer, isLast: boolean, sink: PacketSink): void {
    const writer = this.#writer;
    const body = nalu.length - NALU_HEADER_BYTES;
    const piece = Math.ceil(body / Math.ceil(body / (MAX_PAYLOAD - FU_BYTES)));
    for (let at = NALU_HEADER_BYTES; at < nalu.length; at += piece) {
      const end = Math.min(nalu.length, at + piece);
      const marker = isLast && end === nalu.length;
      writer.begin(this.#timestamp, marker);
      writer.byte((nalu[0]! & 0x81) | (FRAGMENTATION << 1));
      writer.byte(nalu[1]!);
      const flags = (at === NALU_HEADER_BYTES ? FU_START : 0) | (end === nalu.length ? FU_END : 0);
      writer.byte(flags | h265NalType(nalu[0]!));
      writer.copy(nalu, at, end);
      sink(writer.buffer, writer.packetStart, writer.length, marker);
    }
  }
}

/** No fewer bytes than its packets take. */
function boundOf(nalu: Buffer): number {
  return nalu.length + (Math.ceil(nalu.length / (MAX_PAYLOAD - FU_BYTES)) + 1) * (RTP_HEADER_BYTES + FU_BYTES);
}
