import nodeDataChannel, { type Audio, type PeerConnection, type Track, type Video } from 'node-datachannel';

const { PeerConnection: Peer, RtcpReceivingSession } = nodeDataChannel;

/** A native WebRTC peer on loopback that makes an offer; what its tracks carry is its user's. */
export class NativePeer {
  readonly #peer: PeerConnection;
  readonly #connected: Promise<void>;
  #open = false;

  constructor(name: string) {
    this.#peer = new Peer(name, { iceServers: [], bindAddress: '127.0.0.1' });
    this.#connected = new Promise((resolve, reject) => {
      this.#peer.onStateChange((state) => {
        this.#open = state === 'connected';
        if (state === 'connected') resolve();
        if (state === 'failed' || state === 'closed') reject(new Error(`${name} ${state}`));
      });
    });
    this.#connected.catch(() => undefined);
  }

  get open(): boolean {
    return this.#open;
  }

  addTrack(media: Audio | Video): Track {
    const track = this.#peer.addTrack(media);
    track.setMediaHandler(new RtcpReceivingSession());
    return track;
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

  /** By WHIP or WHEP; resolves when connected, with the URL of the session. */
  async exchange(url: string): Promise<string> {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/sdp' },
      body: await this.offer(),
    });
    if (response.status !== 201) throw new Error(`${url}: ${response.status} ${await response.text()}`);
    await this.answer(await response.text());
    return new URL(response.headers.get('location') ?? '', url).href;
  }

  close(): void {
    this.#peer.close();
  }
}
