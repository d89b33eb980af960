import { formatCandidate, readCandidate, readDescription } from './call-message.ts';

/** What this side sends at the moment. */
export interface LocalTracks {
  readonly audio: MediaStreamTrack | undefined;
  readonly video: MediaStreamTrack | undefined;
}

/** `lost`: was or should be connected, being repaired. */
export type PeerPhase = 'connecting' | 'connected' | 'lost';

export interface CallPeerOptions {
  readonly create: (config: RTCConfiguration) => RTCPeerConnection;
  readonly config: RTCConfiguration;
  /** Who offers first; only this side ever offers, restarts included (seed 002 §9). */
  readonly initiator: boolean;
  readonly tracks: LocalTracks;
  readonly maxVideoBps: number;
  readonly send: (cmd: 'offer' | 'answer' | 'candidate', msg: string) => void;
  readonly onPhase: (phase: PeerPhase) => void;
  readonly onTrack: (track: MediaStreamTrack) => void;
  /** The connection cannot be repaired: another one has to take its place. */
  readonly onBroken: () => void;
}

/** No connection so long after an offer is a failed one. */
export const CONNECT_TIMEOUT_MS = 20_000;
/** ICE often recovers from `disconnected` by itself. */
export const DISCONNECTED_GRACE_MS = 3000;
const MAX_EARLY_CANDIDATES = 64;
const KINDS = ['audio', 'video'] as const;

/** Session id of a description's `o=` line: the same id = the same connection, negotiated again. */
const originOf = (sdp: string): string => /^o=\S+ (\S+)/m.exec(sdp)?.[1] ?? '';

/** The connection with one other user. */
export class CallPeer {
  readonly #options: CallPeerOptions;
  readonly #peer: RTCPeerConnection;
  /** Negotiation steps run one after another. */
  #queue: Promise<void> = Promise.resolve();
  #tracks: LocalTracks;
  #early: RTCIceCandidateInit[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #phase: PeerPhase = 'connecting';
  #initiator: boolean;
  #maxVideoBps: number;
  #closed = false;

  constructor(options: CallPeerOptions) {
    this.#options = options;
    this.#tracks = options.tracks;
    this.#initiator = options.initiator;
    this.#maxVideoBps = options.maxVideoBps;
    const peer = options.create(options.config);
    this.#peer = peer;
    peer.addEventListener('icecandidate', ({ candidate }) => {
      if (candidate && candidate.candidate !== '') options.send('candidate', formatCandidate(candidate.toJSON()));
    });
    peer.addEventListener('track', ({ track }) => options.onTrack(track));
    peer.addEventListener('connectionstatechange', () => this.#handleState(peer.connectionState));
  }

  get initiator(): boolean {
    return this.#initiator;
  }

  /** An offer of ours is on its way. */
  get offering(): boolean {
    return this.#peer.signalingState === 'have-local-offer';
  }

  get connection(): RTCPeerConnection {
    return this.#peer;
  }

  /** The first offer of the initiator. Both kinds are always negotiated: what comes later needs no further offer. */
  start(): void {
    this.#run(async () => {
      const streams = [new MediaStream()];
      for (const kind of KINDS) {
        const transceiver = this.#peer.addTransceiver(kind, { direction: 'sendrecv', streams });
        await transceiver.sender.replaceTrack(this.#tracks[kind] ?? null);
      }
      await this.#offer(false);
    });
  }

  /** From now on the other side offers. */
  yield(): void {
    this.#initiator = false;
  }

