import { fullBox, u32, u32s, u64s } from './box.ts';
import type { Chunk } from './scan.ts';

/** Boxes of `stbl` behind `stsd`, and how long the track is in its ticks. */
export interface SampleTable {
  readonly boxes: readonly Buffer[];
  readonly startTime: number;
  readonly endTime: number;
}

/**
 * The sample table of a finished file (ISO/IEC 14496-12 8.6 and 8.7). `bytesPerSample` is 1 for G.711, whose samples are
 * single bytes there, and 0 for all else.
 */
export function sampleTable(chunks: readonly Chunk[], bytesPerSample: number): SampleTable {
  const startTime = chunks[0]?.decodeTime ?? 0;
  const chunkOffsets = fullBox('co64', {}, u32(chunks.length), u64s(chunks.map(({ offset }) => offset)));
  if (bytesPerSample > 0) {
    const counts = chunks.map(({ sizes }) => sizes.reduce((sum, size) => sum + size, 0) / bytesPerSample);
    const count = counts.reduce((sum, value) => sum + value, 0);
    const times = runLengthBox('stts', count > 0 ? [[count, 1]] : []);
    const sizes = fullBox('stsz', {}, u32(bytesPerSample, count));
    return { boxes: [times, sampleToChunk(counts), sizes, chunkOffsets], startTime, endTime: startTime + count };
  }
  const durations = durationsOf(chunks);
  const offsets = chunks.flatMap((chunk) => [...chunk.offsets]);
  const sizes = chunks.flatMap((chunk) => [...chunk.sizes]);
  const boxes = [runLengthBox('stts', runLengths(durations))];
  if (offsets.some((offset) => offset !== 0)) boxes.push(runLengthBox('ctts', runLengths(offsets), 1));
  const sync = chunks.flatMap((chunk) => [...chunk.sync]);
  if (sync.includes(0)) boxes.push(syncSamples(sync));
  boxes.push(sampleToChunk(chunks.map((chunk) => chunk.sizes.length)));
  boxes.push(fullBox('stsz', {}, u32(0, sizes.length), u32s(sizes)), chunkOffsets);
  return { boxes, startTime, endTime: durations.reduce((sum, value) => sum + value, startTime) };
}

/** What lies between two fragments belongs to the last sample of the first. */
function durationsOf(chunks: readonly Chunk[]): number[] {
  const durations: number[] = [];
  let time = chunks[0]?.decodeTime ?? 0;
  for (const chunk of chunks) {
    const hole = chunk.decodeTime - time;
    if (durations.length > 0 && hole !== 0) durations[durations.length - 1] = Math.max(1, durations.at(-1)! + hole);
    for (const duration of chunk.durations) durations.push(duration);
    time = chunk.decodeTime + chunk.durations.reduce((sum, value) => sum + value, 0);
  }
  return durations;
}

function runLengths(values: readonly number[]): [number, number][] {
  const runs: [number, number][] = [];
  for (const value of values) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === value) last[0] += 1;
    else runs.push([1, value]);
  }
  return runs;
}

function runLengthBox(type: string, runs: readonly [number, number][], version = 0): Buffer {
  return fullBox(type, { version }, u32(runs.length), u32s(runs.flat()));
}

function syncSamples(sync: readonly number[]): Buffer {
  const numbers = sync.flatMap((value, index) => (value === 1 ? [index + 1] : []));
  return fullBox('stss', {}, u32(numbers.length), u32s(numbers));
}

function sampleToChunk(counts: readonly number[]): Buffer {
  const entries: number[] = [];
  let last = -1;
  for (const [index, count] of counts.entries()) {
    if (count !== last) entries.push(index + 1, count, 1);
    last = count;
  }
  return fullBox('stsc', {}, u32(entries.length / 3), u32s(entries));
}
