import { parseRtcp } from '../rtp/rtcp.ts';
import { readUint32 } from '../rtp/rtp-packet.ts';
import type { OutputPorts, PlayableAudio, TrackKind } from '../types.ts';
import type { OutputPort } from './output-port.ts';
import type { PacketBundle } from './packet-bundle.ts';
import { BURST_PACKETS, type Paced, type Pacer } from './pacer.ts';
import { PacketStore, type ChunkPool } from './packet-store.ts';
import type { SendArena } from './send-arena.ts';
import { formatSenderReport, type MediaTimeline } from './sender-report.ts';

const QUEUE_BYTES = 6_291_456;
const RTP_HEADER_BYTES = 12;
const REPORT_INTERVAL_MS = 1000;
const ALIVE_INTERVAL_MS = 5000;

export interface OutputDependencies {
  readonly pacer: Pacer;
  readonly chunks: ChunkPool;
  readonly arena: SendArena;
  /** Of the whole thread; empty between calls. */
  readonly bundle: PacketBundle;
  readonly timeline: MediaTimeline;
  readonly now: () => number;
  readonly onKeyFrameRequest: () => void;
  /** Packets may be sent: the socket is open, or the player goes on. */
  readonly onReady: (output: Output) => void;
}

/** What an output is for. */
export interface OutputOptions {
  readonly port: OutputPort;
  readonly audioCodec: PlayableAudio;
  /** Absent = both. */
  readonly track?: TrackKind;
  /** Nothing flows before `setPlaying`. */
  readonly paused?: boolean;
  readonly onOpened?: (ports: OutputPorts) => void;
  readonly onFailed?: () => void;
  /** RTCP of the receiver arrived; at most every 5 s. */
  readonly onAlive?: () => void;
}

/** `waiting` = for a key frame; audio is sent already. */
export type OutputState = 'connecting' | 'paused' | 'waiting' | 'live' | 'closed';

/** What was sent of one SSRC, for its sender report. */
interface SentTrack {
  readonly kind: TrackKind;
  ssrc: number;
  packets: number;
  octets: number;
  rtpTimestamp: number;
  pts90k: number;
  /** The first report follows the first packet at once. */
  reported: boolean;
}

