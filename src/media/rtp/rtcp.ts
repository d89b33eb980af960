import { readUint32 } from './rtp-packet.ts';

/** RFC 3550 §12.1 and RFC 4585 §6.1 packet types. */
const SENDER_REPORT = 200;
const SENDER_REPORT_BYTES = 28;
const REPORT_BLOCK_BYTES = 24;
const RECEIVER_REPORT = 201;
const SOURCE_DESCRIPTION = 202;
const BYE = 203;
const PAYLOAD_FEEDBACK = 206;
/** RFC 4585 §6.3.1 and RFC 5104 §4.3.1. */
const FMT_PLI = 1;
const FMT_FIR = 4;
const VERSION_2 = 0x80;
/** A compound packet of more parts is not from a real endpoint. */
const MAX_RECORDS = 64;

/** Why a datagram is not a compound RTCP packet. */
export type RtcpError = 'rtcp_too_short' | 'rtcp_bad_version' | 'rtcp_bad_length' | 'rtcp_too_many';

/** RFC 3550 §6.4.1, sender information. */
export interface SenderReport {
  readonly type: 'sr';
  readonly ssrc: number;
  readonly ntpSeconds: number;
  readonly ntpFraction: number;
  readonly rtpTimestamp: number;
  readonly packets: number;
  readonly octets: number;
}

/** One part of a compound packet. */
export type RtcpRecord =
  | SenderReport
  | { readonly type: 'rr'; readonly ssrc: number }
  | { readonly type: 'bye'; readonly ssrcs: readonly number[] }
  | { readonly type: 'pli'; readonly mediaSsrc: number }
  | { readonly type: 'fir'; readonly mediaSsrcs: readonly number[] }
  | { readonly type: 'other'; readonly packetType: number };

/** RFC 3550 §6.4.1, report block, with the numbers already in wire units. */
export interface ReportBlock {
  readonly mediaSsrc: number;
  /** 0…255. */
  readonly fractionLost: number;
  /** Clamped to signed 24 bits. */
  readonly cumulativeLost: number;
  readonly highestSequence: number;
  readonly jitter: number;
  /** Middle 32 bits of the last sender report's NTP time; 0 without one. */
  readonly lastSenderReport: number;
  /** 1/65536 s. */
  readonly delaySinceLastSenderReport: number;
}

/** Parses a compound RTCP packet (RFC 3550 §6.1), tolerating a first part that is not SR or RR. */
export function parseRtcp(packet: Buffer): readonly RtcpRecord[] | RtcpError {
  if (packet.length < 4) return 'rtcp_too_short';
  const records: RtcpRecord[] = [];
  let offset = 0;
  while (offset + 4 <= packet.length) {
    if ((packet[offset]! & 0xc0) !== VERSION_2) return 'rtcp_bad_version';
    const end = offset + 4 + ((packet[offset + 2]! << 8) | packet[offset + 3]!) * 4;
    if (end > packet.length) return 'rtcp_bad_length';
    if (records.length === MAX_RECORDS) return 'rtcp_too_many';
    const record = parseRecord(packet, offset, end);
    if (record === undefined) return 'rtcp_bad_length';
    records.push(record);
    offset = end;
  }
  return offset === packet.length ? records : 'rtcp_bad_length';
}

function parseRecord(packet: Buffer, offset: number, end: number): RtcpRecord | undefined {
  const packetType = packet[offset + 1]!;
  switch (packetType) {
    case SENDER_REPORT:
      return end - offset < 28 ? undefined : parseSenderReport(packet, offset);
    case RECEIVER_REPORT:
      return end - offset < 8 ? undefined : { type: 'rr', ssrc: readUint32(packet, offset + 4) };
    case BYE:
      return parseBye(packet, offset, end);
    case PAYLOAD_FEEDBACK:
      return parsePayloadFeedback(packet, offset, end);
    default:
      return { type: 'other', packetType };
  }
}

function parseSenderReport(packet: Buffer, offset: number): SenderReport {
  return {
    type: 'sr',
    ssrc: readUint32(packet, offset + 4),
    ntpSeconds: readUint32(packet, offset + 8),
    ntpFraction: readUint32(packet, offset + 12),
    rtpTimestamp: readUint32(packet, offset + 16),
    packets: readUint32(packet, offset + 20),
    octets: readUint32(packet, offset + 24),
  };
}

function parseBye(packet: Buffer, offset: number, end: number): RtcpRecord | undefined {
  const count = packet[offset]! & 0x1f;
  if (offset + 4 + count * 4 > end) return undefined;
  return {
    type: 'bye',
    ssrcs: Array.from({ length: count }, (_, index) => readUint32(packet, offset + 4 + index * 4)),
  };
}

function parsePayloadFeedback(packet: Buffer, offset: number, end: number): RtcpRecord | undefined {
  if (end - offset < 12) return undefined;
  const format = packet[offset]! & 0x1f;
  if (format === FMT_PLI) return { type: 'pli', mediaSsrc: readUint32(packet, offset + 8) };
  if (format !== FMT_FIR) return { type: 'other', packetType: PAYLOAD_FEEDBACK };
  // RFC 5104 §4.3.1.1: entries of SSRC (32), sequence number (8), reserved (24).
  const mediaSsrcs: number[] = [];
  for (let entry = offset + 12; entry + 8 <= end; entry += 8) mediaSsrcs.push(readUint32(packet, entry));
  return { type: 'fir', mediaSsrcs };
}

