import type { AlarmFilter } from '../api/reports.ts';
import { endOfDay, startOfDay } from './date-range.ts';

/** As chosen in a form: numbers as text, days as `2026-11-21`; empty = all. */
export interface AlarmForm {
  readonly priority: string;
  readonly method: string;
  readonly from: string;
  readonly to: string;
}

export const toAlarmFilter = ({ priority, method, from, to }: AlarmForm) =>
  ({
    priority: priority === '' ? undefined : Number(priority),
    method: method === '' ? undefined : Number(method),
    from: startOfDay(from),
    to: endOfDay(to),
  }) satisfies AlarmFilter;

/** The `max` newest, newest first; those whose time nobody knows are the last. */
export const newestAlarms = <T extends { readonly alarmedAt?: number }>(alarms: readonly T[], max: number): T[] =>
  alarms.toSorted((a, b) => (b.alarmedAt ?? 0) - (a.alarmedAt ?? 0)).slice(0, max);