/** RTP and RTCP to one receiver; RTCP of the receiver comes back. */
export class Output implements Paced {
  readonly audioCodec: PlayableAudio;
  readonly #options: OutputOptions;
  readonly #dependencies: OutputDependencies;
  readonly #port: OutputPort;
  readonly #queue: PacketStore;
  readonly #video: SentTrack = noneSent('video');
  readonly #audio: SentTrack = noneSent('audio');
  readonly #sendPacket = (buffer: Buffer, start: number, end: number): void => {
    this.#port.sendRtp('video', this.#dependencies.arena.copy(buffer, start, end));
  };
  readonly #sendQueued = (buffer: Buffer, start: number, end: number): void => {
    const { bundle } = this.#dependencies;
    if (bundle.append(buffer, start, end)) return;
    this.#sendBundle(bundle);
    bundle.clear();
    bundle.append(buffer, start, end);
  };
  #state: OutputState = 'connecting';
  #playing: boolean;
  #credit = 0;
  #creditAtMs = -Infinity;
  #reportedAtMs = 0;
  #aliveAtMs = Number.NEGATIVE_INFINITY;
  /** Send errors, such as ECONNREFUSED of a receiver that is gone. */
  sendErrors = 0;
  /** Times that the queue overflowed. */
  overflows = 0;

  constructor(options: OutputOptions, dependencies: OutputDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#port = options.port;
    this.#playing = options.paused !== true;
    this.audioCodec = options.audioCodec;
    this.#queue = new PacketStore(dependencies.chunks, QUEUE_BYTES);
  }

  get audioOnly(): boolean {
    return this.#options.track === 'audio';
  }

  get state(): OutputState {
    return this.#state;
  }

  open(): void {
    this.#port.open({
      onReady: (ports) => this.#onPortReady(ports),
      onControl: (message) => this.#onRtcp(message),
      onError: () => {
        this.sendErrors += 1;
      },
      onFailed: () => {
        this.sendErrors += 1;
        this.#options.onFailed?.();
      },
    });
  }

  /** Pausing forgets what waits; going on starts with a key frame. */
  setPlaying(playing: boolean): void {
    if (this.#playing === playing) return;
    this.#playing = playing;
    if (this.#state === 'closed' || this.#state === 'connecting') return;
    if (playing) {
      this.#state = 'waiting';
      this.#dependencies.onReady(this);
      return;
    }
    this.#state = 'paused';
    this.#dependencies.pacer.remove(this);
    this.#queue.clear();
  }

  requestKeyFrame(): void {
    if (this.#state !== 'closed') this.#dependencies.onKeyFrameRequest();
  }

  /** A key frame is what comes next. */
  goLive(): void {
    if (this.#state === 'waiting') this.#state = 'live';
    if (this.#state === 'live') this.#port.beginKeyFrame();
  }

  /** Sends now, or behind what is queued; an overflow drops up to the next key frame. */
  sendVideo(bundle: PacketBundle): void {
    if (this.#state !== 'live' || this.#options.track === 'audio') return;
    this.#stamp(this.#video, bundle.buffer, bundle.lastStart);
    this.#video.packets += bundle.packets;
    this.#video.octets += bundle.packetBytes - bundle.packets * RTP_HEADER_BYTES;
    if (!this.#port.paced || (this.#queue.packets === 0 && this.#takeCredit(bundle.packets))) {
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
    if (this.#options.track === 'video' || (this.#state !== 'waiting' && this.#state !== 'live')) return;
    this.#stamp(this.#audio, packet, 0);
    this.#audio.packets += 1;
    this.#audio.octets += packet.length - RTP_HEADER_BYTES;
    this.#port.sendRtp('audio', packet);
  }

  /** The stamps that a sender report maps to time; called behind the packets of a frame. */
  setPts(kind: TrackKind, pts90k: number): void {
    const track = kind === 'video' ? this.#video : this.#audio;
    track.pts90k = pts90k;
    if (!track.reported && track.packets > 0) {
      track.reported = true;
      this.#report(track);
    }
    if (kind === 'video') this.#port.endFrame();
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
    if (this.#state === 'closed') return;
    if (nowMs - this.#reportedAtMs >= REPORT_INTERVAL_MS) {
      this.#reportedAtMs = nowMs;
      this.#report(this.#video);
      this.#report(this.#audio);
    }
    this.#port.tick();
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#dependencies.pacer.remove(this);
    this.#queue.clear();
    this.#port.close();
  }

  #onPortReady(ports: OutputPorts): void {
    if (this.#state !== 'connecting') return;
    this.#state = this.#playing ? 'waiting' : 'paused';
    this.#options.onOpened?.(ports);
    if (this.#playing) this.#dependencies.onReady(this);
  }

  #sendBundle(bundle: PacketBundle): void {
    if (bundle.packets === 0) return;
    if (this.#port.takesBundles) this.#sendPacket(bundle.buffer, 0, bundle.length);
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
    if (track.packets === 0 || this.#state === 'connecting' || this.#state === 'paused') return;
    const { kind, ssrc, rtpTimestamp, packets, octets } = track;
    const unixMs = this.#dependencies.timeline.unixMsOf(track.pts90k, Date.now());
    this.#port.sendRtcp(kind, formatSenderReport({ ssrc, unixMs, rtpTimestamp, packets, octets }));
  }

  #onRtcp(message: Buffer): void {
    const records = parseRtcp(message);
    if (typeof records === 'string') return;
    const nowMs = this.#dependencies.now();
    if (nowMs - this.#aliveAtMs >= ALIVE_INTERVAL_MS) {
      this.#aliveAtMs = nowMs;
      this.#options.onAlive?.();
    }
    if (records.some((record) => record.type === 'pli' || record.type === 'fir')) {
      this.#dependencies.onKeyFrameRequest();
    }
  }
}

function noneSent(kind: TrackKind): SentTrack {
  return { kind, ssrc: 0, packets: 0, octets: 0, rtpTimestamp: 0, pts90k: 0, reported: false };
}
