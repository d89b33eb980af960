import { randomInt } from 'node:crypto';
import type { RelayEndReason, RelayOptions, RelayRemote, RelayStats } from '../relay-types.ts';
import { parseRtcp, type SenderReport } from '../rtp/rtcp.ts';
import { isRtcpAt } from '../rtp/rtp-packet.ts';
import { MuxPort } from '../thread/output-port.ts';
import { formatSenderReportOf } from '../thread/sender-report.ts';
import type { ThreadContext } from '../thread/thread-context.ts';
import { FaultCounts } from './faults.ts';
import type { RelayNotice, RelayRequest } from './protocol.ts';
import { RelayPorts } from './relay-ports.ts';
import type { RelayQueue } from './relay-queue.ts';
import { RelayTrack } from './relay-track.ts';

/** RFC 3550 §6.2. */
const RECEIVER_REPORT_MS = 5000;
/** The source is asked for a key frame at most this often. */
const KEY_FRAME_REQUEST_MS = 500;
const DOLLAR = 0x24;
const FRAME_HEADER_BYTES = 4;
/** RFC 3550 §6.4.2 without blocks: means nothing to who gets it. */
const EMPTY_REPORT_WORDS = 1;

export interface RelaySessionOptions {
  readonly relay: RelayOptions;
  readonly tell: (notice: RelayNotice, transfer?: readonly ArrayBuffer[]) => void;
  readonly onEnded: (reason: RelayEndReason) => void;
  readonly queue: RelayQueue;
}

interface Lane {
  readonly track: RelayTrack;
  readonly channel: number;
  ports: RelayPorts | undefined;
  /** The source of now sends by UDP: one that is connected again may have changed that, and the ports stay. */
  overUdp: boolean;
  keyFrameWanted: boolean;
  keyFrameAskedAtMs: number;
}

/** One relay inside its media thread. */
export class RelaySession {
  readonly #options: RelaySessionOptions;
  readonly #context: ThreadContext;
  readonly #faults = new FaultCounts();
  readonly #port: MuxPort;
  readonly #lanes: readonly Lane[];
  readonly #ownSsrc = randomInt(1, 0xffff_ffff);
  #rtcpPackets = 0;
  #consumedBytes = 0;
  /** Undefined while silence is allowed. */
  #expectedSinceMs: number | undefined;
  #mediaAtMs = -1;
  #reportedAtMs: number;
  #sampledAtMs: number;
  #sampledBytes = 0;
  #bitrateBps = 0;
  #closed = false;

