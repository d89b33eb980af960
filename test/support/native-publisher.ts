import nodeDataChannel, { type PeerConnection, type Track } from 'node-datachannel';
import { createH264Packetizer } from '../../src/media/packetizer/h264-packetizer.ts';
import type { Clip } from './rtp-clip.ts';

const { Audio, PeerConnection: Peer, RtcpReceivingSession, Video } = nodeDataChannel;

const H264_PAYLOAD_TYPE = 102;
const OPUS_PAYLOAD_TYPE = 111;
const FRAME_MS = 40;
const AUDIO_FRAME_MS = 20;
const OPUS_FRAME_BYTES = 80;

/** A native WebRTC peer that sends a clip as H.264 and silence as Opus until it is closed. */
export class NativePublisher {
  readonly #peer: PeerConnection;
  readonly #video: Track;
  readonly #audio: Track;
  readonly #clip: Clip;
  readonly #connected: Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #frames = 0;
  #audioFrames = 0;
  #packets = 0;

  constructor(clip: Clip) {
    this.#clip = clip;
    this.#peer = new Peer('publisher', { iceServers: [], bindAddress: '127.0.0.1' });
    const video = new Video('0', 'SendOnly');
    video.addH264Codec(H264_PAYLOAD_TYPE, `profile-level-id=${clip.profileLevelId};packetization-mode=1`);
    video.addSSRC(4242, 'gbrtc', 'gbrtc', 'video');
    const audio = new Audio('1', 'SendOnly');
    audio.addOpusCodec(OPUS_PAYLOAD_TYPE);
    audio.addSSRC(4243, 'gbrtc', 'gbrtc', 'audio');
    this.#video = this.#peer.addTrack(video);
    this.#audio = this.#peer.addTrack(audio);
    for (const track of [this.#video, this.#audio]) track.setMediaHandler(new RtcpReceivingSession());
    this.#connected = new Promise((resolve, reject) => {
      this.#peer.onStateChange((state) => {
        if (state === 'connected') resolve();
        if (state === 'failed' || state === 'closed') reject(new Error(`publisher ${state}`));
      });
    });
    this.#connected.catch(() => undefined);
  }

  /** RTP packets sent. */
  get packets(): number {
    return this.#packets;
  }

  async offer(): Promise<string> {
    const gathered = new Promise<void>((resolve) => {
      this.#peer.onGatheringStateChange((state) => {
        if (state === 'complete') resolve();
      });
    });
    this.#peer.setLocalDescription('offer');
    await gathered;
    return this.#peer.localDescription()?.sdp ?? '';
  }

  /** Resolves when connected; packets flow from then on. */
  async answer(sdp: string): Promise<void> {
    this.#peer.setRemoteDescription(sdp, 'answer');
    await this.#connected;
    const packetizer = createH264Packetizer({ ssrc: 4242, payloadType: H264_PAYLOAD_TYPE });
    const startedAt = performance.now();
    this.#timer = setInterval(() => {
      const passedMs = performance.now() - startedAt;
      for (; this.#frames * FRAME_MS <= passedMs; this.#frames++) this.#sendPicture(packetizer);
      for (; this.#audioFrames * AUDIO_FRAME_MS <= passedMs; this.#audioFrames++) this.#sendSound();
    }, FRAME_MS / 2);
  }

  /** By WHIP. */
  async publish(base: string, stream: string): Promise<void> {
    const response = await fetch(`${base}/rtc/v1/whip/?app=live&stream=${encodeURIComponent(stream)}`, {
      method: 'POST',
      headers: { 'content-type': 'application/sdp' },
      body: await this.offer(),
    });
    if (response.status !== 201) throw new Error(`WHIP ${response.status}: ${await response.text()}`);
    await this.answer(await response.text());
  }

  close(): void {
    clearInterval(this.#timer);
    this.#peer.close();
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
