import { expect, test } from 'vitest';
import { Newer, Turns, withNewer } from './newer.ts';

test('what is told while a list is under way is newer than the list; what was told before is not', async () => {
  const newer = new Newer<number>();
  let answer: (list: [string, number][]) => void = () => undefined;
  newer.note('before', 9);
  const asked = newer.ask(() => new Promise<[string, number][]>((resolve) => (answer = resolve)));
  newer.note('changed', 2);
  newer.note('come', 3);
  newer.note('gone', 4);
  newer.note('gone', undefined);
  answer([
    ['before', 1],
    ['changed', 1],
    ['gone', 1],
  ]);
  const { answer: list, changes } = await asked;
  newer.note('after', 5);
  expect(Object.fromEntries(withNewer(list, changes))).toEqual({ before: 1, changed: 2, come: 3 });
});

test('a request that fails says so', async () => {
  await expect(new Newer<number>().ask(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
});

test('an answer that a later one has overtaken does not count', () => {
  const turns = new Turns();
  const [first, second, third] = [turns.ask(), turns.ask(), turns.ask()];
  expect([second(), first(), third()]).toEqual([true, false, true]);
});
