import { H264_NAL, h264NalType } from '../codec/h264-nalu.ts';
import type { PacketSink, VideoPacketizer } from '../pipeline-types.ts';
import type { AccessUnit } from '../types.ts';
import { RtpWriter } from './rtp-writer.ts';

/** RFC 6184 §5.2. */
const STAP_A = 24;
const FU_A = 28;
const FU_START = 0x80;
const FU_END = 0x40;
const RTP_HEADER_BYTES = 12;
/** Fits a WebRTC path MTU with SRTP, TURN and IPv6 around it. */
const DEFAULT_MAX_PAYLOAD = 1200;
const MIN_MAX_PAYLOAD = 64;
const FIRST_BUFFER_BYTES = 16 * 1024;
const MAX_PPS = 8;

export interface H264PacketizerOptions {
  readonly ssrc: number;
  readonly payloadType: number;
  /** RTP payload bytes; default 1200. */
  readonly maxPayload?: number;
}

/** A packetizer for H.264; the packets of one unit stay valid until the next `packetize`. */
export function createH264Packetizer(options: H264PacketizerOptions): VideoPacketizer {
  return new H264Packetizer(options);
}

class H264Packetizer implements VideoPacketizer {
  readonly ssrc: number;
  readonly payloadType: number;
  readonly #maxPayload: number;
  readonly #writer: RtpWriter;
  readonly #timestampOffset = Math.floor(Math.random() * 0x1_0000_0000);
  #sps: Buffer | undefined;
  #pps: Buffer[] = [];
  #timestamp = 0;
  #sink: PacketSink = () => {};
  /** Units that wait to go into one STAP-A. */
  readonly #small: Buffer[] = [];
  #smallBytes = 0;

  constructor({ ssrc, payloadType, maxPayload = DEFAULT_MAX_PAYLOAD }: H264PacketizerOptions) {
    this.ssrc = ssrc;
    this.payloadType = payloadType;
    this.#maxPayload = Math.max(MIN_MAX_PAYLOAD, maxPayload);
    this.#writer = new RtpWriter(ssrc, payloadType, FIRST_BUFFER_BYTES);
  }

  packetize(unit: AccessUnit, sink: PacketSink): void {
    if (unit.codec !== 'h264') return;
    const nalus = unit.keyFrame ? this.#withParameterSets(unit.nalus) : unit.nalus;
    const last = lastSent(nalus);
    if (last < 0) return;
    this.#writer.reset(this.#boundOf(nalus));
    this.#timestamp = (unit.pts90k + this.#timestampOffset) % 0x1_0000_0000;
    this.#sink = sink;
    for (let index = 0; index <= last; index++) {
      const nalu = nalus[index]!;
      if (!isSent(nalu)) continue;
      if (nalu.length > this.#maxPayload) {
        this.#flushSmall(false);
        this.#writeFragments(nalu, index === last);
      } else {
        this.#addSmall(nalu);
      }
    }
    this.#flushSmall(true);
  }

  /** A receiver that joins, and mediasoup's key frame detection, need SPS and PPS in front of each IDR. */
  #withParameterSets(nalus: readonly Buffer[]): readonly Buffer[] {
    const sps = nalus.find((nalu) => isType(nalu, H264_NAL.sps));
    const pps = nalus.filter((nalu) => isType(nalu, H264_NAL.pps));
    if (sps !== undefined) this.#sps = Buffer.from(sps);
    if (pps.length > 0) this.#pps = pps.slice(0, MAX_PPS).map((nalu) => Buffer.from(nalu));
    if ((sps !== undefined && pps.length > 0) || this.#sps === undefined) return nalus;
    return [
      this.#sps,
      ...this.#pps,
      ...nalus.filter((nalu) => !isType(nalu, H264_NAL.sps) && !isType(nalu, H264_NAL.pps)),
    ];
  }

  /** No fewer bytes than all packets of these units take. */
  #boundOf(nalus: readonly Buffer[]): number {
    let bytes = 0;
    for (const nalu of nalus) {
      bytes += nalu.length + RTP_HEADER_BYTES + 4;
      if (nalu.length > this.#maxPayload)
        bytes += (Math.floor(nalu.length / (this.#maxPayload - 2)) + 1) * (RTP_HEADER_BYTES + 2);
    }
    return bytes;
  }

  #addSmall(nalu: Buffer): void {
    const bytes = this.#smallBytes === 0 ? 1 + 2 + nalu.length : this.#smallBytes + 2 + nalu.length;
    if (bytes > this.#maxPayload) this.#flushSmall(false);
    this.#smallBytes = this.#smallBytes === 0 ? 1 + 2 + nalu.length : this.#smallBytes + 2 + nalu.length;
    this.#small.push(nalu);
  }

  /** RFC 6184 §5.7.1; a single unit goes as it is (§5.6). */
  #flushSmall(marker: boolean): void {
    const small = this.#small;
    if (small.length === 0) return;
    const writer = this.#writer;
    writer.begin(this.#timestamp, marker);
    if (small.length > 1) {
      let importance = 0;
      for (const nalu of small) importance = Math.max(importance, nalu[0]! & 0x60);
      writer.byte(importance | STAP_A);
    }
    for (const nalu of small) {
      if (small.length > 1) {
        writer.byte(nalu.length >> 8);
        writer.byte(nalu.length & 0xff);
      }
      writer.copy(nalu, 0, nalu.length);
    }
    small.length = 0;
    this.#smallBytes = 0;
    this.#sink(writer.buffer, writer.packetStart, writer.length, marker);
  }

  /** RFC 6184 §5.8, in pieces of nearly the same size. */
  #writeFragments(nalu: Buffer, isLast: boolean): void {
    const writer = this.#writer;
    const body = nalu.length - 1;
    const count = Math.ceil(body / (this.#maxPayload - 2));
    const piece = Math.ceil(body / count);
    const indicator = (nalu[0]! & 0x60) | FU_A;
    const type = h264NalType(nalu[0]!);
    let at = 1;
    while (at < nalu.length) {
      const end = Math.min(nalu.length, at + piece);
      const isEnd = end === nalu.length;
      const marker = isLast && isEnd;
      writer.begin(this.#timestamp, marker);
      writer.byte(indicator);
      writer.byte((at === 1 ? FU_START : 0) | (isEnd ? FU_END : 0) | type);
      writer.copy(nalu, at, end);
      this.#sink(writer.buffer, writer.packetStart, writer.length, marker);
      at = end;
    }
  }
}

function isType(nalu: Buffer, type: number): boolean {
  return nalu.length > 0 && h264NalType(nalu[0]!) === type;
}

/** Delimiters and filler tell a WebRTC receiver nothing; types from 24 on are RFC 6184's own. */
function isSent(nalu: Buffer): boolean {
  if (nalu.length < 2) return false;
  const type = h264NalType(nalu[0]!);
  return type !== H264_NAL.aud && type !== H264_NAL.filler && type >= 1 && type < STAP_A;
}

function lastSent(nalus: readonly Buffer[]): number {
  for (let index = nalus.length - 1; index >= 0; index--) if (isSent(nalus[index]!)) return index;
  return -1;
}