  constructor(options: RelaySessionOptions, context: ThreadContext) {
    const { relay, queue } = options;
    this.#options = options;
    this.#context = context;
    this.#reportedAtMs = context.now();
    this.#sampledAtMs = this.#reportedAtMs;
    this.#port = new MuxPort(relay.target.address, relay.target.port);
    const send = queue.add.bind(queue, this.#port);
    const sendReport = (report: SenderReport): void => {
      this.#port.sendRtcp('video', formatSenderReportOf(report));
    };
    const dependencies = { send, sendReport, faults: this.#faults, ownSsrc: this.#ownSsrc };
    this.#lanes = relay.tracks.map((track, index) => ({
      track: new RelayTrack(track, dependencies),
      channel: index * 2,
      ports: undefined,
      overUdp: false,
      keyFrameWanted: false,
      keyFrameAskedAtMs: -KEY_FRAME_REQUEST_MS,
    }));
  }

  open(): void {
    this.#port.open({
      onReady: () => this.#options.tell({ name: 'opened' }),
      onControl: (message) => this.#onFeedback(message),
      // ICMP of a worker that is gone; its death is told elsewhere.
      onError: () => undefined,
      onFailed: () => this.#options.onEnded('failed'),
    });
  }

  onRequest(request: Exclude<RelayRequest, { name: 'open' | 'close' }>): void {
    switch (request.name) {
      case 'openUdp':
        void this.#openUdp(request.track, request.port, request.remote);
        return;
      case 'setRemote':
        return this.#setRemote(request.track, request.remote);
      case 'push':
        return this.#onFrames(Buffer.from(request.framed.buffer, request.framed.byteOffset, request.framed.byteLength));
      case 'restart':
        for (const { track } of this.#lanes) track.restart(this.#context.now());
        return undefined;
      case 'expect':
        this.#expectedSinceMs = request.expecting ? this.#context.now() : undefined;
        return undefined;
    }
  }

  /** Every 100 ms. */
  tick(nowMs: number): void {
    for (const lane of this.#lanes) if (lane.keyFrameWanted) this.#askKeyFrame(lane, nowMs);
    if (nowMs - this.#reportedAtMs >= RECEIVER_REPORT_MS) {
      this.#reportedAtMs = nowMs;
      for (const lane of this.#lanes) this.#answer(lane, lane.track.formatReport(nowMs));
    }
    if (this.#expectedSinceMs === undefined) return;
    const { firstMediaMs, silenceMs } = this.#options.relay;
    const silentMs = nowMs - Math.max(this.#expectedSinceMs, this.#mediaAtMs);
    if (this.#mediaAtMs < 0 && silentMs >= firstMediaMs) this.#options.onEnded('no_media');
    else if (this.#mediaAtMs >= 0 && silentMs >= silenceMs) this.#options.onEnded('silent');
  }

  /** Once a second. */
  sample(nowMs: number): void {
    const { bytes } = this.stats;
    const seconds = (nowMs - this.#sampledAtMs) / 1000;
    if (seconds > 0) this.#bitrateBps = Math.round(((bytes - this.#sampledBytes) * 8) / seconds);
    this.#sampledAtMs = nowMs;
    this.#sampledBytes = bytes;
    this.#options.tell({ name: 'stats', stats: this.stats, consumedBytes: this.#consumedBytes });
  }

  get stats(): RelayStats {
    const sum = (pick: (track: RelayTrack) => number): number =>
      this.#lanes.reduce((total, { track }) => total + pick(track), 0);
    return {
      packets: sum((track) => track.packets),
      bytes: sum((track) => track.bytes),
      lost: sum((track) => track.lost),
      rtcpPackets: this.#rtcpPackets,
      bitrateBps: this.#bitrateBps,
      errors: this.#faults.record,
    };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.queue.forget(this.#port);
    this.#port.close();
    for (const { ports } of this.#lanes) ports?.close();
  }

  async #openUdp(track: number, port: number, remote: RelayRemote): Promise<void> {
    const lane = this.#lanes[track];
    const { tell } = this.#options;
    if (lane === undefined || lane.ports !== undefined) {
      return tell({ name: 'udp', track, refusal: { taken: false, reason: `track ${track} has no ports to open` } });
    }
    const { listenAddress: address, receiveBufferBytes } = this.#context.options;
    try {
      const ports = await RelayPorts.open({
        address,
        port,
        receiveBufferBytes,
        remote,
        onRtp: (message) => {
          if (this.#onPacket(lane, message, 0, message.length)) lane.overUdp = true;
        },
        onRtcp: (message) => this.#onControl(lane, message),
        onStranger: () => this.#faults.add('wrong_source'),
      });
      if (this.#closed) return ports.close();
      lane.ports = ports;
      lane.overUdp = true;
      tell({ name: 'udp', track });
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      const reason = error instanceof Error ? error.message : String(error);
      tell({ name: 'udp', track, refusal: { taken: code === 'EADDRINUSE' || code === 'EACCES', reason } });
    }
  }

  #setRemote(track: number, remote: RelayRemote): void {
    const lane = this.#lanes[track];
    if (lane?.ports === undefined) return;
    lane.overUdp = true;
    lane.ports.setRemote(remote, this.#opening());
  }

  #onFrames(block: Buffer): void {
    this.#consumedBytes += block.length;
    for (let at = 0; at < block.length;) {
      const start = at + FRAME_HEADER_BYTES;
      const end = start <= block.length ? start + ((block[at + 2]! << 8) | block[at + 3]!) : start;
      if (block[at] !== DOLLAR || end > block.length) return this.#faults.add('frame_malformed');
      const lane = this.#lanes[block[at + 1]! >> 1];
      if (lane === undefined) this.#faults.add('unknown_channel');
      else if ((block[at + 1]! & 1) === 1) this.#onControl(lane, block.subarray(start, end));
      else if (this.#onPacket(lane, block, start, end)) lane.overUdp = false;
      at = end;
    }
  }

  /** True = it was taken as media. */
  #onPacket(lane: Lane, buffer: Buffer, start: number, end: number): boolean {
    if (this.#closed) return false;
    if (isRtcpAt(buffer, start, end)) {
      this.#faults.add('rtcp_on_rtp_channel');
      this.#onControl(lane, buffer.subarray(start, end));
      return false;
    }
    const nowMs = this.#context.now();
    if (!lane.track.onRtp(buffer, start, end, nowMs)) return false;
    const first = this.#mediaAtMs < 0;
    this.#mediaAtMs = nowMs;
    if (first) this.#options.tell({ name: 'firstMedia' });
    return true;
  }

  #onControl(lane: Lane, packet: Buffer): void {
    if (this.#closed) return;
    if (!isRtcpAt(packet, 0, packet.length)) return this.#faults.add('rtp_on_rtcp_channel');
    this.#rtcpPackets += 1;
    lane.track.onRtcp(packet, this.#context.now());
  }

  /** RTCP of the target. */
  #onFeedback(message: Buffer): void {
    const records = parseRtcp(message);
    if (typeof records === 'string') return;
    for (const record of records) {
      const named = record.type === 'pli' ? [record.mediaSsrc] : record.type === 'fir' ? record.mediaSsrcs : [];
      for (const lane of this.#lanes) {
        if (named.includes(lane.track.sentSsrc)) this.#askKeyFrame(lane, this.#context.now());
      }
    }
  }

  /** Now, or as soon as the latest request is old enough. */
  #askKeyFrame(lane: Lane, nowMs: number): void {
    lane.keyFrameWanted = nowMs - lane.keyFrameAskedAtMs < KEY_FRAME_REQUEST_MS;
    if (lane.keyFrameWanted) return;
    lane.keyFrameAskedAtMs = nowMs;
    this.#answer(lane, lane.track.formatKeyFrameRequest());
  }

  #answer(lane: Lane, packet: Buffer | undefined): void {
    if (packet === undefined) return;
    if (lane.ports !== undefined && lane.overUdp) return lane.ports.sendRtcp(packet);
    const framed = new Uint8Array(FRAME_HEADER_BYTES + packet.length);
    framed.set([DOLLAR, lane.channel + 1, packet.length >> 8, packet.length & 0xff]);
    framed.set(packet, FRAME_HEADER_BYTES);
    this.#options.tell({ name: 'rtcp', framed }, [framed.buffer]);
  }

  /** RFC 3550 §6.4.2, without blocks. */
  #opening(): Buffer {
    const packet = Buffer.from([0x80, 201, 0, EMPTY_REPORT_WORDS, 0, 0, 0, 0]);
    packet.writeUInt32BE(this.#ownSsrc, 4);
    return packet;
  }
}
