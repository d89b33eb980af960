import { LENGTH_BYTES } from './muxed-clip.ts';

/** RFC 3550 §6.4.1, without report blocks. */
export interface SenderReportParts {
  readonly ssrc: number;
  readonly unixMs: number;
  readonly rtpTimestamp: number;
  readonly packets: number;
  readonly octets: number;
}

const SENDER_REPORT = 200;
/** Seconds between the epochs of NTP (1900) and Unix. */
const NTP_OFFSET_SEC = 2_208_988_800;

/** Writes a sender report (RFC 3550 §6.4.1). */
export function formatSenderReport({ ssrc, unixMs, rtpTimestamp, packets, octets }: SenderReportParts): Buffer {
  const report = Buffer.alloc(28);
  const seconds = Math.floor(unixMs / 1_000);
  report[0] = 0x80;
  report[1] = SENDER_REPORT;
  // In words of 32 bits, minus one.
  report.writeUInt16BE(6, 2);
  report.writeUInt32BE(ssrc, 4);
  report.writeUInt32BE((seconds + NTP_OFFSET_SEC) % 0x1_0000_0000, 8);
  report.writeUInt32BE(Math.floor(((unixMs - seconds * 1_000) / 1_000) * 0x1_0000_0000), 12);
  report.writeUInt32BE(rtpTimestamp, 16);
  report.writeUInt32BE(packets % 0x1_0000_0000, 20);
  report.writeUInt32BE(octets % 0x1_0000_0000, 24);
  return report;
}

/** The report as an outlet sends it: behind its length, as RTP packets are. */
export function layOutReport(report: Buffer): { bytes: Buffer; starts: Int32Array } {
  const bytes = Buffer.alloc(LENGTH_BYTES + report.length);
  bytes.writeUInt16BE(report.length);
  report.copy(bytes, LENGTH_BYTES);
  return { bytes, starts: Int32Array.of(LENGTH_BYTES, bytes.length + LENGTH_BYTES) };
}
