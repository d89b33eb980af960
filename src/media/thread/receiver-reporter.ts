import { randomInt } from 'node:crypto';
import { formatReceiverReport } from '../rtp/rtcp.ts';
import type { ReceiverStatistics } from '../rtp/receiver-statistics.ts';
import type { PacketOrigin } from './rtp-intake.ts';
import type { TcpConnection } from './tcp-connection.ts';
import type { UdpPort } from './udp-port.ts';

/** RFC 3550 §6.2; some cameras stop sending without it (quirks 2.4). */
export const RECEIVER_REPORT_MS = 5000;
const CNAME = 'gbrtc';

/** Sends receiver reports to where the device can read them. */
export class ReceiverReporter {
  readonly #statistics: ReceiverStatistics;
  readonly #ssrc = randomInt(1, 0xffff_ffff);
  #rtcpFrom: { readonly address: string; readonly port: number; readonly via: UdpPort } | undefined;
  #sentAtMs: number;

  constructor(statistics: ReceiverStatistics, nowMs: number) {
    this.#statistics = statistics;
    this.#sentAtMs = nowMs;
  }

  /** RTCP of the device came from here: reports go back the same way. */
  onRtcp(from: PacketOrigin, via: UdpPort): void {
    if (this.#rtcpFrom?.port === from.port && this.#rtcpFrom.via === via) return;
    this.#rtcpFrom = { address: from.address, port: from.port, via };
  }

  /** True when a report is due now. */
  isDue(nowMs: number): boolean {
    if (nowMs - this.#sentAtMs < RECEIVER_REPORT_MS) return false;
    this.#sentAtMs = nowMs;
    return true;
  }

  /** To the learnt RTCP address, else to the RTP port + 1 (RFC 3550 §11). */
  sendOverUdp(media: PacketOrigin, via: UdpPort, nowMs: number): void {
    const report = this.#format(nowMs);
    if (report === undefined) return;
    const learnt = this.#rtcpFrom?.address === media.address ? this.#rtcpFrom : undefined;
    if (learnt !== undefined) learnt.via.send(report, learnt.port, learnt.address);
    else if (media.port < 65_535) via.send(report, media.port + 1, media.address);
  }

  /** Only where the device sent RTCP over the connection: others take it for a broken stream. */
  sendOverTcp(connection: TcpConnection, nowMs: number): void {
    if (!connection.carriesRtcp) return;
    const report = this.#format(nowMs);
    if (report !== undefined) connection.sendRtcp(report);
  }

  #format(nowMs: number): Buffer | undefined {
    const block = this.#statistics.report(nowMs);
    return block === undefined ? undefined : formatReceiverReport(this.#ssrc, block, CNAME);
  }
}
