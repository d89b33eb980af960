import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { parseRtcp } from '../rtp/rtcp.ts';
import { readUint32 } from '../rtp/rtp-packet.ts';
import type { PlayableAudio } from '../types.ts';
import { BUNDLE_MARK, type PacketBundle } from './packet-bundle.ts';
import { BURST_PACKETS, type Paced, type Pacer } from './pacer.ts';
import { PacketStore, type ChunkPool } from './packet-store.ts';
import type { OutputTarget } from './protocol.ts';
import type { SendArena } from './send-arena.ts';
import { formatSenderReport, type MediaTimeline } from './sender-report.ts';

const SEND_BUFFER_BYTES = 4_194_304;
const QUEUE_BYTES = 6_291_456;
const RTP_HEADER_BYTES = 12;
const REPORT_INTERVAL_MS = 1000;

export interface OutputDependencies {
  readonly pacer: Pacer;
  readonly chunks: ChunkPool;
  readonly arena: SendArena;
  /** Of the whole thread; empty between calls. */
  readonly bundle: PacketBundle;
  readonly timeline: MediaTimeline;
  readonly now: () => number;
  readonly onKeyFrameRequest: () => void;
  /** The socket is connected: packets may be sent. */
  readonly onReady: (output: Output) => void;
}

/** `waiting` = for a key frame; audio is sent already. */
export type OutputState = 'connecting' | 'waiting' | 'live' | 'closed';

/** What was sent of one SSRC, for its sender report. */
interface SentTrack {
  ssrc: number;
  packets: number;
  octets: number;
  rtpTimestamp: number;
  pts90k: number;
  /** The first report follows the first packet at once. */
  reported: boolean;
}

