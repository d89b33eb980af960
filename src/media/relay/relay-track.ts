import type { RtpView } from '../pipeline-types.ts';
import type { RelayTrackOptions } from '../relay-types.ts';
import { ReceiverStatistics } from '../rtp/receiver-statistics.ts';
import { formatPictureLoss, formatReceiverReport, parseRtcp, type SenderReport } from '../rtp/rtcp.ts';
import { createRtpView, parseRtpAt, RTP_HEADER_BYTES } from '../rtp/rtp-packet.ts';
import { sequenceDistance } from '../rtp/sequence.ts';
import type { FaultCounts, RelayFault } from './faults.ts';
import { splitH264 } from './h264-splitter.ts';
import { ParameterSetInserter } from './parameter-set-inserter.ts';
import { HISTORY_PACKETS, ShiftHistory } from './shift-history.ts';

/** A source that was silent for so long may go on with another SSRC. */
export const RELATCH_MS = 1000;
/** A source that is connected again has begun within this time. */
const RESTART_MS = 30_000;
/** A packet that lies so little ahead of the latest one, in numbers and in time, belongs to the same source. */
const MAX_STEP_PACKETS = 100;
const MAX_STEP_SEC = 2;
const MAX_PACKET_BYTES = 61_000;
/** With SRTP, UDP and IP a packet of this size still fits into an Ethernet frame. */
const MAX_SENT_BYTES = 1400;
const CNAME = 'gbrtc';

/** Takes the packets that are to be sent on; `buffer[start, end)` may be kept only by copying it. */
export type PacketSink = (buffer: Buffer, start: number, end: number) => void;

export interface RelayTrackDependencies {
  readonly send: PacketSink;
  readonly sendReport: (report: SenderReport) => void;
  readonly faults: FaultCounts;
  /** SSRC of our own RTCP. */
  readonly ownSsrc: number;
}

/**
 * One track of a source: which packets are taken, and how they look when they leave. Sequence numbers keep their gaps, so
 * that who receives them sees what was lost; they are shifted where parameter sets were put between.
 */
export class RelayTrack {
  readonly kind: 'video' | 'audio';
  readonly #options: RelayTrackOptions;
  readonly #dependencies: RelayTrackDependencies;
  readonly #view: RtpView = createRtpView();
  #statistics: ReceiverStatistics;
  readonly #inserter: ParameterSetInserter | undefined;
  /** The source's SSRC; −1 before its first packet. */
  #ssrc = -1;
  /** Until then a packet that does not go on where the latest one was begins another count, whatever its SSRC. */
  #anewUntilMs = 0;
  /** Nothing has come since the source was connected again. */
  #fresh = false;
  #acceptedAtMs = 0;
  #lostBefore = 0;
  /** Of the next packet. */
  #sequenceShift = 0;
  readonly #shifts = new ShiftHistory();
  /** Of the source; −1 before its first packet. */
  #highest = -1;
  #highestTimestamp = 0;
  #timestampShift = 0;
  #lastSequence = 0;
  #lastTimestamp = 0;
  packets = 0;
  bytes = 0;

  constructor(options: RelayTrackOptions, dependencies: RelayTrackDependencies) {
    this.kind = options.kind;
    this.#options = options;
    this.#dependencies = dependencies;
    this.#statistics = new ReceiverStatistics(options.clockRate);
    const { spropParameterSets } = options;
    this.#inserter = spropParameterSets === undefined ? undefined : new ParameterSetInserter(spropParameterSets);
  }

  /** What is sent on; the target's feedback names it. */
  get sentSsrc(): number {
    return this.#options.sentSsrc;
  }

  get lost(): number {
    return this.#lostBefore + Math.max(0, this.#statistics.lost);
  }

