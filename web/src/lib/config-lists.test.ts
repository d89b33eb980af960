import { describe, expect, test } from 'vitest';
import { REGIONS, WEEK } from './config-lists.ts';

describe('covered regions', () => {
  test('a point is four numbers, and back, with its number', () => {
    const items = [{ seq: 3, point: '0,10,200,110' }];
    const lines = REGIONS.read(items);
    expect(lines).toEqual([{ seq: '3', left: '0', top: '10', right: '200', bottom: '110' }]);
    expect(REGIONS.write(lines)).toEqual(items);
  });

  test('a new one gets a number that none has', () => {
    const line = { left: '1', top: '2', right: '3', bottom: '4' };
    const written = REGIONS.write([{ ...line }, { ...line, seq: '1' }, { ...line }]);
    expect(written.map(({ seq }) => seq)).toEqual([2, 1, 3]);
  });

  test.each(['', '1,2', 'a,b,c,d,e', undefined])('a broken point %j is empty or shown as it is', (point) => {
    const [line] = REGIONS.read([{ point }]);
    expect(Object.keys(line ?? {})).toEqual(['seq', 'left', 'top', 'right', 'bottom']);
  });

  test('what has no area does not fit', () => {
    const lines = [{ left: '10', top: '10', right: '10', bottom: '20' }];
    expect(REGIONS.wrong(lines)).toEqual(['0.right']);
  });
});

const segment = (start: number, stop: number, more = {}) => ({
  startHour: start,
  startMin: 0,
  startSec: 0,
  stopHour: stop,
  stopMin: 0,
  stopSec: 0,
  ...more,
});
const day = (weekDay: number, ...segments: object[]) => ({ weekDay, segmentCount: segments.length, segments });

describe('a week of times', () => {
  test('the same time on several days is one line', () => {
    const every = [1, 2, 3, 4, 5, 6, 7].map((weekDay) => day(weekDay, segment(0, 24)));
    expect(WEEK.read(every)).toEqual([{ days: 'all', from: '00:00', to: '24:00' }]);
    expect(WEEK.write(WEEK.read(every))).toEqual(every);
  });

  test('working days, weekend, and single days', () => {
    const week = [
      ...[1, 2, 3, 4, 5].map((weekDay) => day(weekDay, segment(8, 12), segment(14, 18, { stopMin: 30, stopSec: 5 }))),
      day(6, segment(9, 10)),
      day(7, segment(9, 10), segment(20, 21)),
    ];
    const lines = WEEK.read(week);
    expect(lines).toEqual([
      { days: 'work', from: '08:00', to: '12:00' },
      { days: 'work', from: '14:00', to: '18:30:05' },
      { days: 'weekend', from: '09:00', to: '10:00' },
      { days: '7', from: '20:00', to: '21:00' },
    ]);
    expect(WEEK.write(lines)).toEqual(week);
  });

  test('lines are sorted within a day, days without a line are left out', () => {
    const lines = [
      { days: '3', from: '20:00', to: '21:00' },
      { days: '3', from: '8:00', to: '9:00' },
    ];
    expect(WEEK.write(lines)).toEqual([day(3, segment(8, 9), segment(20, 21))]);
  });

  test('a device that leaves seconds out, or segments', () => {
    const told = [{ weekDay: 2, segments: [{ startHour: 8, stopHour: 9 }] }, { weekDay: 3 }];
    expect(WEEK.read(told)).toEqual([{ days: '2', from: '08:00', to: '09:00' }]);
  });

  test.each([
    { from: '08:00', to: '24:00', wrong: [] },
    { from: '8', to: '09:00', wrong: ['0.from'] },
    { from: '08:60', to: '09:00', wrong: ['0.from'] },
    { from: '08:00', to: '24:01', wrong: ['0.to'] },
    { from: '22:00', to: '06:00', wrong: ['0.to'] },
    { from: '08:00', to: '08:00', wrong: ['0.to'] },
  ])('$from to $to: wrong is $wrong', ({ from, to, wrong }) => {
    expect(WEEK.wrong([{ days: 'all', from, to }])).toEqual(wrong);
  });

  test('a day has at most eight times', () => {
    const lines = Array.from({ length: 9 }, (_, hour) => ({ days: 'all', from: `0${hour}:00`, to: `0${hour}:30` }));
    expect(WEEK.wrong(lines)).toEqual(['8.days']);
  });
});
