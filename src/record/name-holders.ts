import { errorMessage, type Logger } from '../util/index.ts';
import { numberOf } from './file-name.ts';
import type { RecordingFile, RecordingStore } from './types.ts';

export interface NameHoldersParts {
  readonly store: Pick<RecordingStore, 'holderOf' | 'namesOf'>;
  /** Recordings that run; their rows may be late. */
  readonly running: () => readonly {
    readonly id: string;
    readonly files: { readonly newest: RecordingFile | undefined };
  }[];
  readonly log: Logger;
}

/** Which file a name belongs to: one that was moved away may have left its name to another. */
export class NameHolders {
  readonly #parts: NameHoldersParts;

  constructor(parts: NameHoldersParts) {
    this.#parts = parts;
  }

  /** Whether the file of this name is still this one. */
  holds(id: string, { index, fileName }: RecordingFile): boolean {
    const { store, running } = this.#parts;
    const writing = running().find(({ files }) => files.newest?.fileName === fileName);
    if (writing !== undefined) return writing.id === id && writing.files.newest?.index === index;
    const holder = store.holderOf(fileName);
    return holder === undefined || (holder.recordingId === id && holder.index === index);
  }

  /** Numbers behind this base that files of before have. */
  takenNumbers(base: string): number[] {
    const { store, log } = this.#parts;
    try {
      const numbers = store.namesOf(base).map((name) => numberOf(name, base));
      return numbers.filter((number) => number !== undefined);
    } catch (error) {
      // As with all else, no recording ends by the database.
      log.error({ error: errorMessage(error) }, 'names of recordings could not be read');
      return [];
    }
  }
}
