import { expect, test } from 'vitest';
import { endOfDay, startOfDay } from './date-range.ts';

test('a day from its first to its last millisecond, in local time', () => {
  expect(new Date(startOfDay('2026-11-21')!).toString()).toContain('Nov 21 2026 00:00:00');
  expect(endOfDay('2026-11-21')! + 1).toBe(startOfDay('2026-11-22'));
  expect(endOfDay('2026-12-31')! + 1).toBe(startOfDay('2027-01-01'));
});

test.each(['', 'today', '2026-13-01', '2026-02-30', '21.11.2026'])('no day: %s', (text) => {
  expect([startOfDay(text), endOfDay(text)]).toEqual([undefined, undefined]);
});
