import { expect, test } from 'vitest';
import { Backoff } from './backoff.ts';

const waits = (backoff: Backoff, count: number): number[] =>
  Array.from({ length: count }, () => backoff.next('rtsp_unreachable'));

test('waits double up to eight seconds, however long it lasts, and are short again after a success', () => {
  const backoff = new Backoff();
  expect(waits(backoff, 5)).toEqual([1000, 2000, 4000, 8000, 8000]);
  expect(waits(backoff, 2000).every((waitMs) => waitMs === 8000)).toBe(true);
  backoff.reset();
  expect(waits(backoff, 2)).toEqual([1000, 2000]);
});

test('a refused account waits longer, from the first time on', () => {
  const backoff = new Backoff();
  expect(backoff.next('rtsp_unauthorized')).toBe(30_000);
});
