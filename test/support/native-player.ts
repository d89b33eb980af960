import nodeDataChannel, { type PeerConnection, type Track } from 'node-datachannel';

const { Audio, PeerConnection: Peer, RtcpReceivingSession, Video } = nodeDataChannel;

/** A native WebRTC peer that plays H.264 with G.711 or Opus: it decrypts and counts, nothing is decoded. */
export class NativePlayer {
  readonly #peer: PeerConnection;
  readonly #tracks: readonly Track[];
  readonly #connected: Promise<void>;
  #resource = '';
  #open = false;
  #packets = 0;
  #bytes = 0;

  constructor({ audio: audioCodec = 'pcma' }: { readonly audio?: 'pcma' | 'opus' } = {}) {
    this.#peer = new Peer('player', { iceServers: [], bindAddress: '127.0.0.1' });
    const video = new Video('0', 'RecvOnly');
    video.addH264Codec(102);
    const audio = new Audio('1', 'RecvOnly');
    if (audioCodec === 'opus') audio.addOpusCodec(111);
    else audio.addAudioCodec(8, 'PCMA');
    this.#tracks = [this.#peer.addTrack(video), this.#peer.addTrack(audio)];
    for (const track of this.#tracks) this.#count(track);
    this.#connected = new Promise((resolve, reject) => {
      this.#peer.onStateChange((state) => {
        this.#open = state === 'connected';
        if (state === 'connected') resolve();
        if (state === 'failed' || state === 'closed') reject(new Error(`player ${state}`));
      });
    });
    this.#connected.catch(() => undefined);
  }

  get open(): boolean {
    return this.#open;
  }

  get packets(): number {
    return this.#packets;
  }

  get bytes(): number {
    return this.#bytes;
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

  /** Resolves when connected. */
  async answer(sdp: string): Promise<void> {
    this.#peer.setRemoteDescription(sdp, 'answer');
    await this.#connected;
  }

  /** By WHEP; resolves when connected. */
  async play(base: string, stream: string): Promise<void> {
    const response = await fetch(`${base}/rtc/v1/whep/?app=live&stream=${encodeURIComponent(stream)}`, {
      method: 'POST',
      headers: { 'content-type': 'application/sdp' },
      body: await this.offer(),
    });
    if (response.status !== 201) throw new Error(`WHEP ${response.status}: ${await response.text()}`);
    this.#resource = new URL(response.headers.get('location') ?? '', base).href;
    await this.answer(await response.text());
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

  #count(track: Track): void {
    track.setMediaHandler(new RtcpReceivingSession());
    track.onMessage((packet) => {
      this.#packets += 1;
      this.#bytes += packet.length;
    });
  }
}
