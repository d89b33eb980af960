import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Wheel } from './wheel.ts';

describe('Wheel', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test.each([0, 1, 4, 5, 6, 39, 5_119, 5_120, 5_121, 60_000])('runs once after %i ms, not before', (delay) => {
    const wheel = new Wheel(5);
    const run = vi.fn();
    wheel.after(delay, run);
    vi.advanceTimersByTime(Math.max(0, delay - 1));
    expect(run).not.toHaveBeenCalled();
    vi.advanceTimersByTime(11);
    expect(run).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(200_000);
    expect(run).toHaveBeenCalledTimes(1);
    expect([wheel.size, vi.getTimerCount()]).toEqual([0, 0]);
  });

  test('a task that schedules its next keeps its pace without drift', () => {
    const wheel = new Wheel(5);
    const start = performance.now();
    const times: number[] = [];
    const next = (n: number): void => {
      times.push(performance.now() - start);
      if (n < 500) wheel.at(start + (n + 1) * 40, () => next(n + 1));
    };
    wheel.at(start, () => next(0));
    vi.advanceTimersByTime(500 * 40 + 20);
    expect(times).toHaveLength(501);
    expect(times.every((time, n) => time >= n * 40 && time <= n * 40 + 11)).toBe(true);
  });

  test('a call in the past runs with the next tick, also after an idle time', () => {
    const wheel = new Wheel(5);
    vi.advanceTimersByTime(123_456);
    const run = vi.fn();
    wheel.at(performance.now() - 50_000, run);
    vi.advanceTimersByTime(10);
    expect(run).toHaveBeenCalledTimes(1);
  });

  test('cancelled calls do not run, twice cancelled counts once', () => {
    const wheel = new Wheel(5);
    const run = vi.fn();
    const kept = vi.fn();
    const scheduled = wheel.after(20, run);
    wheel.after(20, kept);
    scheduled.cancel();
    scheduled.cancel();
    expect(wheel.size).toBe(1);
    vi.advanceTimersByTime(50);
    expect(run).not.toHaveBeenCalled();
    expect(kept).toHaveBeenCalledTimes(1);
    scheduled.cancel();
    expect(wheel.size).toBe(0);
  });

  test('close forgets everything and takes nothing more', () => {
    const wheel = new Wheel(5);
    const run = vi.fn();
    wheel.after(10, run);
    wheel.close();
    wheel.after(10, run);
    vi.advanceTimersByTime(100);
    expect(run).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });
});
