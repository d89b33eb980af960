import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { effectScope } from 'vue';
import { noteServerTime, useClock, useServerClock } from './useClock.ts';

const HERE = 1_000_000;
const AHEAD_MS = 120_000;

beforeEach(() => void vi.useFakeTimers({ now: HERE }));
afterEach(() => {
  noteServerTime(Date.now());
  vi.useRealTimers();
});

test('the gateway’s times are seen by its own clock, ours by ours', () => {
  noteServerTime(HERE + AHEAD_MS);
  const scope = effectScope();
  const [here, there] = scope.run(() => [useClock(1000), useServerClock(1000)] as const)!;
  expect([here.value, there.value]).toEqual([HERE, HERE + AHEAD_MS]);
  vi.advanceTimersByTime(5000);
  expect([here.value, there.value]).toEqual([HERE + 5000, HERE + 5000 + AHEAD_MS]);
  scope.stop();
  expect(vi.getTimerCount()).toBe(0);
});

test('a clock that runs already follows what the gateway says', () => {
  const scope = effectScope();
  const there = scope.run(() => useServerClock(1000))!;
  noteServerTime(HERE - AHEAD_MS);
  vi.advanceTimersByTime(1000);
  expect(there.value).toBe(HERE + 1000 - AHEAD_MS);
  scope.stop();
});
