import { FRAME_DROPPED } from '../codec/access-unit-emitter.ts';
import { createDepacketizer } from '../ps/depacketizer.ts';
import type { AudioParameters, Depacketizer, MediaSink, VideoParameters } from '../pipeline-types.ts';
import type { AccessUnit, AudioFrame, AudioTrack, IngestOptions, Track, VideoTrack } from '../types.ts';
import type { IngestCounters } from './ingest-stats.ts';
import { AUDIO_PAYLOAD_TYPES, OutputFeed, VIDEO_PAYLOAD_TYPE } from './output-feed.ts';
import type { IngestFact, OutputTarget, PlayerOutputNotice, PlayerOutputTarget } from './protocol.ts';
import type { ThreadContext } from './thread-context.ts';

export interface IngestPipelineDependencies {
  readonly context: ThreadContext;
  readonly counters: IngestCounters;
  /** As of `IngestOptions`. */
  readonly material: NonNullable<IngestOptions['material']>;
  readonly tell: (fact: IngestFact) => void;
}

/**
 * How long whole access units are kept up without an output: from the first media on, because the viewer for whom the
 * device was called joins a moment later and then starts with the cached key frame, and after the last output.
 */
export const WARM_MS = 5000;

/** From RTP in order to the outputs, with the tracks that are found on the way. */
export class IngestPipeline implements MediaSink {
  readonly depacketizer: Depacketizer;
  readonly feed: OutputFeed;
  readonly #context: ThreadContext;
  readonly #counters: IngestCounters;
  readonly #tell: (fact: IngestFact) => void;
  #packSeen = false;
  #delivery: 'parameters' | 'units' = 'units';
  /** Unknown until media comes. */
  #warmUntilMs = Number.POSITIVE_INFINITY;
  #keyFrameSeen = false;
  #speed = 1;
  #video: VideoTrack | undefined;
  #audio: AudioTrack | undefined;

  constructor({ context, counters, material, tell }: IngestPipelineDependencies) {
    this.#context = context;
    this.#counters = counters;
    this.#tell = tell;
    this.feed = new OutputFeed({
      pacer: context.pacer,
      chunks: context.chunks,
      arena: context.arena,
      bundle: context.bundle,
      now: context.now,
      material,
      onKeyFrameRequested: () => tell({ name: 'keyFrameRequested' }),
    });
    this.depacketizer = createDepacketizer(this);
  }

  onPack(): void {
    if (this.#packSeen) return;
    this.#packSeen = true;
    this.#warmUntilMs = this.#context.now() + WARM_MS;
    this.#tell({ name: 'firstPack' });
  }

  onVideoParameters(parameters: VideoParameters): void {
    const { codec } = parameters;
    const track: VideoTrack = {
      kind: 'video',
      ...parameters,
      playable: codec === 'h264',
      ssrc: this.feed.videoSsrc,
      payloadType: VIDEO_PAYLOAD_TYPE,
    };
    if (isSameTrack(this.#video, track)) return;
    this.#video = track;
    this.#tell({ name: 'track', track });
  }

  onAudioParameters(parameters: AudioParameters): void {
    const { codec } = parameters;
    const playable = codec === 'pcma' || codec === 'pcmu';
    const track: AudioTrack = {
      kind: 'audio',
      ...parameters,
      playable,
      ssrc: this.feed.audioSsrc,
      payloadType: AUDIO_PAYLOAD_TYPES[codec === 'pcmu' ? 'pcmu' : 'pcma'],
    };
    if (isSameTrack(this.#audio, track)) return;
    this.#audio = track;
    this.#tell({ name: 'track', track });
  }

  onAccessUnit(unit: AccessUnit): void {
    this.#counters.onVideoUnit(unit.keyFrame, unit);
    if (unit.keyFrame && !this.#keyFrameSeen) {
      this.#keyFrameSeen = true;
      this.#tell({ name: 'firstKeyFrame' });
    }
    if (this.#delivery === 'units') this.feed.onVideoUnit(unit, this.#context.now());
  }

  onAudioFrame(frame: AudioFrame): void {
    this.#counters.audioFrames += 1;
    // Sound of another speed cannot be played at its own.
    if (this.#delivery === 'units' && this.#speed === 1) this.feed.onAudioFrame(frame);
  }

  expectChange(): void {
    this.#counters.expectChange();
    this.depacketizer.expectChange();
  }

  setSpeed(speed: number): void {
    this.#speed = speed;
    this.#counters.setSpeed(speed);
    this.depacketizer.setSpeed(speed);
  }

  onKeyFrameNeeded(): void {
    this.feed.requestKeyFrame();
  }

  onError(reason: string): void {
    if (reason === FRAME_DROPPED) this.#counters.droppedFrames += 1;
    else this.#counters.onError(reason);
  }

  addOutput(outputId: number, target: OutputTarget): void {
    this.feed.add(outputId, target);
    this.#deliver('units');
  }

  addPlayerOutput(outputId: number, target: PlayerOutputTarget, tell: (notice: PlayerOutputNotice) => void): void {
    this.feed.addPlayer(outputId, target, tell);
    this.#deliver('units');
  }

  removeOutput(outputId: number): void {
    this.feed.remove(outputId);
    if (this.#packSeen) this.#warmUntilMs = this.#context.now() + WARM_MS;
  }

  /** Nobody watches: only what is needed for counting is read, and no unit is kept. */
  tick(nowMs: number): void {
    this.feed.tick(nowMs);
    if (this.feed.outputs === 0 && nowMs >= this.#warmUntilMs) this.#deliver('parameters');
  }

  close(): void {
    this.feed.close();
  }

  #deliver(delivery: 'parameters' | 'units'): void {
    if (delivery === this.#delivery) return;
    this.#delivery = delivery;
    this.depacketizer.setDelivery(delivery);
    // What is kept of the start has no continuation any more.
    if (delivery === 'parameters') this.feed.onGap();
  }
}

/** Tracks are flat records. */
function isSameTrack(known: Track | undefined, found: Track): boolean {
  return known !== undefined && JSON.stringify(known) === JSON.stringify(found);
}
