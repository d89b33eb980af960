import type { SenderReport } from '../rtp/rtcp.ts';

/** RFC 3550 §6.4.1, packet type of a sender report. */
const SENDER_REPORT = 200;
const SENDER_REPORT_BYTES = 28;
/** Seconds from 1900 (NTP) to 1970 (Unix), RFC 5905 §6. */
const NTP_UNIX_OFFSET_SEC = 2_208_988_800;
/** Beyond this distance from the wall clock the mapping of stamps to time is made anew. */
const MAX_DRIFT_MS = 1000;

export interface SenderReportFields {
  readonly ssrc: number;
  readonly unixMs: number;
  readonly rtpTimestamp: number;
  readonly packets: number;
  readonly octets: number;
}

/** SR without report blocks (RFC 3550 §6.4.1). */
export function formatSenderReport(fields: SenderReportFields): Buffer {
  const packet = Buffer.alloc(SENDER_REPORT_BYTES);
  const seconds = Math.floor(fields.unixMs / 1000);
  packet[0] = 0x80;
  packet[1] = SENDER_REPORT;
  packet.writeUInt16BE(SENDER_REPORT_BYTES / 4 - 1, 2);
  packet.writeUInt32BE(fields.ssrc >>> 0, 4);
  packet.writeUInt32BE((seconds + NTP_UNIX_OFFSET_SEC) >>> 0, 8);
  packet.writeUInt32BE(Math.floor(((fields.unixMs - seconds * 1000) / 1000) * 0x1_0000_0000) >>> 0, 12);
  packet.writeUInt32BE(fields.rtpTimestamp >>> 0, 16);
  packet.writeUInt32BE(fields.packets >>> 0, 20);
  packet.writeUInt32BE(fields.octets >>> 0, 24);
  return packet;
}

/** A sender report as it was read, without its blocks. */
export function formatSenderReportOf(report: SenderReport): Buffer {
  const { ssrc, rtpTimestamp, packets, octets } = report;
  const packet = formatSenderReport({ ssrc, unixMs: 0, rtpTimestamp, packets, octets });
  packet.writeUInt32BE(report.ntpSeconds, 8);
  packet.writeUInt32BE(report.ntpFraction, 12);
  return packet;
}

/**
 * Maps the 90 kHz line that video and audio share to wall-clock time, by one offset for both: that is what lets a
 * receiver play them in step.
 */
export class MediaTimeline {
  readonly #maxDriftMs: number;
  #offsetMs = 0;
  #started = false;

  /** `maxDriftMs`: infinite for what does not run as the wall clock does. */
  constructor(maxDriftMs = MAX_DRIFT_MS) {
    this.#maxDriftMs = maxDriftMs;
  }

  unixMsOf(pts90k: number, unixNowMs: number): number {
    const mapped = pts90k / 90 + this.#offsetMs;
    if (this.#started && Math.abs(mapped - unixNowMs) <= this.#maxDriftMs) return mapped;
    this.#started = true;
    this.#offsetMs = unixNowMs - pts90k / 90;
    return unixNowMs;
  }
}
