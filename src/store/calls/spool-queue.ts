import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

/** Lines in the order they came, that wait on disk. */
interface Segment {
  readonly file: string;
  bytes: number;
  lines: number;
}

/** Lines that have been read and not been acknowledged. */
interface Taken {
  readonly lines: readonly string[];
  readonly bytes: number;
  /** The disk could not be written: these have never been there. */
  readonly fromMemory: boolean;
}

const READ_BYTES = 262_144;
const APPEND_BYTES = 262_144;
const OWNER_ONLY = 0o600;
const NEWLINE = 0x0a;

function countLines(data: Buffer): number {
  let count = 0;
  for (let at = data.indexOf(NEWLINE); at >= 0; at = data.indexOf(NEWLINE, at + 1)) count += 1;
  return count;
}

/**
 * A queue of text lines in segment files: `<name>-<number>.jsonl`, appended to at one end, read and removed at the
 * other. Lines wait in memory only until the write before theirs has ended, or while the disk cannot be written.
 * Reading, appending and removing take turns, so a line is never in two states.
 */
export class SpoolQueue {
  readonly #folder: string;
  readonly #name: string;
  readonly #segmentBytes: number;
  readonly #segments: Segment[] = [];
  #number = 0;
  /** Of the last segment, once this process writes to it. */
  #handle: FileHandle | undefined;
  /** Bytes and lines of the first segment that are done with. */
  #doneBytes = 0;
  #doneLines = 0;
  readonly #memory = new Lines();
  /** On their way to the disk. */
  #writing: readonly string[] = [];
  #taken: Taken | undefined;
  #unsynced = false;
  #failed = false;
  #lost = 0;
  #turn: Promise<unknown> = Promise.resolve();

  /** Finds what an earlier run has left. @throws what the file system says */
  constructor(folder: string, name: string, segmentBytes: number) {
    this.#folder = folder;
    this.#name = name;
    this.#segmentBytes = segmentBytes;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const files = readdirSync(folder).filter((file) => file.startsWith(`${name}-`) && file.endsWith('.jsonl'));
    for (const file of files.toSorted()) this.#find(join(folder, file));
  }

