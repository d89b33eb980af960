import { randomInt } from 'node:crypto';
import { createG711Packetizer } from '../packetizer/g711-packetizer.ts';
import { createH264Packetizer } from '../packetizer/h264-packetizer.ts';
import { createH265Packetizer } from '../packetizer/h265-packetizer.ts';
import type { AudioPacketizer, PacketSink, VideoPacketizer } from '../pipeline-types.ts';
import type { AccessUnit, AudioFrame, IngestOptions, PlayableAudio } from '../types.ts';
import { GopCache } from './gop-cache.ts';
import { KeyFrameRequests } from './key-frame-requests.ts';
import { FramePort } from './frame-port.ts';
import { MuxPort, PairPort } from './output-port.ts';
import { Output, type OutputOptions } from './output.ts';
import type { Pacer } from './pacer.ts';
import type { PacketBundle } from './packet-bundle.ts';
import type { ChunkPool } from './packet-store.ts';
import type { OutputTarget, PlayerOutputAction, PlayerOutputNotice, PlayerOutputTarget } from './protocol.ts';
import type { SendArena } from './send-arena.ts';
import { MediaTimeline } from './sender-report.ts';

/** Dynamic (RFC 3551 §6); what video outputs send. */
export const VIDEO_PAYLOAD_TYPE = 96;
/** RFC 3551 §6. */
export const AUDIO_PAYLOAD_TYPES: Readonly<Record<PlayableAudio, number>> = { pcma: 8, pcmu: 0 };
/** Outputs of one ingest: one for each router, one for all interleaved players, two for each player over UDP. */
const MAX_OUTPUTS = 512;

export interface OutputFeedDependencies {
  readonly pacer: Pacer;
  readonly chunks: ChunkPool;
  readonly arena: SendArena;
  /** Of the whole thread; empty between calls. */
  readonly bundle: PacketBundle;
  readonly now: () => number;
  /** As of `IngestOptions`. */
  readonly material?: IngestOptions['material'];
  readonly onKeyFrameRequested: () => void;
}

/** Turns access units and audio frames into RTP once, for all outputs of an ingest. */
export class OutputFeed {
  readonly videoSsrc = randomSsrc();
  readonly audioSsrc = randomSsrc();
  readonly #dependencies: OutputFeedDependencies;
  readonly #outputs = new Map<number, Output>();
  readonly #timeline: MediaTimeline;
  readonly #requests: KeyFrameRequests;
  readonly #gop: GopCache;
  readonly #audioPacketizers = new Map<PlayableAudio, AudioPacketizer>();
  readonly #videoSink: PacketSink;
  readonly #audioSinks: Readonly<Record<PlayableAudio, PacketSink>>;
  #videoPacketizer: VideoPacketizer | undefined;
  #videoPts90k = 0;

  constructor(dependencies: OutputFeedDependencies) {
    this.#dependencies = dependencies;
    this.#requests = new KeyFrameRequests(dependencies.onKeyFrameRequested);
    this.#gop = new GopCache(dependencies.chunks, (dependencies.material ?? 'live') !== 'live');
    this.#timeline = new MediaTimeline(dependencies.material === 'download' ? Number.POSITIVE_INFINITY : undefined);
    this.#videoSink = (buffer, start, end) => {
      this.#gop.append(buffer, start, end);
      if (this.#outputs.size > 0) this.#bundleVideo(buffer, start, end);
    };
    this.#audioSinks = { pcma: this.#audioSinkOf('pcma'), pcmu: this.#audioSinkOf('pcmu') };
  }

  get outputs(): number {
    return this.#outputs.size;
  }

  add(outputId: number, target: OutputTarget): void {
    const port = new MuxPort(target.address, target.port);
    this.#add(outputId, { port, audioCodec: target.audioCodec });
  }

