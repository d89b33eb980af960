import type { Durations } from './types.ts';

/** Nearest rank (of N values in order, number ⌈p·N⌉); the median of an even number is the mean of the middle two. */
export function durationsOf(values: readonly number[]): Durations {
  const count = values.length;
  if (count === 0) return { count, totalMs: 0, meanMs: 0, medianMs: 0, p95Ms: 0, maxMs: 0 };
  const sorted = Float64Array.from(values).sort();
  const at = (index: number): number => sorted[index] ?? 0;
  const totalMs = sorted.reduce((sum, value) => sum + value, 0);
  return {
    count,
    totalMs,
    meanMs: totalMs / count,
    medianMs: (at(Math.floor((count - 1) / 2)) + at(Math.floor(count / 2))) / 2,
    p95Ms: at(Math.ceil(count * 0.95) - 1),
    maxMs: at(count - 1),
  };
}
