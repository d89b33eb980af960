import { FrameMemory } from '../frame/frame-memory.ts';

/** A sample of a fragment, in decoding order, times in ticks of the track. */
export interface Mp4Sample {
  readonly size: number;
  readonly duration: number;
  /** Presentation minus decoding time. */
  readonly offset: number;
  readonly keyFrame: boolean;
}

/** What of a track goes into the next fragment. */
export interface TrackRun {
  readonly decodeTime: number;
  readonly samples: readonly Mp4Sample[];
  readonly data: Buffer;
}

interface Pending {
  readonly time: number;
  readonly size: number;
  readonly keyFrame: boolean;
}

/** More frames are not reordered by any encoder (H.264 A.3.1: 16). */
const MAX_GROUP = 32;
/** Frames that wait for a write, with a key frame on top. */
const MAX_BYTES = 24 * 1_048_576;

/**
 * Samples whose presentation times need not rise (B frames): RTP has no decoding times, so frames between two rising
 * ones get theirs in order. A group is told when the next one is known, because only then its last duration is.
 */
export class OrderedTrack {
  readonly #memory = new FrameMemory(MAX_BYTES);
  readonly #defaultDuration: number;
  #group: Pending[] = [];
  #complete: Pending[] = [];
  #samples: Mp4Sample[] = [];
  #sampleBytes = 0;
  #decodeTime = 0;
  #runDecodeTime = 0;
  #highest = -1;

  constructor(defaultDuration: number) {
    this.#defaultDuration = defaultDuration;
  }

  /** Bytes that are not written yet. */
  get pendingBytes(): number {
    return this.#memory.length;
  }

  /** Behind the last sample that was told, in ticks. */
  get endTime(): number {
    return this.#decodeTime;
  }

  /** False where the bytes do not fit. */
  add(time: number, keyFrame: boolean, data: Uint8Array): boolean {
    if (!this.#memory.append(data, 0, data.length)) return false;
    const rising = time > this.#highest || keyFrame || this.#group.length >= MAX_GROUP;
    if (rising && this.#group.length > 0) {
      this.#settle(this.#complete, Math.min(...this.#group.map((frame) => frame.time)));
      this.#complete = this.#group;
      this.#group = [];
    }
    this.#group.push({ time, size: data.length, keyFrame });
    this.#highest = Math.max(this.#highest, time);
    return true;
  }

  /** No frame follows. */
  end(): void {
    const next = this.#group.length > 0 ? Math.min(...this.#group.map((frame) => frame.time)) : undefined;
    this.#settle(this.#complete, next);
    this.#settle(this.#group, undefined);
    this.#complete = [];
    this.#group = [];
  }

  /** The run is valid until `written`. */
  take(): TrackRun | undefined {
    if (this.#samples.length === 0) return undefined;
    const data = this.#memory.data.subarray(0, this.#sampleBytes);
    return { decodeTime: this.#runDecodeTime, samples: this.#samples, data };
  }

  written(): void {
    this.#memory.drop(this.#sampleBytes);
    this.#sampleBytes = 0;
    this.#samples = [];
  }

  #settle(group: readonly Pending[], nextTime: number | undefined): void {
    if (group.length === 0) return;
    const times = group.map((frame) => frame.time).sort((a, b) => a - b);
    for (const [index, frame] of group.entries()) {
      const start = Math.max(this.#decodeTime, times[index]!);
      // What was not covered before this sample belongs to the one before it.
      this.#stretch(start - this.#decodeTime);
      const next = times[index + 1] ?? nextTime ?? start + this.#lastDuration();
      const duration = Math.max(1, next - start);
      if (this.#samples.length === 0) this.#runDecodeTime = start;
      this.#samples.push({ size: frame.size, duration, offset: frame.time - start, keyFrame: frame.keyFrame });
      this.#sampleBytes += frame.size;
      this.#decodeTime = start + duration;
    }
  }

  #stretch(ticks: number): void {
    const last = this.#samples.at(-1);
    if (ticks > 0 && last !== undefined) {
      this.#samples[this.#samples.length - 1] = { ...last, duration: last.duration + ticks };
    }
  }

  #lastDuration(): number {
    return this.#samples.at(-1)?.duration ?? this.#defaultDuration;
  }
}
