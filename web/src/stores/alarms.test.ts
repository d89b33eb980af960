import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Alarm } from '../api/reports.ts';
import { useAlarms } from './alarms.ts';

/** More than the time within which changes are counted together. */
const SETTLED_MS = 300;
const QUERY = { page: 1, limit: 50, acknowledged: false };
let answers: ((items: readonly Alarm[], unacknowledged: number) => Promise<void>)[];

beforeEach(() => {
  vi.useFakeTimers();
  setActivePinia(createPinia());
  answers = [];
  vi.stubGlobal(
    'fetch',
    () =>
      new Promise<Response>((resolve) => {
        answers.push((items, unacknowledged) => {
          resolve(Response.json({ items, unacknowledged, total: items.length, page: 1, limit: 50 }));
          return vi.advanceTimersByTimeAsync(0).then(() => undefined);
        });
      }),
  );
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const alarm = (id: number, acknowledgedAt?: number) =>
  ({ id, ...(acknowledgedAt !== undefined && { acknowledgedAt }) }) as Alarm;

test('after the events were away, lists are loaded again: nobody has told what came meanwhile', async () => {
  const store = useAlarms();
  const turns = store.turns;
  const loaded = store.load();
  expect(store.turns).toBe(turns);
  await answers[0]!([alarm(1)], 7);
  await loaded;
  expect(store.unacknowledged).toBe(7);
  expect(store.turns).toBe(turns + 1);
});

test('a list that is under way does not overwrite what events tell, and what it cannot have counted is counted anew', async () => {
  const store = useAlarms();
  store.add(alarm(1));
  store.add(alarm(2));
  const listed = store.list(QUERY);
  store.put(alarm(1, 5));
  store.add(alarm(3));
  await answers[0]!([alarm(2), alarm(1)], 2);
  expect((await listed).items).toHaveLength(2);
  expect([store.told.get(1)?.acknowledgedAt, store.told.has(2), store.told.has(3)]).toEqual([5, false, true]);
  await vi.advanceTimersByTimeAsync(SETTLED_MS);
  expect(answers).toHaveLength(2);
  await answers[1]!([alarm(3)], 2);
  await vi.advanceTimersByTimeAsync(SETTLED_MS);
  expect([store.unacknowledged, answers.length]).toEqual([2, 2]);
});

test('a hundred acknowledgements are one question', async () => {
  const store = useAlarms();
  for (let id = 1; id <= 100; id++) store.put(alarm(id, 5));
  expect(answers).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(SETTLED_MS);
  expect(answers).toHaveLength(1);
  await answers[0]!([], 0);
});

test('a count that answers late does not undo a newer one', async () => {
  const store = useAlarms();
  const [first, second] = [store.list(QUERY), store.list(QUERY)];
  await answers[1]!([], 3);
  await answers[0]!([], 9);
  await Promise.all([first, second]);
  expect(store.unacknowledged).toBe(3);
});
