import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Persistent } from './persistent.ts';

/** Longer than the longest pause. */
const LONG_MS = 30_000;
let tries: number;
let failing: boolean;
const work = () => {
  tries++;
  return failing ? Promise.reject(new Error('no')) : Promise.resolve();
};

beforeEach(() => {
  vi.useFakeTimers();
  tries = 0;
  failing = true;
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

test('what fails is tried again, with growing pauses, until it has worked', async () => {
  const persistent = new Persistent(work);
  persistent.start();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(tries).toBeGreaterThan(5);
  expect(tries).toBeLessThan(20);
  failing = false;
  await vi.advanceTimersByTimeAsync(LONG_MS);
  const worked = tries;
  await vi.advanceTimersByTimeAsync(LONG_MS);
  expect(tries).toBe(worked);
});

test('stopped while it waits or while it works, it does nothing more', async () => {
  const persistent = new Persistent(work);
  persistent.start();
  await vi.advanceTimersByTimeAsync(0);
  persistent.stop();
  await vi.advanceTimersByTimeAsync(LONG_MS);
  expect(tries).toBe(1);
  persistent.start();
  persistent.stop();
  await vi.advanceTimersByTimeAsync(LONG_MS);
  expect(tries).toBe(2);
});

test('begun twice, it goes on once', async () => {
  const persistent = new Persistent(work);
  persistent.start();
  persistent.start();
  failing = false;
  await vi.advanceTimersByTimeAsync(LONG_MS);
  expect(tries).toBe(3);
});
