import { ParameterSets } from '../codec/parameter-sets.ts';
import type { RtpView } from '../pipeline-types.ts';
import { forEachH264Nalu, isKeyFrame } from '../rtp/key-frame.ts';
import { ReorderBuffer } from '../rtp/reorder-buffer.ts';
import { senderReportsOf } from '../rtp/rtcp.ts';
import { leaveVp9FlexibleMode } from '../rtp/vp9-descriptor.ts';
import { createRtpView, isRtcp, parseRtp, parseRtpAt, readUint32 } from '../rtp/rtp-packet.ts';
import type { FramingStats, FramingTrack, H264Description } from '../types.ts';
import type { OutputPort } from './output-port.ts';

/** Lost video comes again after a round trip to the publisher, or not at all. */
const RETRANSMISSION_MS = 300;
/** A frame whose end does not come is told so late. */
const MAX_FRAME_MS = 200;

export interface PacketFramingOptions {
  readonly tracks: readonly FramingTrack[];
  /** How long a hole may hold back what follows it. */
  readonly reorderMs: number;
  readonly port: OutputPort;
  readonly onDescribed: (video: H264Description) => void;
}

interface Lane {
  readonly track: FramingTrack;
  readonly order: ReorderBuffer;
  ssrc: number | undefined;
  /** The latest one: a reader that starts needs it before its first picture. */
  senderReport: Buffer | undefined;
}

/**
 * RTP and RTCP of one publication, put in order and framed for RTSP, one message for each video frame. What a publisher
 * retransmits comes late and out of order; readers over TCP take packets as they come.
 */
export class PacketFraming {
  readonly #options: PacketFramingOptions;
  readonly #port: OutputPort;
  readonly #lanes = new Map<number, Lane>();
  readonly #view = createRtpView();
  readonly #header = createRtpView();
  readonly #sets = new ParameterSets();
  readonly #errors = new Map<string, number>();
  readonly #hasVideo: boolean;
  #toldSets = '';
  #setsSeen = false;
  #frameTimestamp: number | undefined;
  #frameKey = false;
  #frameSinceMs = 0;
  #packets = 0;
  #bytes = 0;
  #keyFrames = 0;

  constructor(options: PacketFramingOptions) {
    this.#options = options;
    this.#port = options.port;
    this.#hasVideo = options.tracks.some(({ kind }) => kind === 'video');
    for (const track of options.tracks) {
      const onPacket = (view: RtpView, nowMs: number): void => this.#onPacket(lane, view, nowMs);
      const reorderMs = track.kind === 'video' ? Math.max(options.reorderMs, RETRANSMISSION_MS) : options.reorderMs;
      const order = new ReorderBuffer({ onPacket, onGap: () => undefined }, { reorderMs });
      const lane: Lane = { track, order, ssrc: undefined, senderReport: undefined };
      this.#lanes.set(track.payloadType, lane);
    }
  }

