import type { CallHistory } from '../record-types.ts';
import { DateRangeError } from './errors.ts';
import { addDays, daysBetween, isDate, LocalDays } from './local-day.ts';
import { callStatistics } from './statistics.ts';
import type { CallStatistics } from './types.ts';

/** Rows of each table that are read for one answer. */
const MAX_ROWS = 200_000;
const MAX_DAYS = 31;
/** Answers that are kept, for pages that ask every few seconds. */
const KEPT = 16;
const FRESH_MS = 2_000;

interface Kept {
  readonly answer: Promise<CallStatistics>;
  /** Undefined while it is being read. */
  readAt: number | undefined;
}

export interface DayRange {
  /** `2026-11-21`; absent: today. */
  readonly from?: string | undefined;
  /** Counted with it; absent: the same day. */
  readonly to?: string | undefined;
}

/** Figures of days, read from the records. */
export interface StatisticsReader {
  readonly days: LocalDays;
  today(): string;
  yesterday(): string;
  /** @throws DateRangeError; rejects where the records cannot be read */
  read(range?: DayRange): Promise<CallStatistics>;
}

export interface ReaderOptions {
  /** IANA name; empty: the system's zone. */
  readonly timeZone: string;
  /** Rows of each table for one answer; default 200000. */
  readonly maxRows?: number;
}

/** Who asks for the same days at the same time gets the same answer; it is at most two seconds old. */
export function createStatisticsReader(history: CallHistory, options: ReaderOptions): StatisticsReader {
  const days = new LocalDays(options.timeZone);
  const limit = options.maxRows ?? MAX_ROWS;
  const kept = new Map<string, Kept>();

  async function load(from: string, to: string): Promise<CallStatistics> {
    const range = days.range(from, to);
    // One after the other: a database is not asked by us three times at once.
    const sessions = await history.sessions(range, limit);
    const subsessions = await history.subsessions(range, limit);
    const quality = await history.quality(range, limit);
    const truncated = [sessions, subsessions, quality].some(({ length }) => length >= limit);
    return callStatistics({ days, from, to, now: Date.now(), sessions, subsessions, quality, truncated });
  }

  const today = (): string => days.dateOf(Date.now());
  return {
    days,
    today,
    yesterday: () => addDays(today(), -1),
    async read({ from = today(), to = from } = {}) {
      check(from, to);
      const key = `${from} ${to}`;
      const known = kept.get(key);
      if (known !== undefined && Date.now() - (known.readAt ?? Date.now()) < FRESH_MS) return known.answer;
      kept.delete(key);
      for (const oldest of kept.keys()) {
        if (kept.size < KEPT) break;
        kept.delete(oldest);
      }
      const answer = load(from, to);
      const entry: Kept = { answer, readAt: undefined };
      kept.set(key, entry);
      answer.then(
        () => (entry.readAt = Date.now()),
        // A failure is not kept.
        () => kept.get(key) === entry && kept.delete(key),
      );
      return answer;
    },
  };
}

function check(from: string, to: string): void {
  for (const date of [from, to]) {
    if (!isDate(date)) throw new DateRangeError(`${JSON.stringify(date.slice(0, 40))} is no day such as 2026-11-21`);
  }
  if (to < from) throw new DateRangeError(`${to} is before ${from}`);
  const count = daysBetween(from, to);
  if (count > MAX_DAYS) throw new DateRangeError(`${count} days, at most ${MAX_DAYS} are read at once`);
}
