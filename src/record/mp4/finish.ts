import type { DiskFile } from '../disk-file.ts';
import { box, findBox, fullBox, readBoxes, u32, u64, type Box } from './box.ts';
import { AUDIO_TRACK, MOVIE_TIMESCALE } from './header.ts';
import { sampleTable, type SampleTable } from './sample-table.ts';
import { MAX_TICKS, readTopLevels, readWhole, scanFragments, type FragmentedMp4 } from './scan.ts';

/** `edts` in a track: an entry without media, then all of it. */
const NO_MEDIA = -1;
const NORMAL_RATE = 0x1_0000;

/** As `formatMp4Header` writes them, in version 0. */
const MOVIE_HEADER_BYTES = 108;
const TRACK_HEADER_BYTES = 92;
const MEDIA_HEADER_BYTES = 32;

const sizeOf = ({ start, end }: Box): number => end - start;

/** Is not a file that was written here. */
export type NotOurs = 'not_ours';

/**
 * Makes a plain file of a fragmented one, in place: a `moov` with all samples goes behind the last whole fragment, then the
 * sixteen bytes of `free` become the header of one `mdat` around all fragments. A crash before that leaves a fragmented
 * file. A finished file stays as it is.
 */
export function finishMp4(disk: DiskFile): { readonly durationMs: number } | NotOurs {
  const known = durationOfFinished(disk);
  if (known !== undefined) return { durationMs: known };
  const scanned = scanFragments(disk);
  if (scanned === undefined) return 'not_ours';
  const moov = finalMoov(scanned);
  if (moov === undefined) return 'not_ours';
  disk.truncate(scanned.end);
  disk.append([moov.bytes]);
  const { start } = scanned.free;
  disk.patch(Buffer.concat([u32(1), Buffer.from('mdat', 'latin1'), u64(scanned.end - start)]), start);
  return { durationMs: moov.durationMs };
}

/** Of `mvhd`, where the file is finished: ftyp, one mdat, moov. */
function durationOfFinished(disk: DiskFile): number | undefined {
  const moovBox = readTopLevels(disk, ['ftyp', 'mdat', 'moov'])?.[2];
  const moov = moovBox === undefined ? undefined : readWhole(disk, moovBox);
  const mvhd = moov === undefined ? undefined : findBox(moov, { bodyStart: 8, end: moov.length }, ['mvhd']);
  return moov === undefined || mvhd === undefined || sizeOf(mvhd) !== MOVIE_HEADER_BYTES
    ? undefined
    : moov.readUInt32BE(mvhd.bodyStart + 16);
}

function finalMoov({ moov, chunks }: FragmentedMp4): { bytes: Buffer; durationMs: number } | undefined {
  const boxes = readBoxes(moov, 8, moov.length);
  const mvhd = boxes?.find(({ type }) => type === 'mvhd');
  if (boxes === undefined || mvhd === undefined || sizeOf(mvhd) !== MOVIE_HEADER_BYTES) return undefined;
  let durationMs = 0;
  const traks: Buffer[] = [];
  for (const trak of boxes.filter(({ type }) => type === 'trak')) {
    const track = finalTrak(moov, trak, chunks);
    if (track === undefined) return undefined;
    durationMs = Math.max(durationMs, track.durationMs);
    // A track that never had a sample would only confuse readers.
    if (track.samples > 0) traks.push(track.bytes);
  }
  const header = Buffer.from(moov.subarray(mvhd.start, mvhd.end));
  header.writeUInt32BE(durationMs, 24);
  return { bytes: box('moov', header, ...traks), durationMs };
}

/** The boxes of a track that change, or say how. */
interface TrakParts {
  readonly tkhd: Box;
  readonly mdia: Box;
  readonly track: number;
  readonly timescale: number;
  readonly isG711: boolean;
}

function readTrak(moov: Buffer, trak: Box): TrakParts | undefined {
  const tkhd = findBox(moov, trak, ['tkhd']);
  const mdia = findBox(moov, trak, ['mdia']);
  const mdhd = findBox(moov, trak, ['mdia', 'mdhd']);
  const stsd = findBox(moov, trak, ['mdia', 'minf', 'stbl', 'stsd']);
  if (tkhd === undefined || mdia === undefined || mdhd === undefined || stsd === undefined) return undefined;
  if (sizeOf(tkhd) !== TRACK_HEADER_BYTES || sizeOf(mdhd) !== MEDIA_HEADER_BYTES || sizeOf(stsd) < 24) return undefined;
  const track = moov.readUInt32BE(tkhd.bodyStart + 12);
  const timescale = moov.readUInt32BE(mdhd.bodyStart + 12);
  const entry = moov.toString('latin1', stsd.bodyStart + 12, stsd.bodyStart + 16);
  const isG711 = track === AUDIO_TRACK && (entry === 'alaw' || entry === 'ulaw');
  return timescale === 0 ? undefined : { tkhd, mdia, track, timescale, isG711 };
}

function finalTrak(
  moov: Buffer,
  trak: Box,
  chunks: FragmentedMp4['chunks'],
): { bytes: Buffer; durationMs: number; samples: number } | undefined {
  const parts = readTrak(moov, trak);
  if (parts === undefined) return undefined;
  const { tkhd, mdia, track, timescale, isG711 } = parts;
  const own = chunks.get(track) ?? [];
  const table = sampleTable(own, isG711 ? 1 : 0);
  const inMovie = (ticks: number): number => Math.round((ticks * MOVIE_TIMESCALE) / timescale);
  const durationMs = inMovie(table.endTime);
  if (table.endTime > MAX_TICKS || durationMs > MAX_TICKS) return undefined;
  const header = Buffer.from(moov.subarray(tkhd.start, tkhd.end));
  header.writeUInt32BE(durationMs, 28);
  const media = finalMedia(moov, mdia, table);
  if (media === undefined) return undefined;
  const bytes = box('trak', header, ...editsFor(inMovie(table.startTime), durationMs), media);
  return { bytes, durationMs, samples: own.length };
}

/** ISO/IEC 14496-12 8.6.6: sound that starts later than the picture. */
function editsFor(startMs: number, endMs: number): Buffer[] {
  if (startMs === 0) return [];
  const entries = u32(2, startMs, NO_MEDIA, NORMAL_RATE, endMs - startMs, 0, NORMAL_RATE);
  return [box('edts', fullBox('elst', {}, entries))];
}

/** `mdia` with the duration and the sample table in their places. */
function finalMedia(moov: Buffer, mdia: Box, table: SampleTable): Buffer | undefined {
  return rebuild(moov, mdia, (child) => {
    if (child.type === 'mdhd') {
      const header = Buffer.from(moov.subarray(child.start, child.end));
      header.writeUInt32BE((table.endTime - table.startTime) >>> 0, 24);
      return header;
    }
    if (child.type !== 'minf') return undefined;
    return rebuild(moov, child, (inner) =>
      inner.type === 'stbl' ? box('stbl', ...sampleDescriptions(moov, inner), ...table.boxes) : undefined,
    );
  });
}

function sampleDescriptions(moov: Buffer, stbl: Box): Buffer[] {
  const stsd = findBox(moov, stbl, ['stsd']);
  return stsd === undefined ? [] : [moov.subarray(stsd.start, stsd.end)];
}

/** A box with some of its children replaced. */
function rebuild(moov: Buffer, parent: Box, replace: (child: Box) => Buffer | undefined): Buffer | undefined {
  const children = readBoxes(moov, parent.bodyStart, parent.end);
  if (children === undefined) return undefined;
  return box(parent.type, ...children.map((child) => replace(child) ?? moov.subarray(child.start, child.end)));
}
