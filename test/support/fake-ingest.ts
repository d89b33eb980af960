import { createSocket, type Socket } from 'node:dgram';
import { EventEmitter } from 'node:events';
import type {
  AudioTrack,
  Ingest,
  IngestEndReason,
  IngestEvents,
  IngestOutput,
  PlayableAudio,
  PlayerOutput,
  PlayerOutputEvents,
  VideoTrack,
} from '../../src/media/index.ts';
import { NO_STATS } from '../../src/media/no-stats.ts';
import type { Clip } from './rtp-clip.ts';

const FRAME_MS = 40;
const AUDIO_MS = 20;
const MAX_PAYLOAD = 1200;
const RTCP_PSFB = 206;

interface Output {
  readonly socket: Socket;
  readonly audioCodec: PlayableAudio;
  ready: boolean;
  seenKeyFrame: boolean;
}

export interface FakeIngestOptions {
  readonly id: string;
  readonly clip: Clip;
  readonly ssrc: number;
  readonly audio?: boolean;
}

/** An ingest that plays a clip in a loop, as a camera would, and starts again with the key frame when it is asked for one. */
export class FakeIngest extends EventEmitter<IngestEvents> implements Ingest {
  readonly id: string;
  readonly localPort = 0;
  readonly video: VideoTrack;
  readonly stats = NO_STATS;
  audio: AudioTrack | undefined;
  closed = false;
  keyFrameRequests = 0;
  readonly #clip: Clip;
  readonly #outputs = new Set<Output>();
  readonly #timers: NodeJS.Timeout[];
  #picture = 0;
  #tick = 0;
  #videoSequence = 1000;
  #audioSequence = 5000;

  constructor(options: FakeIngestOptions) {
    super();
    this.id = options.id;
    this.#clip = options.clip;
    this.video = {
      kind: 'video',
      codec: 'h264',
      playable: true,
      profileLevelId: options.clip.profileLevelId,
      ssrc: options.ssrc,
      payloadType: 96,
    };
    if (options.audio !== false) this.audio = this.#audioTrack();
    this.#timers = [setInterval(() => this.#sendPicture(), FRAME_MS), setInterval(() => this.#sendAudio(), AUDIO_MS)];
  }

  get outputs(): number {
    return this.#outputs.size;
  }

  /** The camera sends from now on. */
  setAnswer(): void {
    this.emit('firstRtp', { address: '127.0.0.9', port: 15_060, ssrc: this.video.ssrc, payloadType: 96 });
    this.emit('ssrcOk', this.video.ssrc);
    this.emit('firstPack');
    this.emit('track', this.video);
    this.emit('firstKeyFrame');
  }

  expectChange(): void {
    // As `setSpeed`.
  }

  setSpeed(): void {
    // The clip keeps its pace.
  }

  /** What a camera does when it is asked for a key frame. */
  restartClip(): void {
    this.#picture = 0;
  }

  /** The camera starts to send sound now. */
  startAudio(): void {
    this.audio = this.#audioTrack();
    this.emit('track', this.audio);
  }