  /** True = taken. The packet is changed in place. */
  onRtp(buffer: Buffer, start: number, end: number, nowMs: number): boolean {
    const view = this.#view;
    const fault = this.#check(buffer, start, end) ?? this.#checkSource(view, nowMs);
    if (fault !== undefined) {
      this.#dependencies.faults.add(fault);
      return false;
    }
    this.#acceptedAtMs = nowMs;
    this.packets += 1;
    this.bytes += end - start;
    this.#statistics.onPacket(view, nowMs);
    const isNew = this.#advance(view);
    if (isNew) {
      this.#insert(buffer, view);
      this.#shifts.set(view.sequenceNumber, this.#sequenceShift);
    }
    const pieces = isNew && end - start > MAX_SENT_BYTES ? this.#split(buffer, view) : undefined;
    this.#rewrite(buffer, start, isNew);
    if (pieces === undefined) this.#dependencies.send(buffer, start, end);
    else this.#sendPieces(pieces, view);
    return true;
  }

  /**
   * The source is connected again: SSRC, numbers and stamps are others, or look like the former ones. The former
   * source may go on for a while before the next one begins.
   */
  restart(nowMs: number): void {
    this.#anewUntilMs = nowMs + RESTART_MS;
    this.#fresh = true;
  }

  /** RTCP of the source: its sender reports go on. */
  onRtcp(packet: Buffer, nowMs: number): void {
    const records = parseRtcp(packet);
    if (typeof records === 'string') return this.#dependencies.faults.add('rtcp_bad');
    // How its stamps are shifted is not known before its first packet.
    if (this.#fresh) return;
    for (const record of records) {
      if (record.type !== 'sr' || record.ssrc !== this.#ssrc) continue;
      this.#statistics.onSenderReport(record, nowMs);
      const rtpTimestamp = (record.rtpTimestamp + this.#timestampShift) >>> 0;
      this.#dependencies.sendReport({ ...record, ssrc: this.sentSsrc, rtpTimestamp });
    }
  }

  /** RFC 3550 §6.4.2; undefined before the first packet. */
  formatReport(nowMs: number): Buffer | undefined {
    const block = this.#statistics.report(nowMs);
    return block === undefined ? undefined : formatReceiverReport(this.#dependencies.ownSsrc, block, CNAME);
  }

  /** RFC 4585 §6.3.1; undefined before the first packet. */
  formatKeyFrameRequest(): Buffer | undefined {
    return this.#ssrc < 0 ? undefined : formatPictureLoss(this.#dependencies.ownSsrc, this.#ssrc, CNAME);
  }

  #check(buffer: Buffer, start: number, end: number): RelayFault | undefined {
    if (end - start > MAX_PACKET_BYTES) return 'rtp_too_long';
    const fault = parseRtpAt(buffer, start, end, this.#view);
    if (fault !== undefined) return fault;
    return this.#view.payloadType === this.#options.payloadType ? undefined : 'wrong_payload_type';
  }

  #checkSource(view: RtpView, nowMs: number): RelayFault | undefined {
    const anew = nowMs < this.#anewUntilMs;
    if (view.ssrc === this.#ssrc && (!anew || this.#continues(view))) {
      this.#fresh = false;
      return undefined;
    }
    if (this.#ssrc >= 0) {
      const silentMs = nowMs - this.#acceptedAtMs;
      if (silentMs < RELATCH_MS && !anew) return 'wrong_ssrc';
      this.#continueAs(view, silentMs);
    }
    this.#anewUntilMs = 0;
    this.#fresh = false;
    this.#ssrc = view.ssrc;
    return undefined;
  }

  #continues({ sequenceNumber, timestamp }: RtpView): boolean {
    const step = sequenceDistance(this.#highest, sequenceNumber);
    const stepSec = ((timestamp - this.#highestTimestamp) | 0) / this.#options.clockRate;
    return step > 0 && step <= MAX_STEP_PACKETS && Math.abs(stepSec) <= MAX_STEP_SEC;
  }

  /** Another source: what leaves goes on where the former one has ended, a silence later. */
  #continueAs(view: RtpView, silentMs: number): void {
    const { clockRate } = this.#options;
    this.#lostBefore = this.lost;
    this.#statistics = new ReceiverStatistics(clockRate);
    this.#sequenceShift = (this.#lastSequence + 1 - view.sequenceNumber) & 0xffff;
    this.#shifts.clear();
    this.#highest = -1;
    this.#timestampShift = (this.#lastTimestamp + Math.round((silentMs * clockRate) / 1000) - view.timestamp) >>> 0;
  }

  /** False for a packet that comes late, or again. Those that are missing before it keep their places. */
  #advance({ sequenceNumber, timestamp }: RtpView): boolean {
    const step = this.#highest < 0 ? 1 : sequenceDistance(this.#highest, sequenceNumber);
    if (step <= 0 && step > -HISTORY_PACKETS) return false;
    for (let behind = Math.min(step, HISTORY_PACKETS) - 1; behind > 0; behind -= 1) {
      this.#shifts.set((sequenceNumber - behind) & 0xffff, this.#sequenceShift);
    }
    this.#highest = sequenceNumber;
    this.#highestTimestamp = timestamp;
    return true;
  }

  /** Parameter sets before an IDR that has none. Not before one that comes late: the numbers there are in use. */
  #insert(buffer: Buffer, { payloadStart, payloadEnd, timestamp, sequenceNumber }: RtpView): void {
    const span = { start: payloadStart, end: payloadEnd, timestamp };
    const payload = this.#inserter?.payloadBefore(buffer, span);
    if (payload === undefined) return;
    this.#sendOwn(payload, { sequence: sequenceNumber + this.#sequenceShift, timestamp, marker: false });
    this.#shift(1);
  }

  /** The next numbers are so many higher. */
  #shift(by: number): void {
    this.#sequenceShift = (this.#sequenceShift + by) & 0xffff;
  }

  /** H.264 that would not fit into a frame of the network: RTP over TCP knows no such limit, and FFmpeg none for SRTP. */
  #split(buffer: Buffer, { payloadStart, payloadEnd }: RtpView): Buffer[] | undefined {
    if (this.#inserter === undefined) return undefined;
    const pieces = splitH264(buffer, payloadStart, payloadEnd, MAX_SENT_BYTES - RTP_HEADER_BYTES);
    return pieces !== undefined && pieces.length > 1 ? pieces : undefined;
  }

  #sendPieces(pieces: readonly Buffer[], { sequenceNumber, timestamp, marker }: RtpView): void {
    const first = sequenceNumber + this.#sequenceShift;
    for (const [index, payload] of pieces.entries()) {
      const last = index === pieces.length - 1;
      this.#sendOwn(payload, { sequence: first + index, timestamp, marker: last && marker });
    }
    this.#shift(pieces.length - 1);
    this.#lastSequence = (first + pieces.length - 1) & 0xffff;
  }

