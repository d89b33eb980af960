import nodeDataChannel, { type Track } from 'node-datachannel';
import { createH264Packetizer } from '../../src/media/packetizer/h264-packetizer.ts';
import { NativePeer } from './native-peer.ts';
import type { Clip } from './rtp-clip.ts';

const { Audio, Video } = nodeDataChannel;

const H264_PAYLOAD_TYPE = 102;
const OPUS_PAYLOAD_TYPE = 111;
const FRAME_MS = 40;
const AUDIO_FRAME_MS = 20;
const OPUS_FRAME_BYTES = 80;

/** A native WebRTC peer that sends a clip as H.264 and silence as Opus until it is closed. */
export class NativePublisher {
  readonly #peer = new NativePeer('publisher');
  readonly #video: Track;
  readonly #audio: Track;
  readonly #clip: Clip;
  #timer: NodeJS.Timeout | undefined;
  #frames = 0;
  #audioFrames = 0;
  #packets = 0;

  constructor(clip: Clip) {
    this.#clip = clip;
    const video = new Video('0', 'SendOnly');
    video.addH264Codec(H264_PAYLOAD_TYPE, `profile-level-id=${clip.profileLevelId};packetization-mode=1`);
    video.addSSRC(4242, 'gbrtc', 'gbrtc', 'video');
    const audio = new Audio('1', 'SendOnly');
    audio.addOpusCodec(OPUS_PAYLOAD_TYPE);
    audio.addSSRC(4243, 'gbrtc', 'gbrtc', 'audio');
    this.#video = this.#peer.addTrack(video);
    this.#audio = this.#peer.addTrack(audio);
  }

  get open(): boolean {
    return this.#peer.open;
  }

  /** RTP packets sent. */
  get packets(): number {
    return this.#packets;
  }

  async offer(): Promise<string> {
    return this.#peer.offer();
  }

  /** Resolves when connected; packets flow from then on. */
  async answer(sdp: string): Promise<void> {
    await this.connect(sdp);
    this.#start();
  }

  /** Resolves when connected; nothing is sent. */
  async connect(sdp: string): Promise<void> {
    await this.#peer.answer(sdp);
  }

  /** Sends nothing more; the connection stays. */
  fallSilent(): void {
    clearInterval(this.#timer);
  }

  /** A receiver report without a block (RFC 3550 §6.4.2), as of one who sends nothing yet. */
  report(): void {
    if (this.#video.isOpen()) this.#video.sendMessageBinary(Buffer.from('80c9000100001092', 'hex'));
  }

  /** By WHIP. */
  async publish(base: string, stream: string): Promise<void> {
    await this.#peer.exchange(`${base}/rtc/v1/whip/?app=live&stream=${encodeURIComponent(stream)}`);
    this.#start();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#peer.close();
  }

  #start(): void {
    const packetizer = createH264Packetizer({ ssrc: 4242, payloadType: H264_PAYLOAD_TYPE });
    const startedAt = performance.now();
    this.#timer = setInterval(() => {
      const passedMs = performance.now() - startedAt;
      for (; this.#frames * FRAME_MS <= passedMs; this.#frames++) this.#sendPicture(packetizer);
      for (; this.#audioFrames * AUDIO_FRAME_MS <= passedMs; this.#audioFrames++) this.#sendSound();
    }, FRAME_MS / 2);
  }

  #sendPicture(packetizer: ReturnType<typeof createH264Packetizer>): void {
    const { pictures } = this.#clip;
    const picture = pictures[this.#frames % pictures.length];
    if (picture === undefined) return;
    const pts90k = this.#frames * FRAME_MS * 90;
    const unit = { codec: 'h264', pts90k, dts90k: pts90k, keyFrame: picture.keyFrame, nalus: picture.nalus } as const;
    packetizer.packetize(unit, (buffer, start, end) => this.#send(this.#video, buffer.subarray(start, end)));
  }

  #sendSound(): void {
    const packet = Buffer.alloc(12 + OPUS_FRAME_BYTES);
    packet[0] = 0x80;
    packet[1] = OPUS_PAYLOAD_TYPE;
    packet.writeUInt16BE(this.#audioFrames % 0x1_0000, 2);
    packet.writeUInt32BE((this.#audioFrames * AUDIO_FRAME_MS * 48) % 0x1_0000_0000, 4);
    packet.writeUInt32BE(4243, 8);
    this.#send(this.#audio, packet);
  }

  #send(track: Track, packet: Buffer): void {
    if (!track.isOpen()) return;
    track.sendMessageBinary(packet);
    this.#packets += 1;
  }
}