  get stats(): FramingStats {
    const orders = [...this.#lanes.values()].map(({ order }) => order);
    return {
      packets: this.#packets,
      bytes: this.#bytes,
      lost: orders.reduce((sum, { lost }) => sum + lost, 0),
      reordered: orders.reduce((sum, { reordered }) => sum + reordered, 0),
      keyFrames: this.#keyFrames,
      errors: Object.fromEntries(this.#errors),
    };
  }

  /** The memory is not used after the call. */
  onDatagram(message: Buffer, nowMs: number): void {
    this.#packets += 1;
    this.#bytes += message.length;
    if (isRtcp(message)) return this.#onRtcp(message);
    const view = this.#view;
    const failure = parseRtp(message, view);
    if (failure !== undefined) return this.#count(failure);
    const lane = this.#lanes.get(view.payloadType);
    if (lane === undefined) return this.#count('rtp_unknown_payload_type');
    lane.ssrc = view.ssrc;
    // Held back and told as a whole.
    view.payloadStart = 0;
    view.payloadEnd = message.length;
    lane.order.push(view, nowMs);
  }

  /** Every 100 ms. */
  tick(nowMs: number): void {
    for (const { order } of this.#lanes.values()) order.poll(nowMs);
    if (this.#frameTimestamp === undefined || nowMs - this.#frameSinceMs >= MAX_FRAME_MS) this.#endFrame();
  }

  close(): void {
    for (const { order } of this.#lanes.values()) order.reset();
    this.#port.close();
  }

  #onPacket(lane: Lane, { packet: memory, payloadStart, payloadEnd }: RtpView, nowMs: number): void {
    const isWhole = payloadStart === 0 && payloadEnd === memory.length;
    // What was held back lies in memory that is used again before a socket has sent it.
    const packet = isWhole ? memory : Buffer.from(memory.subarray(payloadStart, payloadEnd));
    if (lane.track.kind === 'video') return this.#onVideo(lane.track, packet, nowMs);
    if (!this.#hasVideo) this.#port.beginKeyFrame();
    this.#port.sendRtp('audio', packet);
    if (!this.#hasVideo) this.#port.endFrame();
  }

  #onVideo({ codec }: FramingTrack, packet: Buffer, nowMs: number): void {
    const header = this.#header;
    if (parseRtpAt(packet, 0, packet.length, header) !== undefined) return;
    if (this.#frameTimestamp !== header.timestamp) {
      if (this.#frameTimestamp !== undefined) this.#endFrame();
      this.#frameTimestamp = header.timestamp;
      this.#frameSinceMs = nowMs;
    }
    if (!this.#frameKey && isKeyFrame(codec, packet, header.payloadStart, header.payloadEnd)) this.#beginKeyFrame();
    const removed = codec === 'vp9' ? leaveVp9FlexibleMode(packet, header.payloadStart, header.payloadEnd) : 0;
    this.#port.sendRtp('video', removed === 0 ? packet : packet.subarray(removed));
    if (codec === 'h264' && this.#frameKey) this.#noteSets(packet, header.payloadStart, header.payloadEnd);
    if (header.marker) this.#endFrame();
  }

  #beginKeyFrame(): void {
    this.#frameKey = true;
    this.#keyFrames += 1;
    this.#port.beginKeyFrame();
    this.#sets.beginUnit();
    for (const { track, senderReport } of this.#lanes.values()) {
      if (senderReport !== undefined) this.#port.sendRtcp(track.kind, senderReport);
    }
  }

  #endFrame(): void {
    if (this.#setsSeen) this.#tellSets();
    this.#port.endFrame();
    this.#frameTimestamp = undefined;
    this.#frameKey = false;
  }

  #noteSets(packet: Buffer, payloadStart: number, payloadEnd: number): void {
    forEachH264Nalu(packet, payloadStart, payloadEnd, (bytes, start, end) => {
      const type = bytes[start]! & 0x1f;
      if (type !== 7 && type !== 8) return;
      this.#sets.note(bytes, start, end);
      this.#setsSeen = true;
    });
  }

  #tellSets(): void {
    this.#setsSeen = false;
    const { profileLevelId, spropParameterSets, width, height } = this.#sets.described ?? {};
    if (spropParameterSets === undefined || spropParameterSets === this.#toldSets) return;
    if (profileLevelId === undefined || width === undefined || height === undefined) return;
    this.#toldSets = spropParameterSets;
    this.#options.onDescribed({ profileLevelId, spropParameterSets, width, height });
  }

  #onRtcp(message: Buffer): void {
    for (const report of senderReportsOf(message)) {
      const ssrc = readUint32(report, 4);
      const lane = [...this.#lanes.values()].find((candidate) => candidate.ssrc === ssrc);
      if (lane === undefined) {
        this.#count('rtcp_unknown_ssrc');
        continue;
      }
      lane.senderReport = report;
      this.#port.sendRtcp(lane.track.kind, report);
    }
  }

  #count(reason: string): void {
    this.#errors.set(reason, (this.#errors.get(reason) ?? 0) + 1);
  }
}
