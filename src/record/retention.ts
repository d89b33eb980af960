import { errorMessage, type Logger } from '../util/index.ts';
import type { RecordingStore, StoredFile } from './types.ts';

/** Files that are read at a time. */
const BATCH = 200;
/** Files that one check looks at; the next one goes on. */
const MAX_FILES_PER_CHECK = 5000;
/** Files whose program has not ended are kept up to so much more than `maxBytes`, … */
export const SPARED_BYTES_PART = 0.1;
/** … and so long beyond `maxAgeMs`. */
export const SPARED_AGE_MS = 86_400_000;

export interface RetentionOptions {
  /** 0 = for ever. */
  readonly maxAgeMs: number;
  /** Of all files together; 0 = no limit. */
  readonly maxBytes: number;
  /** Whether a program runs for finished files. */
  readonly hasProgram: boolean;
}

export interface RetentionParts {
  readonly store: Pick<RecordingStore, 'oldestFiles' | 'totalBytes'>;
  /** Bytes of each running recording: of all its files, and of the one that it needs. */
  readonly running: () => readonly { readonly bytes: number; readonly open: number }[];
  /** Whether a running recording needs this file. */
  readonly isOpen: (file: StoredFile) => boolean;
  readonly removeFile: (file: StoredFile) => Promise<void>;
  /** Their files became fewer. */
  readonly onRemoved: (recordingIds: ReadonlySet<string>) => void;
  readonly log: Logger;
}

type Reason = 'age' | 'size';

/**
 * Deletes finished files that are too old, then the oldest while all together are too large. Recordings that run day
 * and night lose their oldest files, too; never the one that is being written.
 */
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

  async #check(now: number): Promise<void> {
    const { onRemoved, log } = this.#parts;
    const touched = new Set<string>();
    try {
      await this.#removeFiles(now, touched);
    } catch (error) {
      log.error({ error: errorMessage(error) }, 'retention failed');
    }
    if (touched.size > 0) onRemoved(touched);
  }

  async #removeFiles(now: number, touched: Set<string>): Promise<void> {
    const { store } = this.#parts;
    const running = this.#parts.running();
    const open = running.reduce((sum, each) => sum + each.open, 0);
    this.#tellOpen(open);
    // What is being written stays: where that is too much alone, deleting all the rest would not help.
    const sizeCounts = open <= this.#options.maxBytes;
    let bytes = running.reduce((sum, each) => sum + each.bytes, store.totalBytes());
    let kept = 0;
    for (let seen = 0; seen < MAX_FILES_PER_CHECK; seen += BATCH) {
      const files = store.oldestFiles(BATCH, kept);
      for (const each of files) {
        const why = this.#reasonFor(each, now, sizeCounts ? bytes : 0);
        // None of the following is older.
        if (why === undefined) return;
        if (await this.#remove(each, why, this.#isSpared(each, now, bytes))) {
          bytes -= each.file.bytes;
          touched.add(each.recordingId);
        } else kept += 1;
      }
      if (files.length < BATCH) return;
    }
  }

  #reasonFor({ file }: StoredFile, now: number, bytes: number): Reason | undefined {
    const { maxAgeMs, maxBytes } = this.#options;
    if (maxAgeMs > 0 && endOf(file) < now - maxAgeMs) return 'age';
    return maxBytes > 0 && bytes > maxBytes ? 'size' : undefined;
  }

  /** Its program has not ended, and there is room and time for it. */
  #isSpared({ file, pending }: StoredFile, now: number, bytes: number): boolean {
    const { maxAgeMs, maxBytes, hasProgram } = this.#options;
    if (!hasProgram || !pending) return false;
    const roomLeft = maxBytes === 0 || bytes <= maxBytes * (1 + SPARED_BYTES_PART);
    return roomLeft && (maxAgeMs === 0 || endOf(file) >= now - maxAgeMs - SPARED_AGE_MS);
  }

  async #remove(each: StoredFile, why: Reason, spared: boolean): Promise<boolean> {
    const { isOpen, removeFile, log } = this.#parts;
    if (spared || isOpen(each)) return false;
    const fields = { recordingId: each.recordingId, file: each.file.fileName };
    try {
      await removeFile(each);
    } catch (error) {
      log.error({ ...fields, error: errorMessage(error) }, 'file of a recording could not be deleted');
      return false;
    }
    log.info({ ...fields, bytes: each.file.bytes, why }, 'file of a recording deleted by retention');
    if (each.pending && this.#options.hasProgram) log.warn(fields, 'deleted before execRecordDone had ended');
    return true;
  }

  /** Once for each time that they grow beyond it. */
  #tellOpen(bytes: number): void {
    const { maxBytes } = this.#options;
    const tooLarge = maxBytes > 0 && bytes > maxBytes;
    if (tooLarge && !this.#tooLarge) {
      const fields = { bytes, retentionBytes: maxBytes };
      this.#parts.log.error(fields, 'files being written alone exceed retentionBytes: nothing is deleted by size');
    }
    this.#tooLarge = tooLarge;
  }
}

const endOf = ({ startedAt, durationMs }: StoredFile['file']): number => startedAt + durationMs;