/** Packets that the report blocks of a compound packet tell as lost since the beginning, added up; 0 without any. */
export function reportedLoss(packet: Buffer): number {
  let lost = 0;
  for (let offset = 0; offset + 4 <= packet.length;) {
    const end = offset + 4 + ((packet[offset + 2]! << 8) | packet[offset + 3]!) * 4;
    if ((packet[offset]! & 0xc0) !== VERSION_2 || end > packet.length) break;
    const isReport = packet[offset + 1] === RECEIVER_REPORT;
    // RFC 3550 §6.4.2: 24 bits, signed, behind the SSRC and the fraction.
    for (let block = offset + 8; isReport && block + REPORT_BLOCK_BYTES <= end; block += REPORT_BLOCK_BYTES) {
      lost += Math.max(0, (packet.readInt32BE(block + 4) << 8) >> 8);
    }
    offset = end;
  }
  return lost;
}

/** The sender reports of a compound packet as packets of their own, without report blocks; none of what is no RTCP. */
export function senderReportsOf(packet: Buffer): Buffer[] {
  const reports: Buffer[] = [];
  for (let offset = 0; offset + 4 <= packet.length && reports.length < MAX_RECORDS;) {
    const end = offset + 4 + ((packet[offset + 2]! << 8) | packet[offset + 3]!) * 4;
    if ((packet[offset]! & 0xc0) !== VERSION_2 || end > packet.length) break;
    if (packet[offset + 1] === SENDER_REPORT && end - offset >= SENDER_REPORT_BYTES) {
      const report = Buffer.from(packet.subarray(offset, offset + SENDER_REPORT_BYTES));
      writeHeader(report, 0, SENDER_REPORT);
      report.writeUInt16BE(SENDER_REPORT_BYTES / 4 - 1, 2);
      reports.push(report);
    }
    offset = end;
  }
  return reports;
}

/** RR with one report block and the SDES CNAME that RFC 3550 §6.1 asks of each compound packet. */
export function formatReceiverReport(ssrc: number, block: ReportBlock, cname: string): Buffer {
  const description = formatSourceDescription(ssrc, cname);
  const packet = Buffer.alloc(32 + description.length);
  writeHeader(packet, 1, RECEIVER_REPORT);
  packet.writeUInt16BE(7, 2);
  packet.writeUInt32BE(ssrc, 4);
  packet.writeUInt32BE(block.mediaSsrc, 8);
  const lost = Math.max(-0x800000, Math.min(0x7fffff, block.cumulativeLost));
  packet.writeUInt32BE((((block.fractionLost & 0xff) << 24) | (lost & 0xffffff)) >>> 0, 12);
  packet.writeUInt32BE(block.highestSequence >>> 0, 16);
  packet.writeUInt32BE(block.jitter >>> 0, 20);
  packet.writeUInt32BE(block.lastSenderReport >>> 0, 24);
  packet.writeUInt32BE(block.delaySinceLastSenderReport >>> 0, 28);
  description.copy(packet, 32);
  return packet;
}

/** PLI (RFC 4585 §6.3.1) behind an empty RR and our CNAME, as a compound packet. */
export function formatPictureLoss(ssrc: number, mediaSsrc: number, cname: string): Buffer {
  const description = formatSourceDescription(ssrc, cname);
  const report = Buffer.alloc(8);
  writeHeader(report, 0, RECEIVER_REPORT);
  report.writeUInt16BE(1, 2);
  report.writeUInt32BE(ssrc, 4);
  const loss = Buffer.alloc(12);
  writeHeader(loss, FMT_PLI, PAYLOAD_FEEDBACK);
  loss.writeUInt16BE(2, 2);
  loss.writeUInt32BE(ssrc, 4);
  loss.writeUInt32BE(mediaSsrc, 8);
  return Buffer.concat([report, description, loss]);
}

/** BYE (RFC 3550 §6.6) behind an empty RR, as a compound packet. */
export function formatBye(ssrc: number): Buffer {
  const packet = Buffer.alloc(16);
  writeHeader(packet, 0, RECEIVER_REPORT);
  packet.writeUInt16BE(1, 2);
  packet.writeUInt32BE(ssrc, 4);
  packet[8] = VERSION_2 | 1;
  packet[9] = BYE;
  packet.writeUInt16BE(1, 10);
  packet.writeUInt32BE(ssrc, 12);
  return packet;
}

/** RFC 3550 §6.5: one chunk with one CNAME item, padded to 32 bits with at least one zero. */
function formatSourceDescription(ssrc: number, cname: string): Buffer {
  const text = Buffer.from(cname.slice(0, 64), 'utf8').subarray(0, 255);
  const chunkBytes = Math.ceil((4 + 2 + text.length + 1) / 4) * 4;
  const packet = Buffer.alloc(4 + chunkBytes);
  writeHeader(packet, 1, SOURCE_DESCRIPTION);
  packet.writeUInt16BE(chunkBytes / 4, 2);
  packet.writeUInt32BE(ssrc, 4);
  packet[8] = 1;
  packet[9] = text.length;
  text.copy(packet, 10);
  return packet;
}

function writeHeader(packet: Buffer, count: number, packetType: number): void {
  packet[0] = VERSION_2 | count;
  packet[1] = packetType;
}
