/** A stretch of time, Unix ms. */
export interface TimeSpan {
  readonly from: number;
  readonly to: number;
}

/** Place of a stretch on a timeline, in per cent of its width. */
export interface PlacedSpan {
  readonly left: number;
  readonly width: number;
}

const MINUTE_MS = 60_000;
const MIN_VIEW_MS = 10 * MINUTE_MS;
/** Distances of marks; the first that leaves room for its text is taken. */
const STEPS_MS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 240].map((minutes) => minutes * MINUTE_MS);
const MAX_MARKS = 13;
/** A recording of seconds must be seen on a day. */
const MIN_WIDTH = 0.15;

/** Where a stretch lies in what is shown; undefined outside of it. */
export function placeSpan(span: TimeSpan, view: TimeSpan): PlacedSpan | undefined {
  const from = Math.max(span.from, view.from);
  const to = Math.min(span.to, view.to);
  if (to <= from) return undefined;
  const length = view.to - view.from;
  return { left: ((from - view.from) / length) * 100, width: Math.max(MIN_WIDTH, ((to - from) / length) * 100) };
}

/** Zooms by a factor (below 1: closer) around a time that stays where it is, inside of the day. */
export function zoomView(view: TimeSpan, day: TimeSpan, { factor, at }: { factor: number; at: number }): TimeSpan {
  const length = Math.min(day.to - day.from, Math.max(MIN_VIEW_MS, (view.to - view.from) * factor));
  const share = (at - view.from) / (view.to - view.from);
  const from = Math.min(Math.max(day.from, at - share * length), day.to - length);
  return { from, to: from + length };
}

/** Moves what is shown so that a time is inside of it. */
export function followView(view: TimeSpan, day: TimeSpan, at: number): TimeSpan {
  if ((at >= view.from && at <= view.to) || at < day.from || at > day.to) return view;
  const length = view.to - view.from;
  const from = Math.min(Math.max(day.from, at - length / 4), day.to - length);
  return { from, to: from + length };
}

/** Times that get a mark: full steps of the day's own hours. */
export function marksOf(view: TimeSpan, day: TimeSpan): number[] {
  const length = view.to - view.from;
  const step = STEPS_MS.find((each) => length / each <= MAX_MARKS) ?? STEPS_MS.at(-1)!;
  const marks: number[] = [];
  for (let at = day.from + Math.ceil((view.from - day.from) / step) * step; at <= view.to; at += step) marks.push(at);
  return marks;
}

/** The next recorded moment from `at` on; undefined when there is none. */
export function nextRecorded(
  segments: readonly { readonly startMs: number; readonly endMs: number }[],
  at: number,
): number | undefined {
  let best: number | undefined;
  for (const { startMs, endMs } of segments) {
    if (endMs <= at) continue;
    const from = Math.max(at, startMs);
    if (best === undefined || from < best) best = from;
  }
  return best;
}

/** Length of what is recorded, overlaps once. */
export function recordedMs(segments: readonly { readonly startMs: number; readonly endMs: number }[]): number {
  let [sum, end] = [0, 0];
  for (const { startMs, endMs } of segments.toSorted((a, b) => a.startMs - b.startMs)) {
    sum += Math.max(0, endMs - Math.max(end, startMs));
    end = Math.max(end, endMs);
  }
  return sum;
}

/** The span of before while it is still the same: what follows it is not moved. */
export const steadySpan = (before: TimeSpan | undefined, now: TimeSpan): TimeSpan =>
  before?.from === now.from && before.to === now.to ? before : now;
