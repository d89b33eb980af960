import type { FrameBuffer } from './frame-buffer.ts';

const START_CODE = Buffer.from([0, 0, 1]);
/** A picture of more NAL units is not believed; the rest stays in the last one. */
const MAX_NALUS = 1024;

/**
 * Offsets of the NAL units of an Annex B byte stream (H.264 annex B.1), found step by step as it grows, so that every
 * byte is searched once.
 */
export class NalIndex {
  #starts = new Uint32Array(16);
  #searched = 0;
  count = 0;

  clear(): void {
    this.#searched = 0;
    this.count = 0;
  }

  /** Offset of the first byte behind the start code. */
  start(index: number): number {
    return this.#starts[index]!;
  }

  /** Where the unit ends: at the next start code or the end of the frame, trailing zeros taken off. */
  end(index: number, frame: FrameBuffer): number {
    const start = this.start(index);
    let end = index + 1 < this.count ? this.start(index + 1) - START_CODE.length : frame.length;
    while (end > start && frame.bytes[end - 1] === 0) end--;
    return end;
  }

  /** Finds the start codes in what was appended since the last call. */
  update(frame: FrameBuffer): void {
    if (frame.length - this.#searched < START_CODE.length) return;
    frame.seal();
    let at = this.#searched;
    for (;;) {
      at = frame.bytes.indexOf(START_CODE, at);
      if (at < 0 || at + START_CODE.length > frame.length) break;
      this.#add(at + START_CODE.length);
      at += START_CODE.length;
    }
    this.#searched = Math.max(this.#lastStart(), frame.length - START_CODE.length + 1);
  }

  #lastStart(): number {
    return this.count === 0 ? 0 : this.#starts[this.count - 1]!;
  }

  #add(start: number): void {
    if (this.count === MAX_NALUS) return;
    if (this.count === this.#starts.length) {
      const grown = new Uint32Array(this.#starts.length * 2);
      grown.set(this.#starts);
      this.#starts = grown;
    }
    this.#starts[this.count++] = start;
  }
}
