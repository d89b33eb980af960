import type { RecordItem, RecordSegment } from './types.ts';

/** Recorders cut their files with a second or two between them: that is no gap that anybody would see. */
const JOINED_MS = 2_000;

/** Items by start, clipped to the range; what lies outside is left out (GB/T 28181 8.3). */
export function clipItems(items: Iterable<RecordItem>, fromMs: number, toMs: number): RecordItem[] {
  const clipped: RecordItem[] = [];
  for (const item of items) {
    const startMs = Math.max(item.startMs, fromMs);
    const endMs = Math.min(item.endMs, toMs);
    if (endMs > startMs)
      clipped.push(startMs === item.startMs && endMs === item.endMs ? item : { ...item, startMs, endMs });
  }
  return clipped.sort((a, b) => a.startMs - b.startMs || a.endMs - b.endMs);
}

/**
 * What a timeline draws: sorted items that overlap or touch become one stretch. Alarm recordings stay stretches of
 * their own, before the others of the same time.
 */
export function joinItems(sorted: readonly RecordItem[]): RecordSegment[] {
  const plain = join(sorted.filter(({ type }) => type !== 'alarm'));
  const alarms = join(sorted.filter(({ type }) => type === 'alarm'));
  return [...plain, ...alarms].sort((a, b) => a.startMs - b.startMs || a.endMs - b.endMs);
}

function join(sorted: readonly RecordItem[]): RecordSegment[] {
  const segments: { startMs: number; endMs: number; type: RecordSegment['type'] }[] = [];
  for (const { startMs, endMs, type } of sorted) {
    const last = segments.at(-1);
    if (last === undefined || startMs > last.endMs + JOINED_MS) segments.push({ startMs, endMs, type });
    else {
      last.endMs = Math.max(last.endMs, endMs);
      if (last.type !== type) last.type = 'all';
    }
  }
  return segments;
}
