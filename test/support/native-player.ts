import nodeDataChannel, { type Track } from 'node-datachannel';
import { NativePeer } from './native-peer.ts';

const { Audio, Video } = nodeDataChannel;

/** A native WebRTC peer that plays H.264 with G.711 or Opus: it decrypts and counts, nothing is decoded. */
export class NativePlayer {
  readonly #peer = new NativePeer('player');
  /** A track that nobody holds is closed. */
  readonly #tracks: readonly Track[];
  #packets = 0;
  #bytes = 0;
  #resource = '';

  constructor({ audio: audioCodec = 'pcma' }: { readonly audio?: 'pcma' | 'opus' } = {}) {
    const video = new Video('0', 'RecvOnly');
    video.addH264Codec(102);
    const audio = new Audio('1', 'RecvOnly');
    if (audioCodec === 'opus') audio.addOpusCodec(111);
    else audio.addAudioCodec(8, 'PCMA');
    this.#tracks = [this.#peer.addTrack(video), this.#peer.addTrack(audio)];
    for (const track of this.#tracks) {
      track.onMessage((packet) => {
        this.#packets += 1;
        this.#bytes += packet.length;
      });
    }
  }

  get open(): boolean {
    return this.#peer.open;
  }

  get packets(): number {
    return this.#packets;
  }

  get bytes(): number {
    return this.#bytes;
  }

  async offer(): Promise<string> {
    return this.#peer.offer();
  }

  /** Resolves when connected. */
  async answer(sdp: string): Promise<void> {
    await this.#peer.answer(sdp);
  }

  /** By WHEP; resolves when connected. */
  async play(base: string, stream: string): Promise<void> {
    this.#resource = await this.#peer.exchange(`${base}/rtc/v1/whep/?app=live&stream=${encodeURIComponent(stream)}`);
  }

  /** Says goodbye: nobody has to find out. */
  async leave(): Promise<void> {
    const { status } = await fetch(this.#resource, { method: 'DELETE' });
    if (status !== 200 && status !== 204) throw new Error(`DELETE of the WHEP resource: ${status}`);
    this.close();
  }

  close(): void {
    this.#peer.close();
  }
}
