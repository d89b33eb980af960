import type { RtpView } from '../pipeline-types.ts';
import type { ReportBlock, SenderReport } from './rtcp.ts';
import { sequenceDistance } from './sequence.ts';

/** RFC 3550 A.1: a larger step forward is a restart of the sender and not loss. */
const MAX_DROPOUT = 3000;
const MAX_MISORDER = 100;

/** What a receiver report needs of one source (RFC 3550 A.1, A.3, A.8); no allocation per packet. */
export class ReceiverStatistics {
  readonly #clockRate: number;
  #started = false;
  #base = 0;
  #highest = 0;
  #cycles = 0;
  #received = 0;
  #expectedPrior = 0;
  #receivedPrior = 0;
  #transit = 0;
  #jitter = 0;
  #ssrc = 0;
  #senderReportNtp = 0;
  #senderReportAtMs = 0;

  constructor(clockRate = 90_000) {
    this.#clockRate = clockRate;
  }

  /** Counts a packet as it arrived, before reordering. */
  onPacket(view: RtpView, nowMs: number): void {
    const step = this.#started ? sequenceDistance(this.#highest, view.sequenceNumber) : 0;
    if (!this.#started || view.ssrc !== this.#ssrc || step > MAX_DROPOUT || step < -MAX_MISORDER) {
      this.#restart(view, nowMs);
      return;
    }
    this.#received++;
    if (step > 0) {
      if (view.sequenceNumber < this.#highest) this.#cycles += 0x10000;
      this.#highest = view.sequenceNumber;
    }
    const transit = this.#transitOf(view, nowMs);
    const difference = Math.abs(((transit - this.#transit) | 0) as number);
    this.#transit = transit;
    this.#jitter += (difference - this.#jitter) / 16;
  }

  onSenderReport(report: SenderReport, nowMs: number): void {
    this.#senderReportNtp = (((report.ntpSeconds & 0xffff) << 16) | (report.ntpFraction >>> 16)) >>> 0;
    this.#senderReportAtMs = nowMs;
  }

  /** Packets that are missing since the source began; negative where some came twice. */
  get lost(): number {
    return this.#started ? this.#cycles + this.#highest - this.#base + 1 - this.#received : 0;
  }

  /** The report block since the last call; undefined before the first packet. */
  report(nowMs: number): ReportBlock | undefined {
    if (!this.#started) return undefined;
    const extended = this.#cycles + this.#highest;
    const expected = extended - this.#base + 1;
    const expectedInterval = expected - this.#expectedPrior;
    const lostInterval = expectedInterval - (this.#received - this.#receivedPrior);
    this.#expectedPrior = expected;
    this.#receivedPrior = this.#received;
    const fraction =
      expectedInterval <= 0 || lostInterval <= 0 ? 0 : Math.floor((lostInterval * 256) / expectedInterval);
    const delay = this.#senderReportNtp === 0 ? 0 : Math.round(((nowMs - this.#senderReportAtMs) * 65_536) / 1000);
    return {
      mediaSsrc: this.#ssrc,
      fractionLost: Math.min(255, fraction),
      cumulativeLost: expected - this.#received,
      highestSequence: extended % 0x1_0000_0000,
      jitter: Math.floor(this.#jitter),
      lastSenderReport: this.#senderReportNtp,
      delaySinceLastSenderReport: Math.max(0, Math.min(0xffff_ffff, delay)),
    };
  }

  #restart(view: RtpView, nowMs: number): void {
    this.#started = true;
    if (view.ssrc !== this.#ssrc) this.#senderReportNtp = 0;
    this.#ssrc = view.ssrc;
    this.#base = view.sequenceNumber;
    this.#highest = view.sequenceNumber;
    this.#cycles = 0;
    this.#received = 1;
    this.#expectedPrior = 0;
    this.#receivedPrior = 0;
    this.#jitter = 0;
    this.#transit = this.#transitOf(view, nowMs);
  }

  #transitOf(view: RtpView, nowMs: number): number {
    return (nowMs * (this.#clockRate / 1000) - view.timestamp) | 0;
  }
}