  /** Paused until it is told to play. */
  addPlayer(outputId: number, target: PlayerOutputTarget, tell: (notice: PlayerOutputNotice) => void): void {
    const added = this.#add(outputId, {
      port: target.kind === 'udp' ? new PairPort(target) : new FramePort((frames) => tell({ name: 'frames', frames })),
      audioCodec: target.audioCodec,
      paused: true,
      ...(target.kind === 'udp' ? { track: target.track } : {}),
      onOpened: (ports) => tell({ name: 'opened', ports }),
      onFailed: () => {
        this.remove(outputId);
        tell({ name: 'failed' });
      },
      onAlive: () => tell({ name: 'alive' }),
    });
    if (!added) tell({ name: 'failed' });
  }

  onPlayerAction(outputId: number, action: PlayerOutputAction): void {
    const output = this.#outputs.get(outputId);
    if (action === 'keyFrame') output?.requestKeyFrame();
    else output?.setPlaying(action === 'play');
  }

  #add(outputId: number, options: OutputOptions): boolean {
    if (this.#outputs.has(outputId) || this.#outputs.size >= MAX_OUTPUTS) return false;
    const output = new Output(options, {
      pacer: this.#dependencies.pacer,
      chunks: this.#dependencies.chunks,
      arena: this.#dependencies.arena,
      bundle: this.#dependencies.bundle,
      timeline: this.#timeline,
      now: this.#dependencies.now,
      onKeyFrameRequest: () => this.#requests.request(this.#dependencies.now()),
      onReady: (ready) => this.#onReady(ready),
    });
    this.#outputs.set(outputId, output);
    output.open();
    return true;
  }

  remove(outputId: number): void {
    const output = this.#outputs.get(outputId);
    this.#outputs.delete(outputId);
    output?.close();
  }

  onVideoUnit(unit: AccessUnit, nowMs: number): void {
    if (!this.#isSent(unit)) return;
    if (unit.keyFrame) this.#onKeyFrame(nowMs);
    if (!this.#gop.isOpen(nowMs) && !this.#anyLive()) return;
    this.#videoPts90k = unit.pts90k;
    this.#videoPacketizer ??= this.#createVideoPacketizer(unit);
    this.#videoPacketizer.packetize(unit, this.#videoSink);
    this.#sendBundle(this.#outputs.values());
    for (const output of this.#outputs.values()) output.setPts('video', unit.pts90k);
  }

  /** Browsers get H.264 only, files H.265 as well. */
  #isSent({ codec }: AccessUnit): boolean {
    return codec === 'h264' || (codec === 'h265' && this.#dependencies.material === 'download');
  }

  #createVideoPacketizer({ codec }: AccessUnit): VideoPacketizer {
    const options = { ssrc: this.videoSsrc, payloadType: VIDEO_PAYLOAD_TYPE };
    return codec === 'h265' ? createH265Packetizer(options) : createH264Packetizer(options);
  }

  onAudioFrame(frame: AudioFrame): void {
    if (frame.codec !== 'pcma' && frame.codec !== 'pcmu') return;
    let codecs = 0;
    for (const output of this.#outputs.values()) codecs |= output.audioCodec === 'pcma' ? 1 : 2;
    if ((codecs & 1) !== 0) this.#packetizerOf('pcma').packetize(frame, this.#audioSinks.pcma);
    if ((codecs & 2) !== 0) this.#packetizerOf('pcmu').packetize(frame, this.#audioSinks.pcmu);
    if (codecs === 0) return;
    for (const output of this.#outputs.values()) output.setPts('audio', frame.pts90k);
  }

  /** The picture cannot go on without a key frame; nobody is asked while nobody watches. */
  requestKeyFrame(): void {
    if (this.#outputs.size > 0) this.#requests.request(this.#dependencies.now());
  }

  /** The picture is broken from here: what is cached is no start for anybody. */
  onGap(): void {
    this.#gop.stop();
  }

  tick(nowMs: number): void {
    this.#gop.isOpen(nowMs);
    this.#requests.tick(nowMs);
    for (const output of this.#outputs.values()) output.tick(nowMs);
  }

  close(): void {
    for (const output of this.#outputs.values()) output.close();
    this.#outputs.clear();
    this.#gop.stop();
  }

  #onKeyFrame(nowMs: number): void {
    this.#requests.onKeyFrame();
    this.#gop.start(nowMs);
    for (const output of this.#outputs.values()) output.goLive();
  }

  #anyLive(): boolean {
    for (const output of this.#outputs.values()) if (output.state === 'live') return true;
    return false;
  }

  #onReady(output: Output): void {
    const nowMs = this.#dependencies.now();
    if (!this.#gop.isOpen(nowMs)) {
      if (!output.audioOnly) this.#requests.request(nowMs);
      return;
    }
    output.goLive();
    this.#gop.replay((buffer, start, end) => this.#bundleVideo(buffer, start, end, [output]));
    this.#sendBundle([output]);
    output.setPts('video', this.#videoPts90k);
  }

  #bundleVideo(buffer: Buffer, start: number, end: number, outputs: Iterable<Output> = this.#outputs.values()): void {
    const { bundle } = this.#dependencies;
    if (bundle.append(buffer, start, end)) return;
    this.#sendBundle(outputs);
    bundle.append(buffer, start, end);
  }

  #sendBundle(outputs: Iterable<Output>): void {
    const { bundle } = this.#dependencies;
    if (bundle.packets === 0) return;
    for (const output of outputs) output.sendVideo(bundle);
    bundle.clear();
  }

  #packetizerOf(codec: PlayableAudio): AudioPacketizer {
    let packetizer = this.#audioPacketizers.get(codec);
    if (packetizer === undefined) {
      packetizer = createG711Packetizer({
        ssrc: this.audioSsrc,
        payloadType: AUDIO_PAYLOAD_TYPES[codec],
        output: codec,
      });
      this.#audioPacketizers.set(codec, packetizer);
    }
    return packetizer;
  }

  #audioSinkOf(codec: PlayableAudio): PacketSink {
    return (buffer, start, end) => {
      const packet = this.#dependencies.arena.copy(buffer, start, end);
      for (const output of this.#outputs.values()) if (output.audioCodec === codec) output.sendAudio(packet);
    };
  }
}

/** RFC 3550 §8: random; 0 is left out because some receivers take it for "none". */
function randomSsrc(): number {
  return randomInt(1, 0xffff_ffff);
}
