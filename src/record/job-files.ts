import { numberOf } from './file-name.ts';
import type { RecordingFile } from './types.ts';

/** What counts files and packets. */
export interface FileSums {
  readonly durationMs: number;
  readonly bytes: number;
  readonly packetsIn: number;
  readonly packetsLost: number;
}

const KEYS = ['durationMs', 'bytes', 'packetsIn', 'packetsLost'] as const;

/** Files of one running recording, which may run for months: those that are left, and the sums of all. */
export class JobFiles {
  readonly #files = new Map<number, RecordingFile>();
  readonly #removed = { durationMs: 0, bytes: 0, packetsIn: 0, packetsLost: 0 };
  #nextIndex = 0;
  /** In the order of their numbers the last one; files may be deleted in any order. */
  #removedLast: RecordingFile | undefined;

  get list(): readonly RecordingFile[] {
    return [...this.#files.values()];
  }

  get count(): number {
    return this.#files.size;
  }

  /** The one that began last. */
  get newest(): RecordingFile | undefined {
    return this.#files.get(this.#nextIndex - 1);
  }

  /** Over the files that are left. */
  get sums(): FileSums {
    return this.#sum({ durationMs: 0, bytes: 0, packetsIn: 0, packetsLost: 0 });
  }

  /** Over all that were written; never less than before. */
  get written(): FileSums {
    return this.#sum({ ...this.#removed });
  }

  /** The place of a file that begins. */
  take(): number {
    this.#nextIndex += 1;
    return this.#nextIndex - 1;
  }

  set(file: RecordingFile): void {
    this.#files.set(file.index, file);
  }

  /** The file is deleted while the recording goes on. */
  remove(index: number): void {
    const file = this.#files.get(index);
    if (file === undefined) return;
    this.#files.delete(index);
    for (const key of KEYS) this.#removed[key] += file[key];
    if (this.#removedLast === undefined || file.index > this.#removedLast.index) this.#removedLast = file;
  }

  /** Numbers of deleted files: a new file never gets the name of an earlier one, which may have been moved away. */
  removedNumbers(base: string): number[] {
    const last = this.#removedLast === undefined ? undefined : numberOf(this.#removedLast.fileName, base);
    return Array.from({ length: last ?? 0 }, (_, at) => at + 1);
  }

  #sum(sums: { -readonly [K in keyof FileSums]: FileSums[K] }): FileSums {
    for (const file of this.#files.values()) for (const key of KEYS) sums[key] += file[key];
    return sums;
  }
}
