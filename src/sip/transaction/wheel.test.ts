import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ExpiryWheel, WheelEntry } from './wheel.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('ExpiryWheel', () => {
  test('fires each entry once, not early and at most two ticks late', () => {
    const wheel = new ExpiryWheel(10);
    const fired: number[] = [];
    const start = performance.now();
    const delays = [0, 1, 9, 10, 11, 500, 4_000, 32_000, 180_000];
    for (const delay of delays) {
      wheel.schedule(new WheelEntry(() => void fired.push(performance.now() - start - delay)), delay);
    }
    vi.advanceTimersByTime(181_000);
    expect(fired).toHaveLength(delays.length);
    for (const late of fired) {
      expect(late).toBeGreaterThanOrEqual(0);
      expect(late).toBeLessThanOrEqual(20);
    }
    expect([wheel.size, vi.getTimerCount()]).toEqual([0, 0]);
  });

  test('cancel, reschedule, and both from inside of another entry', () => {
    const wheel = new ExpiryWheel(10);
    const fired: string[] = [];
    const cancelled = new WheelEntry(() => void fired.push('cancelled'));
    const moved = new WheelEntry(() => void fired.push('moved'));
    const first = new WheelEntry(() => {
      fired.push('first');
      wheel.cancel(cancelled);
      wheel.schedule(moved, 100);
    });
    for (const entry of [cancelled, moved, first]) wheel.schedule(entry, 50);
    expect(first.scheduled).toBe(true);
    vi.advanceTimersByTime(80);
    expect(fired).toEqual(['first']);
    vi.advanceTimersByTime(100);
    expect(fired).toEqual(['first', 'moved']);
    wheel.cancel(first);
    expect(wheel.size).toBe(0);
  });

  test('after a stall everything that is due fires', () => {
    const wheel = new ExpiryWheel(10);
    let fired = 0;
    for (let delay = 0; delay < 30_000; delay += 100) wheel.schedule(new WheelEntry(() => (fired += 1)), delay);
    vi.setSystemTime(Date.now() + 60_000);
    vi.advanceTimersByTime(60_000);
    expect(fired).toBe(300);
  });

  test('close stops the timer', () => {
    const wheel = new ExpiryWheel(10);
    wheel.schedule(new WheelEntry(() => expect.unreachable()), 50);
    wheel.close();
    wheel.close();
    vi.advanceTimersByTime(1_000);
    expect([wheel.size, vi.getTimerCount()]).toEqual([0, 0]);
  });
});