  #sendOwn(payload: Buffer, fields: { sequence: number; timestamp: number; marker: boolean }): void {
    const packet = Buffer.alloc(RTP_HEADER_BYTES + payload.length);
    packet[0] = 0x80;
    packet[1] = (fields.marker ? 0x80 : 0) | this.#options.sentPayloadType;
    packet.writeUInt16BE(fields.sequence & 0xffff, 2);
    packet.writeUInt32BE((fields.timestamp + this.#timestampShift) >>> 0, 4);
    packet.writeUInt32BE(this.sentSsrc, 8);
    payload.copy(packet, RTP_HEADER_BYTES);
    this.#dependencies.send(packet, 0, packet.length);
  }

  #rewrite(buffer: Buffer, start: number, isNew: boolean): void {
    const { sequenceNumber, timestamp, marker } = this.#view;
    const shift = this.#shifts.get(sequenceNumber) ?? this.#sequenceShift;
    const sequence = (sequenceNumber + shift) & 0xffff;
    const sentTimestamp = (timestamp + this.#timestampShift) >>> 0;
    if (isNew) {
      this.#lastSequence = sequence;
      this.#lastTimestamp = sentTimestamp;
    }
    buffer[start + 1] = (marker ? 0x80 : 0) | this.#options.sentPayloadType;
    buffer.writeUInt16BE(sequence, start + 2);
    buffer.writeUInt32BE(sentTimestamp, start + 4);
    buffer.writeUInt32BE(this.sentSsrc, start + 8);
  }
}
