import { describe, expect, test } from 'vitest';
import { materialBetween, stretchesOf, timeAfter } from './stretches.ts';

/** Seconds are enough to tell. */
const pair = ([startMs, endMs]: readonly [number, number]) => ({ startMs, endMs });
const STRETCHES = (
  [
    [10, 20],
    [30, 40],
    [70, 100],
  ] as const
).map(pair);

describe('stretches of recorded time', () => {
  test('are clipped to the range, in order, and joined where they overlap or touch', () => {
    const items = (
      [
        [30, 50],
        [0, 20],
        [20, 25],
        [35, 40],
        [90, 99],
      ] as const
    ).map(pair);
    expect(stretchesOf(items, 10, 80)).toEqual([pair([10, 25]), pair([30, 50])]);
    expect(stretchesOf([], 10, 80)).toEqual([]);
  });

  test.each([
    { from: 10, to: 100, length: 50 },
    { from: 15, to: 35, length: 10 },
    { from: 41, to: 69, length: 0 },
  ])('have $length of material between $from and $to', ({ from, to, length }) => {
    expect(materialBetween(STRETCHES, from, to)).toBe(length);
  });

  test.each([
    { name: 'inside', from: 12, material: 5, at: 17 },
    { name: 'to the very end of one', from: 10, material: 10, at: 20 },
    { name: 'over a gap', from: 10, material: 15, at: 35 },
    { name: 'over two gaps', from: 10, material: 21, at: 71 },
    { name: 'from within a gap', from: 50, material: 5, at: 75 },
    { name: 'nothing yet, from within a gap', from: 50, material: 0, at: 70 },
    { name: 'from before the first', from: 0, material: 1, at: 11 },
    { name: 'beyond the last', from: 70, material: 45, at: 115 },
    { name: 'from behind the last', from: 200, material: 5, at: 205 },
    { name: 'backwards inside', from: 35, material: -5, at: 30 },
    { name: 'backwards over a gap', from: 35, material: -10, at: 15 },
    { name: 'backwards from within a gap', from: 50, material: -5, at: 35 },
    { name: 'backwards beyond the first', from: 15, material: -8, at: 7 },
  ])('$name: $from + $material = $at', ({ from, material, at }) => {
    expect(timeAfter(STRETCHES, from, material)).toBe(at);
  });

  test('where none are known all time is material', () => {
    expect([timeAfter([], 50, 5), timeAfter([], 50, -5), materialBetween([], 5, 15)]).toEqual([55, 45, 10]);
  });
});
