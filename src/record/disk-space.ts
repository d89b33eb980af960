import { DiskSpaceError } from './errors.ts';
import type { RecordFolder } from './record-folder.ts';

export interface DiskSpaceOptions {
  /** 0 = until the disk is full. */
  readonly minFreeBytes: number;
  readonly folder: RecordFolder;
  /** Undefined: what the folder's file system has. */
  readonly freeBytes: (() => Promise<number>) | undefined;
}

/** What must stay free where recordings are written. */
export class DiskSpace {
  readonly #options: DiskSpaceOptions;

  constructor(options: DiskSpaceOptions) {
    this.#options = options;
  }

  /** @throws DiskSpaceError, RecordPathError */
  async require(): Promise<void> {
    const { minFreeBytes, folder, freeBytes } = this.#options;
    if (minFreeBytes === 0) return;
    const free = await (freeBytes?.() ?? folder.freeBytes());
    if (free < minFreeBytes) {
      throw new DiskSpaceError(`${free} bytes are free in ${folder.path}, ${minFreeBytes} must stay free`);
    }
  }
}
