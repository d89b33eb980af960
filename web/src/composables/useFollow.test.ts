import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { effectScope } from 'vue';
import { useFollow } from './useFollow.ts';

const EVERY_MS = 1000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function open(ask: () => Promise<boolean>) {
  const scope = effectScope();
  return { follow: scope.run(() => useFollow(ask, EVERY_MS))!, close: () => scope.stop() };
}

test('asks until the answer is the last one', async () => {
  const answers = [true, true, false];
  const ask = vi.fn(async () => answers.shift() ?? false);
  const { follow, close } = open(ask);
  await follow();
  await vi.advanceTimersByTimeAsync(10 * EVERY_MS);
  expect(ask).toHaveBeenCalledTimes(3);
  close();
});

test('nothing goes on after the scope, also when the answer was on its way', async () => {
  let answer: (again: boolean) => void = () => undefined;
  const ask = vi.fn(() => new Promise<boolean>((resolve) => (answer = resolve)));
  const { follow, close } = open(ask);
  const asked = follow();
  close();
  answer(true);
  await asked;
  expect(vi.getTimerCount()).toBe(0);
  expect(ask).toHaveBeenCalledTimes(1);
});
