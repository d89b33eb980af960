import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { KeyedWork, WaitingKeys } from './keyed-work.ts';

/** Ends the oldest run. */
let ends: ((error?: Error) => Promise<void>)[];
let begun: string[];
const work = (key: string) =>
  new Promise<void>((resolve, reject) => {
    begun.push(key);
    ends.push(async (error) => {
      if (error) reject(error);
      else resolve();
      await vi.advanceTimersByTimeAsync(0);
    });
  });
const end = (error?: Error) => ends.shift()!(error);

beforeEach(() => {
  vi.useFakeTimers();
  ends = [];
  begun = [];
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

test('who asks while the work runs gets one run that begins after it', async () => {
  const keyed = new KeyedWork(work);
  const first = keyed.run('a');
  const [second, third] = [keyed.run('a'), keyed.run('a')];
  void keyed.run('b');
  expect(begun).toEqual(['a', 'b']);
  expect(third).toBe(second);
  await end(new Error('no'));
  await expect(first).rejects.toThrow('no');
  expect(begun).toEqual(['a', 'b', 'a']);
  await end();
  await end();
  await expect(second).resolves.toBeUndefined();
  void keyed.run('a');
  expect(begun).toHaveLength(4);
});

const REST_MS = 1000;
const open = () => new WaitingKeys({ work, atATime: 2, restMs: REST_MS });

test('two at a time, each key once however often it was put', async () => {
  const keys = open();
  for (let turn = 0; turn < 3; turn++) for (let key = 0; key < 100; key++) keys.put(String(key));
  expect(begun).toEqual(['0', '1']);
  await end(new Error('one that fails holds nobody up'));
  expect(begun).toEqual(['0', '1', '2']);
  while (ends.length > 0) await end();
  expect(begun).toHaveLength(100);
  await vi.advanceTimersByTimeAsync(REST_MS);
  // Those that were at work when they were put again.
  expect(begun.slice(100)).toEqual(['0', '1']);
  await end();
  await end();
  await vi.advanceTimersByTimeAsync(REST_MS);
  expect(begun).toHaveLength(102);
});

test('a key that is put while it is at work or rests is done once more, after its rest', async () => {
  const keys = open();
  keys.put('a');
  keys.put('a');
  await end();
  keys.put('a');
  await vi.advanceTimersByTimeAsync(REST_MS - 1);
  expect(begun).toEqual(['a']);
  await vi.advanceTimersByTimeAsync(1);
  expect(begun).toEqual(['a', 'a']);
  await end();
  await vi.advanceTimersByTimeAsync(REST_MS);
  expect(begun).toHaveLength(2);
});

test('what is not needed any more is not done', async () => {
  const keys = open();
  for (const key of ['a', 'b', 'c']) keys.put(key);
  keys.clear();
  await end();
  await end();
  await vi.advanceTimersByTimeAsync(REST_MS);
  expect(begun).toEqual(['a', 'b']);
});
