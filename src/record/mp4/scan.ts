import type { DiskFile } from '../disk-file.ts';
import { findBox, readBoxes, readBoxHeader, type Box } from './box.ts';
import * as fragment from './fragment.ts';

const HEADER_BYTES = 16;
/** `moov` and `moof` of ours are far smaller; a number from a damaged file is not believed. */
const MAX_BOX_BYTES = 16 * 1_048_576;
/** Durations of finished files have 32 bits. */
export const MAX_TICKS = 0xffff_ffff;

/** A run of samples that lie one behind the other. */
export interface Chunk {
  readonly offset: number;
  readonly decodeTime: number;
  /** Per sample. */
  readonly sizes: Uint32Array;
  readonly durations: Uint32Array;
  readonly offsets: Int32Array;
  readonly sync: Uint8Array;
}

/** What a fragmented file of ours has. */
export interface FragmentedMp4 {
  /** The `free` box that the header of one large `mdat` fits in. */
  readonly free: Box;
  readonly moov: Buffer;
  /** By track. */
  readonly chunks: ReadonlyMap<number, readonly Chunk[]>;
  /** Where the last whole fragment ends. */
  readonly end: number;
}

/** Undefined where the file is no fragmented one of ours, or longer than a finished one can be. */
export function scanFragments(disk: DiskFile): FragmentedMp4 | undefined {
  const boxes = readTopLevels(disk, ['ftyp', 'free', 'moov']);
  const free = boxes?.[1];
  const moovBox = boxes?.[2];
  if (free === undefined || moovBox === undefined || free.end - free.start !== HEADER_BYTES) return undefined;
  const moov = readWhole(disk, moovBox);
  if (moov === undefined) return undefined;
  const chunks = new Map<number, Chunk[]>();
  let end = moovBox.end;
  for (let next = nextFragment(disk, end, chunks); next !== undefined; next = nextFragment(disk, end, chunks))
    end = next;
  const chunkLists = [...chunks.values()];
  if (chunkLists.some((list) => list.some(({ decodeTime }) => decodeTime > MAX_TICKS))) return undefined;
  return { free, moov, chunks, end };
}

/** The first boxes of the file, where they are of these types. */
export function readTopLevels(disk: DiskFile, types: readonly string[]): Box[] | undefined {
  const boxes: Box[] = [];
  for (const type of types) {
    const next = readTopLevel(disk, boxes.at(-1)?.end ?? 0);
    if (next?.type !== type) return undefined;
    boxes.push(next);
  }
  return boxes;
}

/** Where the whole fragment at `at` ends. */
function nextFragment(disk: DiskFile, at: number, chunks: Map<number, Chunk[]>): number | undefined {
  const moof = readTopLevel(disk, at);
  if (moof?.type !== 'moof') return undefined;
  const mdat = readTopLevel(disk, moof.end);
  if (mdat?.type !== 'mdat' || mdat.end > disk.size) return undefined;
  const bytes = readWhole(disk, moof);
  return bytes !== undefined && readFragment(bytes, moof.start, chunks) ? mdat.end : undefined;
}

/** The header of the box at `at`; undefined at the end of the file and where there is none. */
function readTopLevel(disk: DiskFile, at: number): Box | undefined {
  return readBoxHeader(disk.read(at, HEADER_BYTES), 0, at);
}

export function readWhole(disk: DiskFile, { start, end }: Box): Buffer | undefined {
  return end > disk.size || end - start > MAX_BOX_BYTES ? undefined : disk.read(start, end - start);
}

function readFragment(moof: Buffer, moofStart: number, chunks: Map<number, Chunk[]>): boolean {
  const trafs = readBoxes(moof, 8, moof.length)?.filter(({ type }) => type === 'traf') ?? [];
  for (const traf of trafs) {
    const run = readRun(moof, moofStart, traf);
    if (run === undefined) return false;
    const known = chunks.get(run.track);
    if (known === undefined) chunks.set(run.track, [run.chunk]);
    else known.push(run.chunk);
  }
  return trafs.length > 0;
}

function readRun(moof: Buffer, moofStart: number, traf: Box): { track: number; chunk: Chunk } | undefined {
  const tfhd = findBox(moof, traf, ['tfhd']);
  const tfdt = findBox(moof, traf, ['tfdt']);
  const trun = findBox(moof, traf, ['trun']);
  if (tfhd === undefined || tfdt === undefined || trun === undefined) return undefined;
  if (tfhd.end - tfhd.start < 16 || tfdt.end - tfdt.start < 20 || trun.end - trun.start < 20) return undefined;
  const track = moof.readUInt32BE(tfhd.bodyStart + 4);
  const decodeTime = Number(moof.readBigUInt64BE(tfdt.bodyStart + 4));
  const flags = moof.readUInt32BE(trun.bodyStart) & 0xff_ffff;
  const count = moof.readUInt32BE(trun.bodyStart + 4);
  const offset = moofStart + moof.readInt32BE(trun.bodyStart + 8);
  const hasSamples = (flags & fragment.SAMPLE_SIZE) !== 0;
  if (hasSamples ? trun.end - trun.bodyStart !== 12 + count * 16 : tfhd.end - tfhd.bodyStart < 20) return undefined;
  if (offset < 0 || count > MAX_BOX_BYTES) return undefined;
  const samples = hasSamples
    ? readSamples(moof, trun.bodyStart + 12, count)
    : repeated(count, moof.readUInt32BE(tfhd.bodyStart + 8), moof.readUInt32BE(tfhd.bodyStart + 12));
  return { track, chunk: { offset, decodeTime, ...samples } };
}

type Samples = Pick<Chunk, 'sizes' | 'durations' | 'offsets' | 'sync'>;

function readSamples(moof: Buffer, start: number, count: number): Samples {
  const samples = emptySamples(count);
  for (let index = 0, at = start; index < count; index++, at += 16) {
    samples.durations[index] = moof.readUInt32BE(at);
    samples.sizes[index] = moof.readUInt32BE(at + 4);
    samples.sync[index] = (moof.readUInt32BE(at + 8) & fragment.NON_SYNC_BIT) === 0 ? 1 : 0;
    samples.offsets[index] = moof.readInt32BE(at + 12);
  }
  return samples;
}

function repeated(count: number, duration: number, size: number): Samples {
  const samples = emptySamples(count);
  samples.durations.fill(duration);
  samples.sizes.fill(size);
  samples.sync.fill(1);
  return samples;
}

function emptySamples(count: number): Samples {
  return {
    sizes: new Uint32Array(count),
    durations: new Uint32Array(count),
    offsets: new Int32Array(count),
    sync: new Uint8Array(count),
  };
}
