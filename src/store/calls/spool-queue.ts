import {
  closeSync,
  existsSync,
  fdatasync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

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
const datasync = promisify(fdatasync);
const NEWLINE = 0x0a;

function countLines(data: Buffer): number {
  let count = 0;
  for (let at = data.indexOf(NEWLINE); at >= 0; at = data.indexOf(NEWLINE, at + 1)) count += 1;
  return count;
}

/**
 * A queue of text lines in segment files: `<name>-<number>.jsonl`, appended to at one end, read and removed at the
 * other. What changes a file is synchronous, so that lines are out of this process's hands when `flush` returns and a
 * line is never in two states; these are writes of some kB into the system's cache. Reading and syncing wait for the
 * disk, and do not block.
 */
export class SpoolQueue {
  readonly #folder: string;
  readonly #name: string;
  readonly #segmentBytes: number;
  readonly #segments: Segment[] = [];
  #number = 0;
  /** File descriptor of the last segment, once this process writes to it. */
  #open: number | undefined;
  /** Bytes and lines of the first segment that are done with. */
  #doneBytes = 0;
  #doneLines = 0;
  readonly #memory = new Lines();
  #taken: Taken | undefined;
  #reading = false;
  #unsynced = false;
  #failed = false;
  #lost = 0;
  /** Syncing, and closing of files that have been synced. */
  #background: Promise<void> = Promise.resolve();

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

  /** Bytes that wait for `flush`. */
  get memoryBytes(): number {
    return this.#memory.bytes;
  }

  /** Lines that wait, wherever. */
  get lines(): number {
    const stored = this.#segments.reduce((sum, { lines }) => sum + lines, 0) - this.#doneLines;
    const taken = this.#taken?.fromMemory === true ? this.#taken.lines.length : 0;
    return stored + taken + this.#memory.length;
  }

  /** Lines in files that could not be read any more. */
  get lost(): number {
    return this.#lost;
  }

  /** Takes a line, without its end; in a file after `flush`. */
  push(line: string): void {
    this.#memory.push(line);
  }

  /** Writes what is in memory. @throws what the file system says: the lines stay */
  flush(): void {
    while (this.#memory.length > 0) this.#append();
  }

  #append(): void {
    const lines = this.#memory.shift(Infinity, APPEND_BYTES);
    const data = Buffer.from(`${lines.join('\n')}\n`);
    try {
      const { file, segment } = this.#writable();
      for (let at = 0; at < data.length;) at += writeSync(file, data, at);
      segment.bytes += data.length;
      segment.lines += lines.length;
      this.#unsynced = true;
      this.#failed = false;
    } catch (error) {
      // What part of it was written is unknown: the next attempt begins a file. Lines may be kept twice, never lost.
      this.#failed = true;
      this.#memory.unshift(lines);
      this.#closeSegment();
      this.#removeEmpty();
      throw error;
    }
  }

  /** A full disk would collect a file for each attempt. */
  #removeEmpty(): void {
    const last = this.#segments.at(-1);
    if (last === undefined || last.bytes > 0) return;
    this.#segments.pop();
    rmSync(last.file, { force: true });
  }

  #writable(): { file: number; segment: Segment } {
    const last = this.#segments.at(-1);
    if (this.#open !== undefined && last !== undefined && last.bytes < this.#segmentBytes) {
      return { file: this.#open, segment: last };
    }
    this.#closeSegment();
    this.#number += 1;
    const file = join(this.#folder, `${this.#name}-${String(this.#number).padStart(12, '0')}.jsonl`);
    this.#open = openSync(file, 'a', OWNER_ONLY);
    const segment = { file, bytes: 0, lines: 0 };
    this.#segments.push(segment);
    return { file: this.#open, segment };
  }

  #closeSegment(): void {
    const file = this.#open;
    this.#open = undefined;
    if (file === undefined) return;
    void this.#sync(file);
    this.#background = this.#background.then(() => closeSync(file)).catch(() => undefined);
  }

  /** Makes what has been written survive a power cut. Never rejects. */
  sync(): Promise<void> {
    return this.#open === undefined ? this.#background : this.#sync(this.#open);
  }

  #sync(file: number): Promise<void> {
    if (this.#unsynced) {
      // A disk that cannot sync says so at the next write.
      this.#background = this.#background.then(() => datasync(file)).catch(() => undefined);
    }
    this.#unsynced = false;
    return this.#background;
  }

  /** The oldest lines, at most so many; the same until they are acknowledged. */
  async take(most: number): Promise<readonly string[]> {
    this.#reading = true;
    try {
      this.#taken ??= (await this.#read(most)) ?? this.#fromMemory(most);
    } finally {
      this.#reading = false;
    }
    return this.#taken?.lines ?? [];
  }

  async #read(most: number): Promise<Taken | undefined> {
    this.#removeDone();
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
    this.#lost += this.#remove(0);
    return undefined;
  }

  #fromMemory(most: number): Taken | undefined {
    if (!this.#failed || this.#memory.length === 0) return undefined;
    return { lines: this.#memory.shift(most, READ_BYTES), bytes: 0, fromMemory: true };
  }

  /** What was taken is in the database. */
  acknowledge(): void {
    const taken = this.#taken;
    this.#taken = undefined;
    if (taken === undefined || taken.fromMemory) return;
    this.#doneBytes += taken.bytes;
    this.#doneLines += taken.lines.length;
    this.#removeDone();
  }

  /** Files that have been read to their end go; the one that is being written is emptied. */
  #removeDone(): void {
    for (let first = this.#segments[0]; first !== undefined; first = this.#segments[0]) {
      if (first.bytes > this.#doneBytes) return;
      if (this.#segments.length > 1 || this.#open === undefined) {
        this.#remove(0);
        continue;
      }
      if (first.bytes > 0) ftruncateSync(this.#open);
      this.#doneBytes = this.#doneLines = first.bytes = first.lines = 0;
      this.#unsynced = false;
      return;
    }
  }

  /** Lets the oldest segment go that is not on its way into the database. @returns how many lines that were */
  drop(): number {
    return this.#remove(this.#taken === undefined && !this.#reading ? 0 : 1);
  }

  #remove(index: number): number {
    const segment = this.#segments[index];
    if (segment === undefined) return 0;
    if (index === this.#segments.length - 1) {
      this.#unsynced = false;
      this.#closeSegment();
    }
    this.#segments.splice(index, 1);
    const lines = segment.lines - (index === 0 ? this.#doneLines : 0);
    if (index === 0) this.#doneBytes = this.#doneLines = 0;
    rmSync(segment.file, { force: true });
    return lines;
  }

  /** Lets the older half of what waits for the disk go. @returns how many lines that were */
  dropFromMemory(): number {
    return this.#memory.shift(Math.ceil(this.#memory.length / 2), Infinity).length;
  }

  /** Writes and syncs what there is; a queue that is empty leaves no file. Rejects where the disk refuses. */
  async close(): Promise<void> {
    if (this.#taken?.fromMemory === true) this.#memory.unshift(this.#taken.lines);
    this.#taken = undefined;
    try {
      this.flush();
    } finally {
      this.#closeSegment();
      const last = this.#segments.at(-1);
      if (last?.bytes === 0) rmSync(last.file, { force: true });
      await this.#background;
    }
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
