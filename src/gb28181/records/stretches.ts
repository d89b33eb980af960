/** Of a channel's time, Unix ms. */
export interface Stretch {
  readonly startMs: number;
  readonly endMs: number;
}

/** What of a range is recorded: by time, joined where recordings overlap, as those of alarms do. */
export function stretchesOf(recorded: Iterable<Stretch>, fromMs: number, toMs: number): Stretch[] {
  const stretches: { startMs: number; endMs: number }[] = [];
  for (const each of [...recorded].sort((a, b) => a.startMs - b.startMs)) {
    const [startMs, endMs] = [Math.max(each.startMs, fromMs), Math.min(each.endMs, toMs)];
    if (endMs <= startMs) continue;
    const last = stretches.at(-1);
    if (last === undefined || startMs > last.endMs) stretches.push({ startMs, endMs });
    else last.endMs = Math.max(last.endMs, endMs);
  }
  return stretches;
}

/** Length of the material between two times, ms; all of the time where no stretches are known. */
export function materialBetween(stretches: readonly Stretch[], fromMs: number, toMs: number): number {
  if (stretches.length === 0) return Math.max(0, toMs - fromMs);
  const lengths = stretches.map(({ startMs, endMs }) => Math.min(endMs, toMs) - Math.max(startMs, fromMs));
  return lengths.reduce((sum, lengthMs) => sum + Math.max(0, lengthMs), 0);
}

/**
 * When the material was recorded that lies so far behind that of a time (negative: before it): recorders go on with the
 * next recording at once. Outside of the stretches time goes on.
 */
export function timeAfter(stretches: readonly Stretch[], fromMs: number, materialMs: number): number {
  return materialMs < 0 ? backwards(stretches, fromMs, -materialMs) : forwards(stretches, fromMs, materialMs);
}

function forwards(stretches: readonly Stretch[], fromMs: number, materialMs: number): number {
  let [atMs, leftMs] = [fromMs, materialMs];
  for (const { startMs, endMs } of stretches) {
    if (endMs <= atMs) continue;
    atMs = Math.max(atMs, startMs);
    if (leftMs <= endMs - atMs) break;
    leftMs -= endMs - atMs;
    atMs = endMs;
  }
  return atMs + leftMs;
}

function backwards(stretches: readonly Stretch[], fromMs: number, materialMs: number): number {
  let [atMs, leftMs] = [fromMs, materialMs];
  for (const { startMs, endMs } of stretches.toReversed()) {
    if (startMs >= atMs) continue;
    atMs = Math.min(atMs, endMs);
    if (leftMs <= atMs - startMs) break;
    leftMs -= atMs - startMs;
    atMs = startMs;
  }
  return atMs - leftMs;
}
