import { describe, expect, test } from 'vitest';
import { addDays, daysBetween, isDate, LocalDays } from './local-day.ts';

const HOUR = 3_600_000;
const iso = (at: number): string => new Date(at).toISOString();

describe('range of a day', () => {
  test.each([
    ['UTC', '2026-11-21', '2026-11-21T00:00:00.000Z', 24],
    ['Asia/Shanghai', '2026-11-21', '2026-11-20T16:00:00.000Z', 24],
    ['Asia/Kathmandu', '2026-11-21', '2026-11-20T18:15:00.000Z', 24],
    ['Pacific/Kiritimati', '2026-11-21', '2026-11-20T10:00:00.000Z', 24],
    ['Pacific/Niue', '2026-11-21', '2026-11-21T11:00:00.000Z', 24],
    ['Europe/Berlin: forward', '2026-03-29', '2026-03-28T23:00:00.000Z', 23],
    ['Europe/Berlin: back', '2026-10-25', '2026-10-24T22:00:00.000Z', 25],
    ['America/New_York: back', '2026-11-01', '2026-11-01T04:00:00.000Z', 25],
    ['Australia/Lord_Howe: half an hour', '2026-04-05', '2026-04-04T13:00:00.000Z', 24.5],
    ['America/Havana: midnight does not exist', '2026-03-08', '2026-03-08T05:00:00.000Z', 23],
    ['America/Sao_Paulo: midnight comes twice', '2019-02-16', '2019-02-16T02:00:00.000Z', 25],
    ['Pacific/Apia: the day does not exist', '2011-12-30', '2011-12-30T10:00:00.000Z', 0],
  ])('%s %s', (zone, date, from, hours) => {
    const range = new LocalDays(zone.split(':')[0]).range(date);
    expect([iso(range.from), (range.to - range.from) / HOUR]).toEqual([from, hours]);
  });

  test('days follow each other without gap or overlap, for a year', () => {
    const days = new LocalDays('Europe/Berlin');
    let date = '2026-01-01';
    let before = days.range(date).from;
    for (let i = 0; i < 365; i += 1) {
      const { from, to } = days.range(date);
      expect([date, from]).toEqual([date, before]);
      expect([days.dateOf(from), days.dateOf(to - 1)]).toEqual([date, date]);
      before = to;
      date = addDays(date, 1);
    }
    expect(date).toBe('2027-01-01');
  });

  test('several days', () => {
    const range = new LocalDays('Europe/Berlin').range('2026-10-24', '2026-10-26');
    expect((range.to - range.from) / HOUR).toBe(73);
  });
});

test.each([
  ['2026-10-24T22:30:00Z', 0],
  ['2026-10-25T00:30:00Z', 2],
  ['2026-10-25T01:30:00Z', 2],
  ['2026-10-25T02:30:00Z', 3],
  ['2026-03-29T00:59:59Z', 1],
  ['2026-03-29T01:00:00Z', 3],
])('hour of %s in Berlin', (at, hour) => {
  expect(new LocalDays('Europe/Berlin').hourOf(Date.parse(at))).toBe(hour);
});

test('the hour of zones that are no whole hours apart', () => {
  const days = new LocalDays('Asia/Kathmandu');
  expect(days.hourOf(Date.parse('2026-11-21T18:14:59Z'))).toBe(23);
  expect(days.hourOf(Date.parse('2026-11-21T18:15:00Z'))).toBe(0);
  expect(days.timeOf(Date.parse('2026-11-21T18:15:00Z'))).toBe('00:00');
});

test.each([
  ['2026-11-21', true],
  ['2024-02-29', true],
  ['2026-02-29', false],
  ['2026-13-01', false],
  ['1969-12-31', false],
  ['9999-12-31', false],
  ['2026-1-1', false],
  ['', false],
  ['2026-11-21T00:00', false],
  ["2026-11-21' OR 1", false],
])('isDate %s', (text, is) => expect(isDate(text)).toBe(is));

test('days of the calendar', () => {
  expect(addDays('2026-12-31', 1)).toBe('2027-01-01');
  expect(addDays('2024-03-01', -1)).toBe('2024-02-29');
  expect(daysBetween('2026-10-24', '2026-10-26')).toBe(3);
});

test('an unknown zone is refused, an empty one is the system’s', () => {
  expect(() => new LocalDays('Mars/Olympus')).toThrow(RangeError);
  expect(new LocalDays('').timeZone).toBe(Intl.DateTimeFormat().resolvedOptions().timeZone);
});