  /** False: the offer belongs to another connection of the same user. */
  accepts(msg: unknown): boolean {
    if (this.#options.initiator) return false;
    const offered = readDescription(msg, 'offer');
    const current = this.#peer.remoteDescription?.sdp;
    return current === undefined || originOf(offered?.sdp ?? '') === originOf(current);
  }

  handleOffer(msg: unknown): void {
    const offer = readDescription(msg, 'offer');
    if (!offer) return;
    this.#run(async () => {
      await this.#peer.setRemoteDescription(offer);
      await this.#attach();
      await this.#peer.setLocalDescription(await this.#peer.createAnswer());
      this.#options.send('answer', JSON.stringify(this.#peer.localDescription));
      await this.#addEarly();
      this.#expect();
    });
  }

  handleAnswer(msg: unknown): void {
    const answer = readDescription(msg, 'answer');
    if (!answer) return;
    this.#run(async () => {
      // An answer that nobody waits for any more.
      if (this.#peer.signalingState !== 'have-local-offer') return;
      await this.#peer.setRemoteDescription(answer);
      await this.#addEarly();
    });
  }

  handleCandidate(msg: unknown): void {
    const candidate = readCandidate(msg);
    if (!candidate) return;
    this.#run(async () => {
      if (this.#peer.remoteDescription) return this.#addCandidate(candidate);
      if (this.#early.length < MAX_EARLY_CANDIDATES) this.#early.push(candidate);
      return undefined;
    });
  }

  /** Another camera, a screen, nothing: without a new negotiation. */
  replaceTracks(tracks: LocalTracks): void {
    this.#tracks = tracks;
    this.#run(async () => {
      for (const { sender, receiver } of this.#peer.getTransceivers()) {
        const track = this.#tracks[receiver.track.kind as 'audio' | 'video'] ?? null;
        if (sender.track !== track) await sender.replaceTrack(track);
      }
    });
  }

  /** Bit/s of our picture; the way out is shared by all pairs. */
  limitVideo(maxVideoBps: number): void {
    this.#maxVideoBps = maxVideoBps;
    this.#run(() => this.#applyLimit());
  }

  /** Looks for another way, by the initiator. */
  restart(): void {
    if (this.#closed || !this.#initiator) return;
    // The last offer was never answered: the other side may have lost the whole connection.
    if (this.offering) return this.#options.onBroken();
    this.#run(() => this.#offer(true));
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#peer.close();
  }

  async #offer(iceRestart: boolean): Promise<void> {
    await this.#peer.setLocalDescription(await this.#peer.createOffer({ iceRestart }));
    if (this.#closed) return;
    this.#options.send('offer', JSON.stringify(this.#peer.localDescription));
    this.#expect();
  }

  /** Our tracks go where the offer has room for them. */
  async #attach(): Promise<void> {
    const stream = new MediaStream();
    for (const transceiver of this.#peer.getTransceivers()) {
      const track = this.#tracks[transceiver.receiver.track.kind as 'audio' | 'video'] ?? null;
      if (transceiver.currentDirection === null && transceiver.direction === 'recvonly') {
        transceiver.direction = 'sendrecv';
        transceiver.sender.setStreams?.(stream);
      }
      if (transceiver.sender.track !== track) await transceiver.sender.replaceTrack(track);
    }
  }

  async #applyLimit(): Promise<void> {
    for (const { sender, receiver } of this.#peer.getTransceivers()) {
      const parameters = sender.getParameters();
      if (receiver.track.kind !== 'video' || parameters.encodings.length === 0) continue;
      for (const encoding of parameters.encodings) encoding.maxBitrate = this.#maxVideoBps;
      // A browser that cannot limit itself still has its own congestion control.
      await sender.setParameters(parameters).catch(() => undefined);
    }
  }

  async #addEarly(): Promise<void> {
    for (const candidate of this.#early.splice(0)) await this.#addCandidate(candidate);
  }

  async #addCandidate(candidate: RTCIceCandidateInit): Promise<void> {
    // One of an earlier negotiation is refused: no reason to give the connection up.
    await this.#peer.addIceCandidate(candidate).catch(() => undefined);
  }

  #handleState(state: RTCPeerConnectionState): void {
    if (this.#closed) return;
    switch (state) {
      case 'connected':
        clearTimeout(this.#timer);
        this.limitVideo(this.#maxVideoBps);
        return this.#setPhase('connected');
      case 'disconnected':
        this.#setPhase('lost');
        return this.#after(DISCONNECTED_GRACE_MS);
      case 'failed':
        this.#setPhase('lost');
        return this.restart();
      default:
    }
  }

  /** Repairs what has not come up by then. */
  #expect(): void {
    this.#after(CONNECT_TIMEOUT_MS);
  }

  #after(ms: number): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      if (this.#peer.connectionState === 'connected') return;
      this.#setPhase('lost');
      this.restart();
    }, ms);
  }

  #setPhase(phase: PeerPhase): void {
    if (phase === this.#phase) return;
    this.#phase = phase;
    this.#options.onPhase(phase);
  }

  #run(step: () => Promise<void>): void {
    this.#queue = this.#queue
      .then(() => (this.#closed ? undefined : step()))
      .catch(() => {
        if (!this.#closed) this.#options.onBroken();
      });
  }
}
