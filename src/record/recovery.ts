import { errorMessage, type Logger } from '../util/index.ts';
import type { Journal } from './journal.ts';
import type { RecordFolder } from './record-folder.ts';
import type { FileOfRecording, Recording, RecordingFile, RecordingStore } from './types.ts';
import type { RecordThreads } from './writer-types.ts';

export interface RecoveryParts {
  readonly store: RecordingStore;
  readonly journal: Journal;
  readonly folder: RecordFolder;
  readonly threads: Pick<RecordThreads, 'repair'>;
  readonly onChanged: (recordingId: string) => void;
  readonly log: Logger;
}

/** Brings files that nobody could finish to a state in which they play, one after the other. */
export class Recovery {
  readonly #parts: RecoveryParts;
  #work: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: RecoveryParts) {
    this.#parts = parts;
  }

  /** What ran when the gateway ended is interrupted now; its files are repaired behind that. */
  start(): void {
    const { store, journal } = this.#parts;
    for (const recording of store.unfinished()) {
      journal.save({ ...recording, state: 'interrupted', reason: 'crash', endedAt: endOf(recording) });
    }
    this.repair(store.unfinishedFiles());
  }

  repair(files: readonly FileOfRecording[]): void {
    this.#work = this.#work.then(async () => {
      // What is left is found again at the next start.
      for (const each of files) if (!this.#closed) await this.#repair(each);
    });
  }

  /** Resolves when the file at hand is done. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#work;
  }

  async #repair({ recordingId, file }: FileOfRecording): Promise<void> {
    const { journal, store, log } = this.#parts;
    try {
      const found = await this.#measure(file);
      const repaired = found ?? { durationMs: 0, bytes: 0 };
      // There is nothing that a program could look at.
      if (found === undefined) store.markDone(recordingId, file.index);
      journal.saveFile(recordingId, { ...file, ...repaired, state: 'finished' });
      const recording = store.get(recordingId);
      // Deleted meanwhile, or not written yet.
      if (recording === undefined || recording.state === 'recording') return;
      const durationMs = recording.files.reduce((total, each) => total + each.durationMs, 0);
      const bytes = recording.files.reduce((total, each) => total + each.bytes, 0);
      const endedAt = recording.state === 'interrupted' ? endOf(recording) : recording.endedAt;
      journal.save({ ...recording, durationMs, bytes, ...(endedAt === undefined ? {} : { endedAt }) });
      log.info({ recordingId, file: file.fileName, ...repaired }, 'recording recovered');
      this.#parts.onChanged(recordingId);
    } catch (error) {
      log.error({ recordingId, file: file.fileName, error: errorMessage(error) }, 'recording not recovered');
    }
  }

  /** Undefined for one that is gone. One that cannot be repaired stays: somebody else's tool may read more of it. */
  async #measure({ fileName, durationMs }: RecordingFile): Promise<{ durationMs: number; bytes: number } | undefined> {
    const { folder, threads, log } = this.#parts;
    const opened = await folder.open(fileName);
    if (opened === undefined) return undefined;
    await opened.handle.close();
    try {
      const { durationMs: repairedMs, bytes } = await threads.repair(folder.pathOf(fileName));
      return { durationMs: repairedMs, bytes };
    } catch (error) {
      // Perhaps in the midst of it: the next start goes on.
      if (this.#closed) throw error;
      log.warn({ file: fileName, error: errorMessage(error) }, 'recording could not be repaired');
      return { durationMs, bytes: opened.size };
    }
  }
}

function endOf({ startedAt, files }: Recording): number {
  return files.reduce((end, file) => Math.max(end, file.startedAt + file.durationMs), startedAt);
}
