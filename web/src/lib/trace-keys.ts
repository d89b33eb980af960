import type { TraceEntry } from '../api/types.ts';

/** A key for each message of a list with the newest first: the same however many come before it. */
export function traceKeys(items: readonly TraceEntry[]): string[] {
  const seen = new Map<string, number>();
  return items
    .toReversed()
    .map(({ at, direction, remote, text }) => {
      const key = `${at} ${direction} ${remote} ${text}`;
      const count = (seen.get(key) ?? 0) + 1;
      seen.set(key, count);
      return `${count} ${key}`;
    })
    .toReversed();
}
