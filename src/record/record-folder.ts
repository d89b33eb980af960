import { constants } from 'node:fs';
import { lstat, mkdir, open, stat, statfs, unlink, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { errorMessage } from '../util/index.ts';
import { RecordPathError, RecordingNameError } from './errors.ts';

const FOLDER_MODE = 0o750;
const EXTENSIONS = ['mp4', 'webm'] as const;
/** Files of one requested name; who needs more may ask for another name. */
const MAX_SUFFIX = 9_999;

const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code;

/** Like `mkdir -p`; Node's own never ends where the kernel makes no folders, as in /proc. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, FOLDER_MODE);
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && (await stat(path)).isDirectory()) return;
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path || (await exists(dirname(path)))) throw error;
    await makeFolder(dirname(path));
    await makeFolder(path);
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** The one folder that recordings are in. No name leads out of it, and no link in it is followed. */
export class RecordFolder {
  readonly path: string;
  readonly #reserved = new Set<string>();

  constructor(path: string) {
    this.path = resolve(path);
  }

  /** @throws RecordPathError */
  async prepare(): Promise<void> {
    try {
      await makeFolder(this.path);
    } catch (cause) {
      throw new RecordPathError(`${this.path} cannot be made: ${errorMessage(cause)}`, { cause });
    }
  }

  /** What an ordinary user may still write. @throws RecordPathError */
  async freeBytes(): Promise<number> {
    try {
      const { bavail, bsize } = await statfs(this.path);
      return bavail * bsize;
    } catch (cause) {
      throw new RecordPathError(`${this.path} cannot be read: ${errorMessage(cause)}`, { cause });
    }
  }

  /**
   * A base name that no file has and that nobody else has reserved: the wanted one, or `<wanted>-2` and so on.
   * @throws RecordingNameError where all are taken
   */
  async reserve(wanted: string): Promise<string> {
    for (let suffix = 1; suffix <= MAX_SUFFIX; suffix += 1) {
      const base = suffix === 1 ? wanted : `${wanted}-${suffix}`;
      if (this.#reserved.has(base)) continue;
      this.#reserved.add(base);
      if (await this.#isFree(base)) return base;
      this.#reserved.delete(base);
    }
    throw new RecordingNameError(`fileName ${JSON.stringify(wanted)} is taken ${MAX_SUFFIX} times`);
  }

  release(base: string): void {
    this.#reserved.delete(base);
  }

  /** Undefined where there is no plain file of this name. */
  async open(fileName: string): Promise<{ readonly handle: FileHandle; size: number; mtimeMs: number } | undefined> {
    let handle: FileHandle | undefined;
    try {
      // A FIFO that somebody has put there would block without O_NONBLOCK.
      const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
      handle = await open(this.pathOf(fileName), flags);
      const stats = await handle.stat();
      if (stats.isFile()) return { handle, size: stats.size, mtimeMs: stats.mtimeMs };
    } catch (error) {
      if (!['ENOENT', 'ELOOP', 'ENXIO'].includes(String(codeOf(error)))) throw error;
    }
    await handle?.close();
    return undefined;
  }

  /** False where it was gone already. */
  async remove(fileName: string): Promise<boolean> {
    try {
      await unlink(this.pathOf(fileName));
      return true;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return false;
      throw error;
    }
  }

  /** @throws RecordingNameError for what is more than a name */
  pathOf(fileName: string): string {
    if (fileName !== basename(fileName) || fileName === '' || fileName === '.' || fileName === '..') {
      throw new RecordingNameError(`${JSON.stringify(fileName.slice(0, 80))} is no file of the recordings`);
    }
    return join(this.path, fileName);
  }

  /** A link counts as a file, wherever it leads. */
  async #isFree(base: string): Promise<boolean> {
    const found = await Promise.allSettled(EXTENSIONS.map((extension) => lstat(this.pathOf(`${base}.${extension}`))));
    return found.every((result) => result.status === 'rejected' && codeOf(result.reason) === 'ENOENT');
  }
}
