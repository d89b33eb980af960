import { afterEach, expect, test, vi } from 'vitest';
import { SourceRates } from './message-rate.ts';

afterEach(() => {
  vi.useRealTimers();
});

test('sources are addresses, or networks of IPv6, and each has its own rate', () => {
  vi.useFakeTimers();
  const rates = new SourceRates(1);
  expect(['2001:db8::1', '2001:db8::2', '2001:db8::3'].map((address) => rates.take(address))).toEqual([
    true,
    true,
    false,
  ]);
  expect(['2001:db8:0:1::1', '192.0.2.1', '192.0.2.2'].every((address) => rates.take(address))).toBe(true);
  vi.advanceTimersByTime(1000);
  expect(rates.take('2001:db8::3')).toBe(true);
});
