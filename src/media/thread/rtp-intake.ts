import type { Depacketizer, RtpView } from '../pipeline-types.ts';
import { ReceiverStatistics } from '../rtp/receiver-statistics.ts';
import { createRtpView, isRtcpAt, parseRtpAt } from '../rtp/rtp-packet.ts';
import { parseRtcp } from '../rtp/rtcp.ts';
import type { IngestAnswer, IngestOptions } from '../types.ts';
import type { IngestCounters } from './ingest-stats.ts';
import { PacketOrder } from './packet-order.ts';
import type { IngestFact } from './protocol.ts';
import { SourceRules } from './source-rules.ts';

/** Where a packet came from. */
export interface PacketOrigin {
  readonly address: string;
  readonly port: number;
}

/** A packet in `buffer[start, end)`. */
export interface PacketSpan {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

/** What became of a packet: `media` = RTP of our source. */
export type Intake = 'media' | 'rtcp' | 'rejected';

export interface RtpIntakeDependencies {
  readonly counters: IngestCounters;
  readonly depacketizer: Depacketizer;
  readonly tell: (fact: IngestFact) => void;
  /** The picture is broken up to the next key frame. */
  readonly onGap: () => void;
}

export interface RtpIntakeOptions {
  readonly ingest: IngestOptions;
  readonly ownPort: boolean;
  readonly reorderMs: number;
  readonly nowMs: number;
}

const DEFAULT_SILENCE_MS = 5000;
const TOLD_INTERVAL_MS = 1000;
/** One view for the whole thread: it is read before the next packet is parsed. */
const view = createRtpView();

/** The way of a packet from the socket to the depacketizer: RTCP apart, SSRC and source rules, order, silence. */
export class RtpIntake {
  readonly rules: SourceRules;
  readonly statistics = new ReceiverStatistics();
  readonly order: PacketOrder;
  readonly #dependencies: RtpIntakeDependencies;
  readonly #silenceMs: number;
  #started = false;
  #frameOrigin: PacketOrigin | undefined;
  #lastMediaMs: number;
  #toldSilentMs = 0;
  #toldWrongMs = Number.NEGATIVE_INFINITY;

  constructor(options: RtpIntakeOptions, dependencies: RtpIntakeDependencies) {
    const { ingest, ownPort } = options;
    this.#dependencies = dependencies;
    this.#silenceMs = ingest.silenceMs ?? DEFAULT_SILENCE_MS;
    this.#lastMediaMs = options.nowMs;
    this.rules = new SourceRules({ expectedSsrc: ingest.ssrc, ssrcCheck: ingest.ssrcCheck, ownPort });
    const { depacketizer } = dependencies;
    this.order = new PacketOrder(
      {
        onPacket: (packet: RtpView, nowMs: number) => depacketizer.push(packet, nowMs),
        onGap: (_lost: number, nowMs: number) => this.#gap(nowMs),
      },
      options.reorderMs,
    );
  }

  /** Media has come at least once. */
  get started(): boolean {
    return this.#started;
  }

  /** When the last accepted packet came (or the time from which silence counts). */
  get lastMediaMs(): number {
    return this.#lastMediaMs;
  }

