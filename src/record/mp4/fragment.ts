import { box, fullBox, u32, u64 } from './box.ts';
import { G711_SAMPLE_BYTES } from './g711-track.ts';
import type { Mp4Sample, TrackRun } from './ordered-track.ts';

/** `tfhd` flags, ISO/IEC 14496-12 8.8.7. */
export const DEFAULT_DURATION = 0x08;
export const DEFAULT_SIZE = 0x10;
export const DEFAULT_FLAGS = 0x20;
const BASE_IS_MOOF = 0x02_0000;
/** `trun` flags, 8.8.8. */
export const DATA_OFFSET = 0x001;
export const SAMPLE_DURATION = 0x100;
export const SAMPLE_SIZE = 0x200;
export const SAMPLE_FLAGS = 0x400;
export const SAMPLE_OFFSET = 0x800;
/** 8.8.3.1: sample_depends_on 2; sample_depends_on 1 and sample_is_non_sync_sample. */
const SYNC = 0x0200_0000;
export const NON_SYNC_BIT = 0x0001_0000;
const NON_SYNC = 0x0100_0000 | NON_SYNC_BIT;
const SAMPLE_BYTES = 16;

/** A track's samples in a fragment. */
export type FragmentRun =
  | ({ readonly kind: 'ordered'; readonly track: number } & TrackRun)
  | { readonly kind: 'g711'; readonly track: number; readonly decodeTime: number; readonly data: Buffer };

/** `moof` and the header of its `mdat`; the runs' data follows in their order. */
export function formatFragment(sequence: number, runs: readonly FragmentRun[]): Buffer {
  // All sizes are known before the offsets are.
  const first = formatMoof(sequence, runs, 0);
  const moof = formatMoof(sequence, runs, first.length + 8);
  const dataBytes = runs.reduce((sum, run) => sum + run.data.length, 0);
  return Buffer.concat([moof, u32(8 + dataBytes), Buffer.from('mdat', 'latin1')]);
}

function formatMoof(sequence: number, runs: readonly FragmentRun[], dataStart: number): Buffer {
  let offset = dataStart;
  const trafs = runs.map((run) => {
    const traf = formatTraf(run, offset);
    offset += run.data.length;
    return traf;
  });
  return box('moof', fullBox('mfhd', {}, u32(sequence)), ...trafs);
}

function formatTraf(run: FragmentRun, dataOffset: number): Buffer {
  const decodeTime = fullBox('tfdt', { version: 1 }, u64(run.decodeTime));
  if (run.kind === 'g711') {
    const count = run.data.length / G711_SAMPLE_BYTES;
    const flags = BASE_IS_MOOF | DEFAULT_DURATION | DEFAULT_SIZE | DEFAULT_FLAGS;
    const header = fullBox('tfhd', { flags }, u32(run.track, G711_SAMPLE_BYTES, G711_SAMPLE_BYTES, SYNC));
    return box('traf', header, decodeTime, fullBox('trun', { flags: DATA_OFFSET }, u32(count, dataOffset)));
  }
  const header = fullBox('tfhd', { flags: BASE_IS_MOOF }, u32(run.track));
  const flags = DATA_OFFSET | SAMPLE_DURATION | SAMPLE_SIZE | SAMPLE_FLAGS | SAMPLE_OFFSET;
  const counts = u32(run.samples.length, dataOffset);
  return box('traf', header, decodeTime, fullBox('trun', { version: 1, flags }, counts, formatSamples(run.samples)));
}

function formatSamples(samples: readonly Mp4Sample[]): Buffer {
  const bytes = Buffer.allocUnsafe(samples.length * SAMPLE_BYTES);
  let at = 0;
  for (const { duration, size, keyFrame, offset } of samples) {
    at = bytes.writeUInt32BE(duration, at);
    at = bytes.writeUInt32BE(size, at);
    at = bytes.writeUInt32BE(keyFrame ? SYNC : NON_SYNC, at);
    at = bytes.writeInt32BE(offset, at);
  }
  return bytes;
}
