import { FrameMemory } from '../frame/frame-memory.ts';

/** RFC 3551 §4.5.14: one byte a sample, 20 ms. */
export const G711_SAMPLE_BYTES = 160;
/** ITU-T G.711: zero amplitude. */
const SILENCE = { PCMA: 0xd5, PCMU: 0xff } as const;
/** A hole up to this is the clock's inaccuracy. */
const TOLERANCE = 320;
const MAX_BYTES = 1_048_576;
const SILENCE_BYTES = 8000;

/**
 * G.711 without holes: readers take its samples' number for time. What is missing is silence, what overlaps is left
 * out. Times are samples, that is bytes.
 */
export class G711Track {
  readonly #memory = new FrameMemory(MAX_BYTES);
  readonly #silence: Uint8Array;
  #written = 0;

  constructor(encoding: keyof typeof SILENCE) {
    this.#silence = new Uint8Array(SILENCE_BYTES).fill(SILENCE[encoding]);
  }

  get pendingBytes(): number {
    return this.#memory.length;
  }

  get endTime(): number {
    return this.#written + this.#memory.length;
  }

  /** False where the bytes do not fit. */
  add(time: number, data: Uint8Array): boolean {
    const hole = time - this.endTime;
    if (hole > TOLERANCE) this.fillTo(time);
    const skip = hole < -TOLERANCE ? Math.min(data.length, -hole) : 0;
    return this.#memory.append(data, skip, data.length);
  }

  /** Silence up to a time, as much of it as fits now. */
  fillTo(time: number): void {
    for (let missing = time - this.endTime; missing > 0; missing = time - this.endTime) {
      if (!this.#memory.append(this.#silence, 0, Math.min(missing, SILENCE_BYTES))) return;
    }
  }

  /** Makes the last sample whole. */
  end(): void {
    const rest = this.#memory.length % G711_SAMPLE_BYTES;
    if (rest > 0) this.fillTo(this.endTime + G711_SAMPLE_BYTES - rest);
  }

  /** Whole samples; valid until `written`. */
  take(): { readonly decodeTime: number; readonly data: Buffer } | undefined {
    const bytes = this.#memory.length - (this.#memory.length % G711_SAMPLE_BYTES);
    return bytes === 0 ? undefined : { decodeTime: this.#written, data: this.#memory.data.subarray(0, bytes) };
  }

  written(bytes: number): void {
    this.#memory.drop(bytes);
    this.#written += bytes;
  }
}