  addOutput(target: { address: string; port: number; audioCodec: PlayableAudio }): IngestOutput {
    const socket = createSocket('udp4');
    const output: Output = { socket, audioCodec: target.audioCodec, ready: false, seenKeyFrame: false };
    this.#outputs.add(output);
    // A killed worker's port refuses packets until the feed is closed.
    socket.on('error', () => undefined);
    socket.on('message', (packet) => this.#handleRtcp(packet));
    socket.connect(target.port, target.address, () => {
      output.ready = true;
      this.#picture = 0;
    });
    return {
      close: () => {
        if (this.#outputs.delete(output)) socket.close();
      },
    };
  }

  async openPlayerOutput(): Promise<PlayerOutput> {
    return Object.assign(new EventEmitter<PlayerOutputEvents>(), {
      ports: { rtp: 0, rtcp: 0 },
      setPlaying: () => undefined,
      requestKeyFrame: () => undefined,
      close: () => undefined,
    });
  }

  close(): void {
    this.end('closed');
  }

  /** As the camera's end of the connection would tell it. */
  end(reason: IngestEndReason): void {
    if (this.closed) return;
    this.closed = true;
    for (const timer of this.#timers) clearInterval(timer);
    for (const { socket } of this.#outputs) socket.close();
    this.#outputs.clear();
    this.emit('ended', reason);
  }

  #audioTrack(): AudioTrack {
    const { ssrc } = this.video;
    return {
      kind: 'audio',
      codec: 'pcma',
      playable: true,
      sampleRate: 8000,
      channels: 1,
      ssrc: ssrc + 1,
      payloadType: 8,
    };
  }

  #handleRtcp(packet: Buffer): void {
    if (packet[1] !== RTCP_PSFB) return;
    this.keyFrameRequests += 1;
    this.#picture = 0;
    this.emit('keyFrameRequested');
  }

  #sendPicture(): void {
    const picture = this.#clip.pictures[this.#picture % this.#clip.pictures.length];
    this.#picture += 1;
    this.#tick += 1;
    if (picture === undefined) return;
    const timestamp = this.#tick * FRAME_MS * 90;
    const payloads = picture.nalus.flatMap((nalu) => fragment(nalu));
    payloads.forEach((payload, index) => {
      const marker = index === payloads.length - 1;
      this.#videoSequence = (this.#videoSequence + 1) & 0xffff;
      const header = rtpHeader({
        marker,
        payloadType: 96,
        sequence: this.#videoSequence,
        timestamp,
        ssrc: this.video.ssrc,
      });
      for (const output of this.#outputs) {
        if (!output.ready) continue;
        output.seenKeyFrame ||= picture.keyFrame;
        if (output.seenKeyFrame) output.socket.send(Buffer.concat([header, payload]));
      }
    });
  }

  #sendAudio(): void {
    if (this.audio === undefined) return;
    this.#audioSequence = (this.#audioSequence + 1) & 0xffff;
    const payload = Buffer.alloc(160, this.#audioSequence % 2 === 0 ? 0xd5 : 0x55);
    for (const { socket, ready, audioCodec } of this.#outputs) {
      if (!ready) continue;
      const header = rtpHeader({
        marker: false,
        payloadType: audioCodec === 'pcma' ? 8 : 0,
        sequence: this.#audioSequence,
        timestamp: this.#audioSequence * 160,
        ssrc: this.audio.ssrc,
      });
      socket.send(Buffer.concat([header, payload]));
    }
  }
}

interface HeaderFields {
  readonly marker: boolean;
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
}

/** RFC 3550 §5.1. */
function rtpHeader(fields: HeaderFields): Buffer {
  const header = Buffer.alloc(12);
  header[0] = 0x80;
  header[1] = (fields.marker ? 0x80 : 0) | fields.payloadType;
  header.writeUInt16BE(fields.sequence, 2);
  header.writeUInt32BE(fields.timestamp >>> 0, 4);
  header.writeUInt32BE(fields.ssrc, 8);
  return header;
}

/** RFC 6184 §5.8: FU-A over 1200 bytes. */
function fragment(nalu: Buffer): Buffer[] {
  if (nalu.length <= MAX_PAYLOAD) return [nalu];
  const indicator = ((nalu[0] ?? 0) & 0xe0) | 28;
  const type = (nalu[0] ?? 0) & 0x1f;
  const parts: Buffer[] = [];
  for (let at = 1; at < nalu.length; at += MAX_PAYLOAD) {
    const end = Math.min(at + MAX_PAYLOAD, nalu.length);
    const flags = (at === 1 ? 0x80 : 0) | (end === nalu.length ? 0x40 : 0);
    parts.push(Buffer.concat([Buffer.from([indicator, flags | type]), nalu.subarray(at, end)]));
  }
  return parts;
}