  /** The silence counts from the answer at the earliest. */
  onAnswer({ ssrc, deviceAddresses }: Pick<IngestAnswer, 'ssrc' | 'deviceAddresses'>, nowMs: number): void {
    this.rules.setAnswer(ssrc, deviceAddresses);
    if (!this.#started) this.#lastMediaMs = nowMs;
  }

  /** A UDP datagram; it may be out of order. */
  onDatagram(message: Buffer, origin: PacketOrigin, nowMs: number): Intake {
    const end = message.length;
    if (isRtcpAt(message, 0, end)) return this.#onRtcp(message, nowMs);
    const verdict = this.#judge({ buffer: message, start: 0, end }, origin, nowMs);
    if (verdict === 'media') this.order.pushDatagram(view, nowMs);
    return verdict;
  }

  /** A datagram on the RTCP port. */
  onControl(message: Buffer, nowMs: number): Intake {
    return isRtcpAt(message, 0, message.length) ? this.#onRtcp(message, nowMs) : 'rejected';
  }

  /** A frame of a TCP connection, in order by itself; `origin` is one object a connection. */
  onFrame(span: PacketSpan, origin: PacketOrigin, nowMs: number): Intake {
    if (isRtcpAt(span.buffer, span.start, span.end)) {
      return this.#onRtcp(span.buffer.subarray(span.start, span.end), nowMs);
    }
    const verdict = this.#judge(span, origin, nowMs);
    if (verdict !== 'media') return verdict;
    if (this.#frameOrigin !== origin) {
      if (this.#frameOrigin !== undefined) this.order.restart(nowMs);
      this.#frameOrigin = origin;
    }
    this.order.pushFrame(view, nowMs);
    return verdict;
  }

  /** Bytes were lost on a TCP connection, or another connection takes over. */
  onDiscontinuity(nowMs: number): void {
    this.order.restart(nowMs);
  }

  /** The shared port saw an SSRC that belongs to nobody, from the address of this ingest's device. */
  onForeignSsrc(ssrc: number, address: string, nowMs: number): void {
    this.#tellWrong(nowMs, { name: 'wrongSsrc', seen: { ssrc, expected: this.rules.expected, address } });
  }

  tick(nowMs: number): void {
    this.order.tick(nowMs);
    this.#dependencies.depacketizer.tick(nowMs);
    const silentMs = nowMs - this.#lastMediaMs;
    if (silentMs < this.#toldSilentMs + this.#silenceMs) return;
    this.#toldSilentMs = silentMs;
    this.#dependencies.tell({ name: 'silent', silentMs: Math.round(silentMs) });
  }

  close(): void {
    this.order.close();
  }

  #judge(span: PacketSpan, origin: PacketOrigin, nowMs: number): Intake {
    const { counters } = this.#dependencies;
    const error = parseRtpAt(span.buffer, span.start, span.end, view);
    if (error !== undefined) {
      counters.onError(error);
      return 'rejected';
    }
    switch (this.rules.check(view.ssrc, origin.address, nowMs)) {
      case 'wrong_ssrc':
        counters.wrongSsrc += 1;
        this.onForeignSsrc(view.ssrc, origin.address, nowMs);
        return 'rejected';
      case 'wrong_source':
        counters.wrongSource += 1;
        this.#tellWrong(nowMs, {
          name: 'wrongSource',
          seen: { address: origin.address, expected: this.rules.source },
        });
        return 'rejected';
      case 'latched':
        this.#onLatched(origin, nowMs);
        break;
      case 'accepted':
        break;
    }
    counters.packets += 1;
    counters.bytes += span.end - span.start;
    this.#heard(nowMs);
    this.statistics.onPacket(view, nowMs);
    return 'media';
  }

  #onLatched(origin: PacketOrigin, nowMs: number): void {
    const { tell } = this.#dependencies;
    if (this.#started) {
      this.order.restart(nowMs);
    } else {
      this.#started = true;
      const { address, port } = origin;
      tell({ name: 'firstRtp', from: { address, port, ssrc: view.ssrc, payloadType: view.payloadType } });
    }
    tell({ name: 'ssrcOk', ssrc: view.ssrc });
  }

  #heard(nowMs: number): void {
    this.#lastMediaMs = nowMs;
    if (this.#toldSilentMs === 0) return;
    this.#toldSilentMs = 0;
    if (this.#dependencies.counters.packets > 1) this.#dependencies.tell({ name: 'resumed' });
  }

  /** At most once a second, and not while our own source sends. */
  #tellWrong(nowMs: number, fact: IngestFact): void {
    if (this.#started && nowMs - this.#lastMediaMs < TOLD_INTERVAL_MS) return;
    if (nowMs - this.#toldWrongMs < TOLD_INTERVAL_MS) return;
    this.#toldWrongMs = nowMs;
    this.#dependencies.tell(fact);
  }

  #onRtcp(packet: Buffer, nowMs: number): Intake {
    const { counters } = this.#dependencies;
    counters.rtcpPackets += 1;
    const records = parseRtcp(packet);
    if (typeof records === 'string') {
      counters.onError(records);
      return 'rejected';
    }
    for (const record of records) {
      if (record.type === 'sr' && record.ssrc === this.rules.ssrc) this.statistics.onSenderReport(record, nowMs);
    }
    return 'rtcp';
  }

  #gap(nowMs: number): void {
    this.#dependencies.depacketizer.gap(nowMs);
    this.#dependencies.onGap();
  }
}
