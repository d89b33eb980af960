import { describe, expect, test } from 'vitest';
import { followView, marksOf, nextRecorded, placeSpan, recordedMs, steadySpan, zoomView } from './day-timeline.ts';

const HOUR = 3_600_000;
const DAY = { from: 0, to: 24 * HOUR };

describe('day timeline', () => {
  test.each([
    { name: 'inside', span: { from: 6 * HOUR, to: 12 * HOUR }, placed: { left: 25, width: 25 } },
    { name: 'over the start', span: { from: -HOUR, to: 12 * HOUR }, placed: { left: 0, width: 50 } },
    { name: 'over the end', span: { from: 18 * HOUR, to: 30 * HOUR }, placed: { left: 75, width: 25 } },
    { name: 'of a second is still seen', span: { from: 0, to: 1000 }, placed: { left: 0, width: 0.15 } },
    { name: 'outside', span: { from: 25 * HOUR, to: 26 * HOUR }, placed: undefined },
  ])('a stretch $name', ({ span, placed }) => expect(placeSpan(span, DAY)).toEqual(placed));

  test('zooms around a time that stays, within the day and not below ten minutes', () => {
    expect(zoomView(DAY, DAY, { factor: 0.25, at: 12 * HOUR })).toEqual({ from: 9 * HOUR, to: 15 * HOUR });
    expect(zoomView(DAY, DAY, { factor: 0.25, at: 0 })).toEqual({ from: 0, to: 6 * HOUR });
    expect(zoomView({ from: 9 * HOUR, to: 15 * HOUR }, DAY, { factor: 100, at: 12 * HOUR })).toEqual(DAY);
    const close = zoomView(DAY, DAY, { factor: 0.0001, at: 12 * HOUR });
    expect(close.to - close.from).toBe(600_000);
  });

  test('follows what plays', () => {
    const view = { from: 9 * HOUR, to: 13 * HOUR };
    expect(followView(view, DAY, 10 * HOUR)).toBe(view);
    expect(followView(view, DAY, 14 * HOUR)).toEqual({ from: 13 * HOUR, to: 17 * HOUR });
    expect(followView(view, DAY, 23.9 * HOUR)).toEqual({ from: 20 * HOUR, to: 24 * HOUR });
    expect(followView(view, DAY, 25 * HOUR)).toBe(view);
  });

  test('marks are full hours, or less where it is close', () => {
    expect(marksOf(DAY, DAY)).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24].map((hour) => hour * HOUR));
    expect(marksOf({ from: 9.1 * HOUR, to: 10 * HOUR }, DAY)[0]).toBe(550 * 60_000);
    // A day of 25 hours.
    expect(marksOf({ from: 0, to: 25 * HOUR }, { from: 0, to: 25 * HOUR }).length).toBeLessThan(14);
  });

  test('a click into a gap plays what comes next', () => {
    const segments = [
      { startMs: 10, endMs: 20 },
      { startMs: 30, endMs: 40 },
    ];
    expect(nextRecorded(segments, 15)).toBe(15);
    expect(nextRecorded(segments, 20)).toBe(30);
    expect(nextRecorded(segments, 40)).toBeUndefined();
  });

  test('overlaps count once', () => {
    expect(
      recordedMs([
        { startMs: 30, endMs: 40 },
        { startMs: 0, endMs: 20 },
        { startMs: 10, endMs: 25 },
      ]),
    ).toBe(35);
  });
});

test('a span that is the same stays the same object', () => {
  const before = { from: 1, to: 2 };
  expect(steadySpan(before, { from: 1, to: 2 })).toBe(before);
  expect(steadySpan(before, { from: 1, to: 3 })).toEqual({ from: 1, to: 3 });
  expect(steadySpan(undefined, { from: 0, to: 2 })).toEqual({ from: 0, to: 2 });
});
