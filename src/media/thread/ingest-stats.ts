import type { IngestStats } from '../types.ts';

/** Distinct parser reasons that are kept apart; the names come from our own code, the bound is a second lock. */
const MAX_REASONS = 64;

/** What other parts of an ingest count themselves. */
export interface OrderCounts {
  readonly lost: number;
  readonly reordered: number;
  readonly duplicates: number;
  readonly resyncs: number;
}

/** Counters of one ingest; rates are taken between two calls of `sample`. */
export class IngestCounters {
  packets = 0;
  bytes = 0;
  wrongSsrc = 0;
  wrongSource = 0;
  rtcpPackets = 0;
  frames = 0;
  keyFrames = 0;
  audioFrames = 0;
  droppedFrames = 0;
  readonly #errors = new Map<string, number>();
  #lastKeyFramePts = -1;
  #lastDts = -1;
  #media90k = 0;
  #speed = 1;
  #gopMs = 0;
  #sampledAtMs = 0;
  #sampledBytes = 0;
  #sampledFrames = 0;
  #bitrateBps = 0;
  #fps = 0;

  constructor(nowMs: number) {
    this.#sampledAtMs = nowMs;
  }

  onError(reason: string): void {
    const known = this.#errors.get(reason);
    if (known !== undefined || this.#errors.size < MAX_REASONS) this.#errors.set(reason, (known ?? 0) + 1);
  }

  /** The step to the next picture is no time of the material: it may be a pause. */
  expectChange(): void {
    this.#lastDts = -1;
  }

  setSpeed(speed: number): void {
    this.#speed = speed;
    this.#lastDts = -1;
  }

  onVideoUnit(keyFrame: boolean, { pts90k, dts90k }: { readonly pts90k: number; readonly dts90k: number }): void {
    this.frames += 1;
    if (this.#lastDts >= 0) this.#media90k += (dts90k - this.#lastDts) * this.#speed;
    this.#lastDts = dts90k;
    if (!keyFrame) return;
    this.keyFrames += 1;
    if (this.#lastKeyFramePts >= 0 && pts90k > this.#lastKeyFramePts) {
      this.#gopMs = Math.round((pts90k - this.#lastKeyFramePts) / 90);
    }
    this.#lastKeyFramePts = pts90k;
  }

  /** Takes the rates since the last call. */
  sample(nowMs: number): void {
    const elapsedMs = nowMs - this.#sampledAtMs;
    if (elapsedMs <= 0) return;
    this.#bitrateBps = Math.round(((this.bytes - this.#sampledBytes) * 8000) / elapsedMs);
    this.#fps = Math.round(((this.frames - this.#sampledFrames) * 10_000) / elapsedMs) / 10;
    this.#sampledAtMs = nowMs;
    this.#sampledBytes = this.bytes;
    this.#sampledFrames = this.frames;
  }

  snapshot(order: OrderCounts): IngestStats {
    return {
      packets: this.packets,
      bytes: this.bytes,
      lost: order.lost,
      reordered: order.reordered,
      duplicates: order.duplicates,
      wrongSsrc: this.wrongSsrc,
      wrongSource: this.wrongSource,
      rtcpPackets: this.rtcpPackets,
      resyncs: order.resyncs,
      frames: this.frames,
      keyFrames: this.keyFrames,
      audioFrames: this.audioFrames,
      droppedFrames: this.droppedFrames,
      bitrateBps: this.#bitrateBps,
      fps: this.#fps,
      gopMs: this.#gopMs,
      mediaMs: Math.round(this.#media90k / 90),
      errors: Object.fromEntries(this.#errors),
    };
  }
}
