import { timeAfter, type Stretch } from '../../gb28181/index.ts';
import type { IngestStats } from '../../media/index.ts';
import type { Source } from '../source.ts';

/** Statistics come once a second; longer than this nothing is added to them by the wall clock. */
const MAX_AHEAD_MS = 1500;
/** A media thread tells the last statistics at once. */
const SETTLE_MS = 300;

/** Where in a recording the device is: by the material that has arrived, between statistics by the wall clock. */
export class MediaPosition {
  /** Of the recording, Unix ms, where `#baseMediaMs` of material had arrived. */
  #baseMs = 0;
  #baseMediaMs = 0;
  #mediaMs = 0;
  #mediaAtMs = 0;
  #pace = 0;
  #bytes = 0;
  /** Of the sources of before. */
  #earlierMs = 0;
  #earlierBytes = 0;
  #source: Source | undefined;
  readonly #recorded: readonly Stretch[];

  /** With what the channel has recorded, as far as that is known: devices leave out what lies between. */
  constructor(recorded: readonly Stretch[] = []) {
    this.#recorded = recorded;
  }

  /** A source begins to send the recording from here on. */
  start(source: Source, atMs: number, pace: number): void {
    this.#leave();
    this.#source = source;
    this.#baseMs = atMs;
    this.#baseMediaMs = 0;
    this.#mediaMs = 0;
    this.#mediaAtMs = Date.now();
    this.#pace = pace;
    source.ingest.on('stats', this.#handleStats);
  }

  /** Speed and direction; 0 = paused. */
  setPace(pace: number): void {
    const nowMs = this.#now;
    this.#mediaMs = nowMs;
    this.#mediaAtMs = Date.now();
    this.#pace = pace;
  }

  /** The device goes on from here. */
  seek(atMs: number): void {
    this.#baseMs = atMs;
    this.#baseMediaMs = this.#now;
  }

  /** The source is gone, or going. */
  stop(): void {
    if (this.#source !== undefined) this.#handleStats(this.#source.ingest.stats);
    this.#pace = 0;
  }

  /** Behind `stop`: resolves when the last statistics of the source are here, or have had time enough to come. */
  async settle(): Promise<void> {
    const { ingest } = this.#source ?? {};
    if (ingest === undefined) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        ingest.off('stats', done);
        resolve();
      };
      const timer = setTimeout(done, SETTLE_MS);
      ingest.on('stats', done);
    });
  }

  #leave(): void {
    this.#source?.ingest.off('stats', this.#handleStats);
    this.#earlierMs += this.#mediaMs;
    this.#earlierBytes += this.#bytes;
    this.#bytes = 0;
  }

  /** Unix ms. */
  get ms(): number {
    return timeAfter(this.#recorded, this.#baseMs, this.#now - this.#baseMediaMs);
  }

  /** Material that has arrived, from all sources. */
  get receivedMs(): number {
    return this.#earlierMs + this.#mediaMs;
  }

  get receivedBytes(): number {
    return this.#earlierBytes + this.#bytes;
  }

  get #now(): number {
    const aheadMs = Math.min(Date.now() - this.#mediaAtMs, MAX_AHEAD_MS);
    return this.#mediaMs + this.#pace * aheadMs;
  }

  readonly #handleStats = ({ mediaMs, bytes }: IngestStats): void => {
    this.#mediaMs = mediaMs;
    this.#mediaAtMs = Date.now();
    this.#bytes = bytes;
  };
}
