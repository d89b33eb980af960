import { describe, expect, test } from 'vitest';
import { finish, finishInTurns, inSteps, type Steps } from './steps.ts';

function* sum(count: number, onItem: (n: number) => void = () => undefined): Steps<number> {
  let total = 0;
  yield* inSteps(Array.from({ length: count }).keys(), (n) => {
    onItem(n);
    total += n;
  });
  return total;
}

describe('work in steps', () => {
  test.each([1, 200, 1_001])('gives the same at once and in turns: %i items', async (count) => {
    const expected = (count * (count - 1)) / 2;
    expect(finish(sum(count))).toBe(expected);
    expect(await finishInTurns(sum(count))).toBe(expected);
  });

  test('lets others have their turn', async () => {
    let turns = 0;
    const interval = setInterval(() => (turns += 1), 1);
    const busy = (): void => {
      for (const end = performance.now() + 0.05; performance.now() < end;);
    };
    await finishInTurns(sum(2_000, busy));
    clearInterval(interval);
    expect(turns).toBeGreaterThan(3);
  });

  test('throws what the work throws', async () => {
    const failing = (n: number): void => {
      if (n === 300) throw new RangeError('three hundred');
    };
    expect(() => finish(sum(1_000, failing))).toThrow('three hundred');
    await expect(finishInTurns(sum(1_000, failing))).rejects.toThrow('three hundred');
  });
});
