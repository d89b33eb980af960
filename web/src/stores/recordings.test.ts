import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Recording, RecordingState } from '../api/types.ts';
import { useRecordings } from './recordings.ts';

const QUERY = { page: 1, limit: 50, q: '' };

/** Answers the oldest request. */
let answers: ((items: readonly Recording[]) => void)[];

beforeEach(() => {
  setActivePinia(createPinia());
  answers = [];
  const ask = () =>
    new Promise<Response>((resolve) => {
      answers.push((items) => resolve(Response.json({ items, total: items.length, totalBytes: 0 })));
    });
  vi.stubGlobal('fetch', ask);
});

afterEach(() => vi.unstubAllGlobals());

const recording = (id: string, state: RecordingState = 'recording'): Recording => ({
  id,
  stream: `live/${id}`,
  state,
  startedAt: 1,
  durationMs: 0,
  bytes: 0,
  container: 'mp4',
  codecs: [],
  fileCount: 1,
  files: [],
});

test('what events tell while the running ones are loaded is not lost', async () => {
  const store = useRecordings();
  store.put(recording('gone'));
  const loaded = store.load();
  store.put(recording('ended', 'finished'));
  store.put(recording('begun'));
  store.put(recording('removed', 'finished'));
  store.remove('removed');
  answers[0]?.([recording('runs'), recording('ended'), recording('removed')]);
  await loaded;
  expect([...store.running.keys()].toSorted()).toEqual(['live/begun', 'live/runs']);
  expect(store.told.get('ended')?.state).toBe('finished');
});

test('a list is newer than what was told before it was asked for, and older than what was told since', async () => {
  const store = useRecordings();
  store.put(recording('a'));
  store.put(recording('b'));
  const turns = store.turns;
  const listed = store.list(QUERY, new AbortController().signal);
  store.put({ ...recording('b'), durationMs: 2000 });
  answers[0]?.([recording('a', 'finished'), recording('b'), recording('c', 'finished')]);
  expect((await listed).items).toHaveLength(3);
  expect([store.told.get('a')?.state, store.told.get('b')?.durationMs]).toEqual(['finished', 2000]);
  expect([...store.running.keys()]).toEqual(['live/b']);
  // A page that is loaded again for each turn would never rest.
  expect(store.turns).toBe(turns);
});

test('a failed request leaves what is known', async () => {
  const store = useRecordings();
  store.put(recording('a'));
  vi.stubGlobal('fetch', () => Promise.reject(new Error('no network')));
  await expect(store.load()).rejects.toMatchObject({ code: 'network' });
  expect(store.runningOf('live/a')).toHaveLength(1);
});
