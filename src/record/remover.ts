import type { Journal } from './journal.ts';
import type { NameHolders } from './name-holders.ts';
import type { RecordFolder } from './record-folder.ts';
import type { FileOfRecording, Recording, RecordingStore } from './types.ts';

export interface RemoverParts {
  readonly store: Pick<RecordingStore, 'remove' | 'removeFile'>;
  readonly journal: Journal;
  readonly folder: RecordFolder;
  readonly names: NameHolders;
}

/** Deletes files and what is known of them. A name that belongs to another file by now is left alone. */
export class Remover {
  readonly #parts: RemoverParts;

  constructor(parts: RemoverParts) {
    this.#parts = parts;
  }

  /** One that has ended, with its files. */
  async remove({ id, files }: Recording): Promise<void> {
    for (const file of files) await this.#unlink({ recordingId: id, file });
    this.#forget(id);
  }

  /** A finished file. A recording that has ended goes with its last one. */
  async removeFile(each: FileOfRecording, isRunning: () => boolean): Promise<void> {
    await this.#unlink(each);
    const { store, journal } = this.#parts;
    const left = store.removeFile(each.recordingId, each.file);
    journal.forgetFile(each.recordingId, each.file.index);
    if (!left && !isRunning()) this.#forget(each.recordingId);
  }

  async #unlink({ recordingId, file }: FileOfRecording): Promise<void> {
    const { names, folder } = this.#parts;
    if (names.holds(recordingId, file)) await folder.remove(file.fileName);
  }

  #forget(recordingId: string): void {
    this.#parts.store.remove(recordingId);
    this.#parts.journal.forget(recordingId);
  }
}
