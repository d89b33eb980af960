import { basename } from 'node:path';
import { DiskFile } from '../disk-file.ts';
import { Mp4File } from '../mp4/mp4-file.ts';
import type { FileTracks, RecordingFile } from '../recording-file.ts';
import { WebmFile } from '../webm/webm-file.ts';
import type { Container, WrittenFile } from '../writer-types.ts';

/** What is counted over the files of a recording. */
export interface PacketCounts {
  readonly packets: number;
  readonly lost: number;
}

export interface OpenFileOptions {
  readonly directory: string;
  readonly baseName: string;
  readonly container: Container;
  readonly tracks: FileTracks;
  readonly number: number;
  /** Numbers that belong to files of before, wherever these are now. */
  readonly taken: ReadonlySet<number>;
  /** Where the file starts on the recording's time line. */
  readonly zeroMs: number;
  readonly counts: PacketCounts;
}

/** The file that is being written. */
export class OpenFile {
  readonly file: RecordingFile;
  readonly zeroMs: number;
  readonly number: number;
  readonly #fileName: string;
  readonly #startedAt = Date.now();
  readonly #before: PacketCounts;

  constructor({ directory, baseName, container, tracks, number, taken, zeroMs, counts }: OpenFileOptions) {
    const created = DiskFile.create(directory, baseName, container, { firstNumber: number, taken });
    try {
      this.file = container === 'mp4' ? new Mp4File(created.file, tracks) : new WebmFile(created.file, tracks);
    } catch (error) {
      created.file.discard();
      throw error;
    }
    this.number = created.number;
    this.zeroMs = zeroMs;
    this.#fileName = basename(this.file.path);
    this.#before = counts;
  }

  describe(state: WrittenFile['state'], counts: PacketCounts): WrittenFile {
    return {
      fileName: this.#fileName,
      startedAt: this.#startedAt,
      durationMs: Math.round(this.file.durationMs),
      bytes: this.file.bytes,
      packetsIn: counts.packets - this.#before.packets,
      packetsLost: counts.lost - this.#before.lost,
      state,
    };
  }
}
