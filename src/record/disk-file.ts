import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const CREATE = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const OPEN = constants.O_RDWR | constants.O_NOFOLLOW;
const MODE = 0o644;
/** Names tried before a directory is taken for full of recordings of this name. */
const MAX_TRIED = 100_000;

/** A file of a record thread: everything is written where the thread says, and a failed write changes no size. */
export class DiskFile {
  readonly path: string;
  readonly #fd: number;
  /** Where the next append goes. */
  size: number;

  private constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
    this.size = fstatSync(fd).size;
  }

  /** An existing one. */
  static open(path: string): DiskFile {
    return new DiskFile(path, openSync(path, OPEN));
  }

  /**
   * `<base>.<extension>`, else the first of `<base>-2.<extension>`, `<base>-3…` that no file has, and that is not among
   * the `taken`.
   */
  static create(
    directory: string,
    baseName: string,
    extension: string,
    { firstNumber, taken }: { readonly firstNumber: number; readonly taken?: ReadonlySet<number> },
  ): { file: DiskFile; number: number } {
    let tried = 0;
    for (let number = firstNumber; ; number++) {
      if (taken?.has(number) === true) continue;
      const name = number === 1 ? `${baseName}.${extension}` : `${baseName}-${number}.${extension}`;
      const path = join(directory, name);
      try {
        return { file: new DiskFile(path, openSync(path, CREATE, MODE)), number };
      } catch (error) {
        tried += 1;
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || tried >= MAX_TRIED) throw error;
      }
    }
  }

  /** All of it or nothing. */
  append(parts: readonly Uint8Array[]): void {
    let at = this.size;
    try {
      for (const part of parts) {
        this.#write(part, at);
        at += part.length;
      }
    } catch (error) {
      ftruncateSync(this.#fd, this.size);
      throw error;
    }
    this.size = at;
  }

  /** Over what is there already. */
  patch(bytes: Uint8Array, at: number): void {
    this.#write(bytes, at);
  }

  /** Fewer bytes where the file ends before. */
  read(at: number, bytes: number): Buffer {
    const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(bytes, this.size - at)));
    let length = 0;
    while (length < buffer.length) {
      const read = readSync(this.#fd, buffer, length, buffer.length - length, at + length);
      if (read === 0) break;
      length += read;
    }
    return buffer.subarray(0, length);
  }

  truncate(size: number): void {
    ftruncateSync(this.#fd, size);
    this.size = size;
  }

  /** Closes and deletes what nobody has been told of. */
  discard(): void {
    this.close();
    unlinkSync(this.path);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #write(bytes: Uint8Array, at: number): void {
    let written = 0;
    while (written < bytes.length) {
      written += writeSync(this.#fd, bytes, written, bytes.length - written, at + written);
    }
  }
}
