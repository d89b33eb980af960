import { errorMessage, type Logger } from '../util/index.ts';
import type { RecordingFile, RecordingStore, RecordingSummary } from './types.ts';

/** Writes that wait for a better moment; each is small, later ones of the same row replace earlier ones. */
const MAX_LATE = 10_000;

/** SQLITE_CONSTRAINT: the file of a recording that was deleted meanwhile, which will never fit again. */
const CONSTRAINT = 19;

const isOrphan = (error: unknown): boolean => (Number((error as { errcode?: unknown }).errcode) & 0xff) === CONSTRAINT;

/**
 * Writes to the store that must not end a recording: on a full disk the database fails first. What could not be
 * written is tried again.
 */
export class Journal {
  readonly #store: RecordingStore;
  readonly #log: Logger;
  readonly #late = new Map<string, () => void>();

  constructor(store: RecordingStore, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  /** Rows that wait. */
  get late(): number {
    return this.#late.size;
  }

  save(recording: RecordingSummary): void {
    this.#write(`r ${recording.id}`, () => this.#store.save(recording));
  }

  saveFile(recordingId: string, file: RecordingFile): void {
    this.#write(`f ${recordingId} ${file.index}`, () => this.#store.saveFile(recordingId, file));
  }

  /** Tries again what has failed, in its order. */
  retry(): void {
    for (const [key, write] of this.#late) {
      try {
        write();
        this.#late.delete(key);
      } catch (error) {
        // Told when it failed first; the rest would fail as well.
        if (!isOrphan(error)) return;
        this.#late.delete(key);
      }
    }
  }

  /** What is deleted is not written any more. */
  forget(recordingId: string): void {
    for (const key of this.#late.keys()) if (key.split(' ')[1] === recordingId) this.#late.delete(key);
  }

  forgetFile(recordingId: string, index: number): void {
    this.#late.delete(`f ${recordingId} ${index}`);
  }

  #write(key: string, write: () => void): void {
    if (this.#late.size > 0) this.retry();
    try {
      // A row whose predecessor still waits may lack its parent.
      if (this.#late.size === 0) write();
      else this.#late.set(key, write);
    } catch (error) {
      if (isOrphan(error)) return;
      this.#log.error({ error: errorMessage(error), waiting: this.#late.size + 1 }, 'recording could not be written');
      if (this.#late.size < MAX_LATE || this.#late.has(key)) this.#late.set(key, write);
    }
  }
}
