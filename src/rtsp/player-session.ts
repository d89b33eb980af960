import { randomBytes } from 'node:crypto';
import type { PlayerOutput, Tap, TapFrames, TapTrack, TrackKind } from '../stream/index.ts';
import type { PortPair, TransportSpec } from './headers/transport.ts';
import { InterleavedWriter, type WriterSocket } from './interleaved-writer.ts';
import { asksForKeyFrame } from './rtcp-feedback.ts';
import type { RtspStatus } from './status.ts';

export interface PlayerSessionOptions {
  readonly tap: Tap;
  readonly socket: WriterSocket;
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly now: () => number;
  /** RTCP of the player arrived. */
  readonly onAlive: () => void;
  /** The reader of interleaved packets does not read. */
  readonly onStuck: () => void;
}

const MAX_CHANNEL = 255;

/** One player: the tracks that it has set up, and whether they flow (RFC 2326 appendix A.2). */
export class PlayerSession {
  readonly id = randomBytes(8).toString('hex');
  readonly tap: Tap;
  readonly #options: PlayerSessionOptions;
  readonly #outputs = new Map<TrackKind, PlayerOutput>();
  readonly #channels = new Map<TrackKind, PortPair>();
  #writer: InterleavedWriter | undefined;
  #frames: TapFrames | undefined;
  #state: 'ready' | 'playing' | 'closed' = 'ready';

  constructor(options: PlayerSessionOptions) {
    this.#options = options;
    this.tap = options.tap;
  }

  get state(): 'ready' | 'playing' | 'closed' {
    return this.#state;
  }

  get lower(): 'udp' | 'tcp' | undefined {
    if (this.#outputs.size > 0) return 'udp';
    return this.#channels.size > 0 ? 'tcp' : undefined;
  }

  /** The tracks that have been set up, by their number. */
  get tracks(): readonly number[] {
    return [...this.tap.tracks.entries()].filter(([, { kind }]) => this.#has(kind)).map(([index]) => index);
  }

  /** The transport that was chosen, or why there is none. @throws OutputFailedError */
  async setup(index: number, offered: readonly TransportSpec[]): Promise<TransportSpec | RtspStatus> {
    const track = this.tap.tracks[index];
    if (track === undefined) return 404;
    if (this.#state !== 'ready' || this.#has(track.kind)) return 455;
    const spec = offered.find((candidate) => this.#canUse(candidate));
    if (spec === undefined) return 461;
    return spec.lower === 'udp' ? this.#setupUdp(track, spec) : this.#setupTcp(track, spec);
  }

  /** @throws OutputFailedError */
  async play(): Promise<void> {
    if (this.#state !== 'ready') return;
    this.#state = 'playing';
    for (const output of this.#outputs.values()) output.setPlaying(true);
    if (this.#channels.size === 0) return;
    const writer = this.#writer ?? this.#createWriter();
    this.#writer = writer;
    writer.setPlaying(true);
    if (this.#frames === undefined) this.#frames = await this.tap.openFrames((frames) => writer.onFrames(frames));
    else this.#frames.requestKeyFrame();
  }

  pause(): void {
    if (this.#state !== 'playing') return;
    this.#state = 'ready';
    for (const output of this.#outputs.values()) output.setPlaying(false);
    this.#writer?.setPlaying(false);
  }

  /** An interleaved packet of the player. */
  onPacket(channel: number, packet: Uint8Array): void {
    if (this.#channels.get('video')?.[1] === channel && asksForKeyFrame(packet)) this.#frames?.requestKeyFrame();
  }

  /** About once a second. */
  tick(): void {
    this.#writer?.tick();
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#writer?.setPlaying(false);
    this.tap.close();
  }

  #has(kind: TrackKind): boolean {
    return this.#outputs.has(kind) || this.#channels.has(kind);
  }

  #canUse({ lower, delivery, mode, clientPorts }: TransportSpec): boolean {
    if (delivery === 'multicast' || (mode !== undefined && mode !== 'play')) return false;
    if (this.lower !== undefined && this.lower !== lower) return false;
    return lower === 'tcp' || (clientPorts !== undefined && clientPorts[0] > 0 && clientPorts[1] > 0);
  }

  async #setupUdp(track: TapTrack, spec: TransportSpec): Promise<TransportSpec> {
    const [rtpPort, rtcpPort] = spec.clientPorts ?? [0, 0];
    const { remoteAddress: address, localAddress, onAlive } = this.#options;
    const output = await this.tap.openUdp({ track: track.kind, address, rtpPort, rtcpPort, localAddress });
    output.on('alive', onAlive);
    this.#outputs.set(track.kind, output);
    const serverPorts = [output.ports.rtp, output.ports.rtcp] as const;
    const chosen = { lower: 'udp', delivery: 'unicast', clientPorts: [rtpPort, rtcpPort], serverPorts } as const;
    const ssrc = output.ssrc ?? track.ssrc;
    return ssrc === undefined ? chosen : { ...chosen, ssrc };
  }

  #setupTcp(track: TapTrack, spec: TransportSpec): TransportSpec {
    const used = new Set([...this.#channels.values()].flat());
    let pair = spec.interleaved;
    for (let first = 0; pair === undefined || used.has(pair[0]) || used.has(pair[1]); first += 2) {
      if (first >= MAX_CHANNEL) break;
      pair = [first, first + 1];
    }
    const interleaved = pair ?? [0, 1];
    this.#channels.set(track.kind, interleaved);
    const chosen = { lower: 'tcp', delivery: 'unicast', interleaved } as const;
    return track.ssrc === undefined ? chosen : { ...chosen, ssrc: track.ssrc };
  }

  #createWriter(): InterleavedWriter {
    const { socket, onStuck, now } = this.#options;
    return new InterleavedWriter({
      socket,
      channels: Object.fromEntries(this.#channels),
      requestKeyFrame: () => this.#frames?.requestKeyFrame(),
      onStuck,
      now,
    });
  }
}
