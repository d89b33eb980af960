import type { TimeRange } from '../record-types.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Zones are at most 14 hours ahead of UTC and 12 behind; one more for a change in between. */
const SEARCH_MS = 15 * HOUR_MS;
/** Clocks change at quarters of an hour. */
const SLOT_MS = 15 * MINUTE_MS;
const MAX_SLOTS = 10_000;

/** Days of the calendar, `2026-11-21`, as one time zone (IANA name) has them. */
export class LocalDays {
  readonly timeZone: string;
  readonly #format: Intl.DateTimeFormat;
  readonly #hours = new Map<number, number>();

  /** Empty: the system's zone. @throws RangeError for an unknown one */
  constructor(timeZone = '') {
    const { timeZone: system } = Intl.DateTimeFormat().resolvedOptions();
    this.timeZone = timeZone === '' ? system : timeZone;
    this.#format = new Intl.DateTimeFormat('en-CA', {
      timeZone: this.timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
    });
  }

  /** The day that this moment belongs to. */
  dateOf(at: number): string {
    const { year, month, day } = this.#parts(at);
    return `${year}-${month}-${day}`;
  }

  /** `21:07`. */
  timeOf(at: number): string {
    const { hour, minute } = this.#parts(at);
    return `${hour}:${minute}`;
  }

  /** 0 to 23. */
  hourOf(at: number): number {
    const slot = Math.floor(at / SLOT_MS);
    let hour = this.#hours.get(slot);
    if (hour === undefined) {
      if (this.#hours.size >= MAX_SLOTS) this.#hours.clear();
      hour = Number(this.#parts(slot * SLOT_MS).hour);
      this.#hours.set(slot, hour);
    }
    return hour;
  }

  /** From the first moment of `from` to the first behind `to`; a day has 23 or 25 hours where clocks change. */
  range(from: string, to = from): TimeRange {
    return { from: this.#start(from), to: this.#start(addDays(to, 1)) };
  }

  #parts(at: number): Record<string, string> {
    return Object.fromEntries(this.#format.formatToParts(at).map(({ type, value }) => [type, value]));
  }

  /** The first minute whose date is not before this one: some clocks change at midnight, so 00:00 may not exist. */
  #start(date: string): number {
    const utc = Date.parse(`${date}T00:00:00Z`);
    let [before, found] = [utc - SEARCH_MS, utc + SEARCH_MS];
    while (found - before > MINUTE_MS) {
      const middle = Math.floor((before + found) / 2 / MINUTE_MS) * MINUTE_MS;
      if (this.dateOf(middle) < date) before = middle;
      else found = middle;
    }
    return found;
  }
}

/** True for a day that the calendar has, from 1970 to 9998. */
export function isDate(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || text < '1970-01-01' || text > '9998-12-31') return false;
  const at = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
}

/** Days of the calendar, whatever clocks do. */
export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** Days from one to the other, both counted. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / DAY_MS) + 1;
}
