import { opusSamples } from '../frame/opus.ts';

const SAMPLES_PER_MS = 48;
/** An Opus frame of 20 ms of silence, full band, mono (RFC 6716 §3.1: configuration 31, code 0). */
const SILENCE = Buffer.from([0xf8, 0xff, 0xfe]);
const SILENCE_MS = 20;
/** What packets lie off their place by without being moved there. */
const JITTER_MS = 20;
/** A packet lost, or no packets because nobody speaks (RFC 7587 §3.1.3). */
const HOLE_MS = 60;
/** A longer hole is left as it is. */
const MAX_FILLED_MS = 60_000;

/** Receives sound without holes. */
export type SoundSink = (timeMs: number, packet: Uint8Array) => void;

/**
 * Opus packets one behind the other: players take a hole for a stall or forget it, so that sound and picture part. What
 * is missing becomes silence, what overlaps is left out.
 */
export class OpusContinuity {
  readonly #sink: SoundSink;
  #endMs = 0;

  constructor(sink: SoundSink) {
    this.#sink = sink;
  }

  /** Times are milliseconds from the start of the file. */
  push(timeMs: number, packet: Uint8Array): void {
    if (timeMs < this.#endMs - HOLE_MS) return;
    if (timeMs >= this.#endMs + HOLE_MS) this.fillTo(timeMs);
    const start = timeMs > this.#endMs + JITTER_MS ? timeMs : this.#endMs;
    this.#sink(start, packet);
    this.#endMs = start + opusSamples(packet) / SAMPLES_PER_MS;
  }

  fillTo(timeMs: number): void {
    if (timeMs - this.#endMs > MAX_FILLED_MS) this.#endMs = timeMs - SILENCE_MS;
    while (timeMs - this.#endMs >= SILENCE_MS) {
      this.#sink(this.#endMs, SILENCE);
      this.#endMs += SILENCE_MS;
    }
  }
}
