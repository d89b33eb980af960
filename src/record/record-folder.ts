import { constants } from 'node:fs';
import { mkdir, open, opendir, statfs, unlink, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { errorMessage } from '../util/index.ts';
import { RecordPathError, RecordingNameError } from './errors.ts';

const FOLDER_MODE = 0o750;

const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code;

/** Like `mkdir -p`; Node's own never ends where the kernel makes no folders, as in /proc. */
async function makeFolder(path: string): Promise<void> {
  const parents: string[] = [];
  for (let folder = path; dirname(folder) !== folder; folder = dirname(folder)) parents.unshift(folder);
  for (const folder of parents) {
    await mkdir(folder, FOLDER_MODE).catch((error: unknown) => {
      // Of others at the same time, too. What is no folder fails with the next one, or below.
      if (codeOf(error) !== 'EEXIST') throw error;
    });
  }
  const opened = await opendir(path);
  await opened.close();
}

/** The one folder that recordings are in. No name leads out of it, and no link in it is followed. */
export class RecordFolder {
  readonly path: string;

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
}
