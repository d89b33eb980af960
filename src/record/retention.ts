import { errorMessage, type Logger } from '../util/index.ts';
import type { Recording, RecordingStore } from './types.ts';

/** Recordings that one check looks at; the next one goes on. */
const BATCH = 200;

export interface RetentionOptions {
  /** 0 = for ever. */
  readonly maxAgeMs: number;
  /** Of all files together; 0 = no limit. */
  readonly maxBytes: number;
}

export interface RetentionParts {
  readonly store: Pick<RecordingStore, 'oldest' | 'totalBytes'>;
  /** Of what is running. */
  readonly runningBytes: () => number;
  readonly remove: (recording: Recording) => Promise<void>;
  readonly log: Logger;
}

/** Deletes what is too old, then the oldest while all together is too large; never what is running. */
export class Retention {
  readonly #options: RetentionOptions;
  readonly #parts: RetentionParts;
  #checking: Promise<void> | undefined;
  #tooLarge = false;

  constructor(options: RetentionOptions, parts: RetentionParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** Joins a check that is running. Never rejects. */
  check(now: number = Date.now()): Promise<void> {
    const { maxAgeMs, maxBytes } = this.#options;
    if (maxAgeMs === 0 && maxBytes === 0) return Promise.resolve();
    this.#checking ??= this.#check(now).finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  /** Once for each time that they grow beyond it. */
  #tellRunning(bytes: number): void {
    const { maxBytes } = this.#options;
    const tooLarge = maxBytes > 0 && bytes > maxBytes;
    if (tooLarge && !this.#tooLarge) {
      const fields = { bytes, retentionBytes: maxBytes };
      this.#parts.log.error(fields, 'running recordings alone exceed retentionBytes: nothing is deleted by size');
    }
    this.#tooLarge = tooLarge;
  }

  async #check(now: number): Promise<void> {
    const { store, runningBytes, remove, log } = this.#parts;
    const { maxAgeMs, maxBytes } = this.#options;
    try {
      const running = runningBytes();
      let bytes = store.totalBytes() + running;
      // Then deleting all that has ended would gain nothing: what runs goes on.
      const sizeCounts = maxBytes > 0 && running <= maxBytes;
      this.#tellRunning(running);
      for (const recording of store.oldest(BATCH)) {
        const tooOld = maxAgeMs > 0 && (recording.endedAt ?? now) < now - maxAgeMs;
        const tooMuch = sizeCounts && bytes > maxBytes;
        // The oldest first: none of the following is older.
        if (!tooOld && !tooMuch) return;
        const why = tooOld ? 'age' : 'size';
        try {
          await remove(recording);
          bytes -= recording.bytes;
          log.info({ recordingId: recording.id, stream: recording.stream, why }, 'recording deleted by retention');
        } catch (error) {
          log.error({ recordingId: recording.id, error: errorMessage(error) }, 'recording could not be deleted');
        }
      }
    } catch (error) {
      log.error({ error: errorMessage(error) }, 'retention failed');
    }
  }
}
