import { createDepacketizer } from '../../src/media/ps/depacketizer.ts';
import type { AudioParameters, Depacketizer, MediaSink, VideoParameters } from '../../src/media/pipeline-types.ts';
import { createRtpView, parseRtp } from '../../src/media/rtp/rtp-packet.ts';
import type { AccessUnit, AudioFrame } from '../../src/media/types.ts';
import { rtpFrame, type RtpFields } from './ps-builder.ts';

/** What a depacketizer told, copied so that it can be looked at later, and the way to feed it frame by frame. */
export class MediaRecorder implements MediaSink {
  readonly units: AccessUnit[] = [];
  readonly frames: AudioFrame[] = [];
  readonly video: VideoParameters[] = [];
  readonly audio: AudioParameters[] = [];
  readonly errors: string[] = [];
  packs = 0;
  keyFramesNeeded = 0;
  readonly depacketizer: Depacketizer;
  nowMs = 1000;
  #sequenceNumber = 0;
  #timestamp = 0;
  readonly #view = createRtpView();

  constructor(options: { maxFrameBytes?: number; delivery?: 'parameters' | 'units' } = {}) {
    this.depacketizer = createDepacketizer(this, options);
  }

  onPack(): void {
    this.packs++;
  }

  onVideoParameters(parameters: VideoParameters): void {
    this.video.push(parameters);
  }

  onAudioParameters(parameters: AudioParameters): void {
    this.audio.push(parameters);
  }

  onAccessUnit(unit: AccessUnit): void {
    this.units.push({ ...unit, nalus: unit.nalus.map((nalu) => Buffer.from(nalu)) });
  }

  onAudioFrame(frame: AudioFrame): void {
    this.frames.push({ ...frame, payload: Buffer.from(frame.payload) });
  }

  onError(reason: string): void {
    this.errors.push(reason);
  }

  onKeyFrameNeeded(): void {
    this.keyFramesNeeded++;
  }

  /** Errors other than frames dropped while waiting for the first key frame. */
  get faults(): string[] {
    return this.errors.filter((reason) => reason !== 'frame_dropped');
  }

  /** Sends a frame's bytes as RTP packets, 40 ms behind the frame before. */
  send(bytes: Buffer, fields: RtpFields & { mtu?: number } = {}): void {
    const timestamp = fields.timestamp ?? this.#timestamp;
    const packets = rtpFrame(bytes, { sequenceNumber: this.#sequenceNumber, ...fields, timestamp });
    this.#sequenceNumber += packets.length;
    for (const packet of packets) this.push(packet);
    this.#timestamp += 3600;
    this.nowMs += 40;
  }

  push(packet: Buffer): void {
    const error = parseRtp(packet, this.#view);
    if (error === undefined) this.depacketizer.push(this.#view, this.nowMs);
    else this.errors.push(error);
  }

  tick(afterMs: number): void {
    this.nowMs += afterMs;
    this.depacketizer.tick(this.nowMs);
  }

  get nalTypes(): number[][] {
    return this.units.map((unit) => unit.nalus.map((nalu) => nalu[0]! & 0x1f));
  }
}