  #find(file: string): void {
    const data = readFileSync(file);
    this.#number = Math.max(this.#number, Number(file.match(/-(\d+)\.jsonl$/)?.[1] ?? 0));
    // Without its end the last line is of a process that was killed in the middle of it.
    const bytes = data.lastIndexOf(NEWLINE) + 1;
    if (bytes === 0) rmSync(file);
    else this.#segments.push({ file, bytes, lines: countLines(data) });
  }

  /** Bytes on disk that wait. */
  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0) - this.#doneBytes;
  }

  /** Bytes that wait for the disk. */
  get memoryBytes(): number {
    return this.#memory.bytes;
  }

  /** Lines that wait, wherever. */
  get lines(): number {
    const stored = this.#segments.reduce((sum, { lines }) => sum + lines, 0) - this.#doneLines;
    const taken = this.#taken?.fromMemory === true ? this.#taken.lines.length : 0;
    return stored + taken + this.#writing.length + this.#memory.length;
  }

  /** Lines in files that could not be read any more. */
  get lost(): number {
    return this.#lost;
  }

  /** Takes a line, without its end; on disk after `flush`. */
  push(line: string): void {
    this.#memory.push(line);
  }

  /** Writes what is in memory. Rejects where that fails: the lines stay. */
  flush(): Promise<void> {
    return this.#inTurn(async () => {
      while (this.#memory.length > 0) await this.#append();
    });
  }

  async #append(): Promise<void> {
    this.#writing = this.#memory.shift(Infinity, APPEND_BYTES);
    const lines = this.#writing;
    const data = Buffer.from(`${lines.join('\n')}\n`);
    try {
      const { handle, segment } = await this.#writable();
      await handle.appendFile(data);
      segment.bytes += data.length;
      segment.lines += lines.length;
      this.#unsynced = true;
      this.#failed = false;
    } catch (error) {
      // What part of it was written is unknown: the next attempt begins a file. Lines may be kept twice, never lost.
      this.#failed = true;
      this.#memory.unshift(lines);
      await this.#closeSegment();
      throw error;
    } finally {
      this.#writing = [];
    }
  }

  async #writable(): Promise<{ handle: FileHandle; segment: Segment }> {
    const last = this.#segments.at(-1);
    if (this.#handle !== undefined && last !== undefined && last.bytes < this.#segmentBytes) {
      return { handle: this.#handle, segment: last };
    }
    await this.#closeSegment();
    this.#number += 1;
    const file = join(this.#folder, `${this.#name}-${String(this.#number).padStart(12, '0')}.jsonl`);
    const handle = await open(file, 'a', OWNER_ONLY);
    const segment = { file, bytes: 0, lines: 0 };
    this.#handle = handle;
    this.#segments.push(segment);
    return { handle, segment };
  }

  async #closeSegment(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    if (handle === undefined) return;
    if (this.#unsynced) await handle.datasync().catch(() => undefined);
    this.#unsynced = false;
    await handle.close().catch(() => undefined);
  }

  /** Makes what has been written survive a power cut. */
  sync(): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#unsynced || this.#handle === undefined) return;
      this.#unsynced = false;
      await this.#handle.datasync();
    });
  }

  /** The oldest lines, at most so many; the same until they are acknowledged. */
  take(most: number): Promise<readonly string[]> {
    return this.#inTurn(async () => {
      this.#taken ??= (await this.#read(most)) ?? this.#fromMemory(most);
      return this.#taken?.lines ?? [];
    });
  }

  async #read(most: number): Promise<Taken | undefined> {
    await this.#removeDone();
    const [first] = this.#segments;
    if (first === undefined || first.bytes === this.#doneBytes) return undefined;
    const data = await readFrom(first.file, this.#doneBytes, first.bytes - this.#doneBytes);
    const lines: string[] = [];
    let bytes = 0;
    while (lines.length < most) {
      const end = data.indexOf(NEWLINE, bytes);
      if (end < 0) break;
      lines.push(data.toString('utf8', bytes, end));
      bytes = end + 1;
    }
    if (lines.length > 0) return { lines, bytes, fromMemory: false };
    // The file has been taken away or cut by somebody else.
    this.#lost += await this.#remove(0);
    return undefined;
  }

  #fromMemory(most: number): Taken | undefined {
    if (!this.#failed || this.#memory.length === 0) return undefined;
    return { lines: this.#memory.shift(most, READ_BYTES), bytes: 0, fromMemory: true };
  }

  /** What was taken is in the database. */
  acknowledge(): Promise<void> {
    return this.#inTurn(async () => {
      const taken = this.#taken;
      this.#taken = undefined;
      if (taken === undefined || taken.fromMemory) return;
      this.#doneBytes += taken.bytes;
      this.#doneLines += taken.lines.length;
      await this.#removeDone();
    });
  }

  /** Files that have been read to their end go; the one that is being written is emptied. */
  async #removeDone(): Promise<void> {
    for (let first = this.#segments[0]; first !== undefined; first = this.#segments[0]) {
      if (first.bytes > this.#doneBytes) return;
      const isOpen = this.#segments.length === 1 && this.#handle !== undefined;
      if (isOpen && first.bytes > 0) await this.#handle?.truncate(0);
      this.#doneBytes = this.#doneLines = first.bytes = first.lines = 0;
      if (isOpen) {
        this.#unsynced = false;
        return;
      }
      await this.#remove(0);
    }
  }

  /** Lets the oldest segment go that is not on its way into the database. @returns how many lines that were */
  drop(): Promise<number> {
    return this.#inTurn(() => this.#remove(this.#taken === undefined ? 0 : 1));
  }

  async #remove(index: number): Promise<number> {
    const segment = this.#segments[index];
    if (segment === undefined) return 0;
    if (index === this.#segments.length - 1) await this.#closeSegment();
    this.#segments.splice(index, 1);
    const lines = segment.lines - (index === 0 ? this.#doneLines : 0);
    if (index === 0) this.#doneBytes = this.#doneLines = 0;
    await rm(segment.file, { force: true }).catch(() => undefined);
    return lines;
  }

  /** Lets the older half of what waits for the disk go. @returns how many lines that were */
  dropFromMemory(): number {
    return this.#memory.shift(Math.ceil(this.#memory.length / 2), Infinity).length;
  }

  /** Writes and syncs what there is; a queue that is empty leaves no file. Rejects where the disk refuses. */
  async close(): Promise<void> {
    try {
      await this.#inTurn(async () => {
        if (this.#taken?.fromMemory === true) this.#memory.unshift(this.#taken.lines);
        this.#taken = undefined;
      });
      await this.flush();
    } finally {
      await this.#inTurn(async () => {
        await this.#closeSegment();
        const last = this.#segments.at(-1);
        if (last?.bytes === 0) await rm(last.file, { force: true });
      });
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#turn.then(work);
    this.#turn = next.catch(() => undefined);
    return next;
  }
}

const sizeOf = (line: string): number => Buffer.byteLength(line) + 1;

/** Lines in memory with their size. */
class Lines {
  #lines: string[] = [];
  #bytes = 0;

  get length(): number {
    return this.#lines.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(line: string): void {
    this.#lines.push(line);
    this.#bytes += sizeOf(line);
  }

  unshift(lines: readonly string[]): void {
    this.#lines = [...lines, ...this.#lines];
    for (const line of lines) this.#bytes += sizeOf(line);
  }

  /** The first ones, at most so many and, unless it is only one, so large. */
  shift(most: number, mostBytes: number): string[] {
    let count = 0;
    let bytes = 0;
    for (const line of this.#lines) {
      const next = bytes + sizeOf(line);
      if (count >= most || (count > 0 && next > mostBytes)) break;
      count += 1;
      bytes = next;
    }
    this.#bytes -= bytes;
    return this.#lines.splice(0, count);
  }
}

/** At most `READ_BYTES`, or as much as one line needs. */
async function readFrom(file: string, position: number, available: number): Promise<Buffer> {
  if (!existsSync(file)) return Buffer.alloc(0);
  const handle = await open(file, 'r');
  try {
    for (let length = READ_BYTES; ; length *= 4) {
      const wanted = Math.min(length, available);
      const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(wanted), 0, wanted, position);
      const data = buffer.subarray(0, bytesRead);
      if (bytesRead < wanted || wanted === available || data.includes(NEWLINE)) return data;
    }
  } finally {
    await handle.close();
  }
}