/** RTP and RTCP to one receiver over a connected UDP socket; RTCP of the receiver comes back on it. */
export class Output implements Paced {
  readonly audioCodec: PlayableAudio;
  readonly #target: OutputTarget;
  readonly #dependencies: OutputDependencies;
  readonly #socket: Socket;
  readonly #queue: PacketStore;
  readonly #video: SentTrack = noneSent();
  readonly #audio: SentTrack = noneSent();
  readonly #sendPacket = (buffer: Buffer, start: number, end: number): void => {
    this.#socket.send(this.#dependencies.arena.copy(buffer, start, end));
  };
  readonly #sendQueued = (buffer: Buffer, start: number, end: number): void => {
    const { bundle } = this.#dependencies;
    if (bundle.append(buffer, start, end)) return;
    this.#sendBundle(bundle);
    bundle.clear();
    bundle.append(buffer, start, end);
  };
  #state: OutputState = 'connecting';
  /** The receiver has said that it understands bundles. */
  #bundles = false;
  #credit = 0;
  #creditAtMs = -Infinity;
  #reportedAtMs = 0;
  /** Send errors, such as ECONNREFUSED of a receiver that is gone. */
  sendErrors = 0;
  /** Times that the queue overflowed. */
  overflows = 0;

  constructor(target: OutputTarget, dependencies: OutputDependencies) {
    this.#target = target;
    this.#dependencies = dependencies;
    this.audioCodec = target.audioCodec;
    this.#queue = new PacketStore(dependencies.chunks, QUEUE_BYTES);
    this.#socket = createSocket({
      type: isIPv6(target.address) ? 'udp6' : 'udp4',
      sendBufferSize: SEND_BUFFER_BYTES,
    });
    this.#socket.on('error', () => {
      this.sendErrors += 1;
    });
    this.#socket.on('message', (message) => this.#onMessage(message));
  }

  get state(): OutputState {
    return this.#state;
  }

  open(): void {
    this.#socket.once('connect', () => {
      if (this.#state !== 'connecting') return;
      this.#state = 'waiting';
      this.#socket.send(BUNDLE_MARK);
      this.#dependencies.onReady(this);
    });
    this.#socket.connect(this.#target.port, this.#target.address);
  }

  /** A key frame is what comes next. */
  goLive(): void {
    if (this.#state === 'waiting') this.#state = 'live';
  }

  /** Sends now, or behind what is queued; an overflow drops up to the next key frame. */
  sendVideo(bundle: PacketBundle): void {
    if (this.#state !== 'live') return;
    this.#stamp(this.#video, bundle.buffer, bundle.lastStart);
    this.#video.packets += bundle.packets;
    this.#video.octets += bundle.packetBytes - bundle.packets * RTP_HEADER_BYTES;
    if (this.#queue.packets === 0 && this.#takeCredit(bundle.packets)) {
      this.#sendBundle(bundle);
      return;
    }
    let fits = true;
    bundle.forEach((buffer, start, end) => {
      fits &&= this.#queue.append(buffer, start, end);
    });
    if (fits) {
      this.#dependencies.pacer.schedule(this);
      return;
    }
    this.overflows += 1;
    this.#queue.clear();
    this.#state = 'waiting';
    this.#dependencies.onKeyFrameRequest();
  }

  sendAudio(packet: Buffer): void {
    if (this.#state === 'connecting' || this.#state === 'closed') return;
    this.#stamp(this.#audio, packet, 0);
    this.#audio.packets += 1;
    this.#audio.octets += packet.length - RTP_HEADER_BYTES;
    this.#socket.send(packet);
  }

  /** The stamps that a sender report maps to time; called behind the packets of a frame. */
  setPts(kind: 'video' | 'audio', pts90k: number): void {
    const track = kind === 'video' ? this.#video : this.#audio;
    track.pts90k = pts90k;
    if (track.reported || track.packets === 0) return;
    track.reported = true;
    this.#report(track);
  }

  sendBurst(): boolean {
    const { bundle } = this.#dependencies;
    this.#queue.drain(BURST_PACKETS, this.#sendQueued);
    this.#sendBundle(bundle);
    bundle.clear();
    return this.#queue.packets > 0;
  }

  /** Sender reports about every second (RFC 3550 §6.2, shortened as browsers need them early to play in step). */
  tick(nowMs: number): void {
    if (this.#state === 'closed' || nowMs - this.#reportedAtMs < REPORT_INTERVAL_MS) return;
    this.#reportedAtMs = nowMs;
    this.#report(this.#video);
    this.#report(this.#audio);
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#dependencies.pacer.remove(this);
    this.#queue.clear();
    this.#socket.close();
  }

  #sendBundle(bundle: PacketBundle): void {
    if (bundle.packets === 0) return;
    if (this.#bundles) this.#sendPacket(bundle.buffer, 0, bundle.length);
    else bundle.forEach(this.#sendPacket);
  }

  #takeCredit(packets: number): boolean {
    if (this.#credit <= 0) {
      const nowMs = this.#dependencies.now();
      if (nowMs - this.#creditAtMs < 1) return false;
      this.#creditAtMs = nowMs;
      this.#credit = BURST_PACKETS;
    }
    this.#credit -= packets;
    return true;
  }

  #stamp(track: SentTrack, buffer: Buffer, start: number): void {
    track.ssrc = readUint32(buffer, start + 8);
    track.rtpTimestamp = readUint32(buffer, start + 4);
  }

  #report(track: SentTrack): void {
    if (track.packets === 0 || this.#state === 'connecting') return;
    const { ssrc, rtpTimestamp, packets, octets } = track;
    const unixMs = this.#dependencies.timeline.unixMsOf(track.pts90k, Date.now());
    this.#socket.send(formatSenderReport({ ssrc, unixMs, rtpTimestamp, packets, octets }));
  }

  #onMessage(message: Buffer): void {
    if (message.equals(BUNDLE_MARK)) {
      this.#bundles = true;
      return;
    }
    const records = parseRtcp(message);
    if (typeof records === 'string') return;
    if (records.some((record) => record.type === 'pli' || record.type === 'fir')) {
      this.#dependencies.onKeyFrameRequest();
    }
  }
}

function noneSent(): SentTrack {
  return { ssrc: 0, packets: 0, octets: 0, rtpTimestamp: 0, pts90k: 0, reported: false };
}
