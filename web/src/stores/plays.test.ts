import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Play, Stream } from '../api/types.ts';
import { usePlays } from './plays.ts';

/** Answers by path. */
let answers: Map<string, (body: unknown) => void>;

beforeEach(() => {
  setActivePinia(createPinia());
  answers = new Map();
  vi.stubGlobal(
    'fetch',
    (url: string) =>
      new Promise<Response>((resolve) => {
        answers.set(url.split('?')[0]!, (body) => resolve(Response.json(body)));
      }),
  );
});
afterEach(() => vi.unstubAllGlobals());

const play = (id: string, state: Play['state']) => ({ id, state, stream: `live/${id}`, startedAt: 1 }) as Play;
const stream = (name: string, source: Stream['source'] = 'camera') =>
  ({ name, source, viewers: [], readers: [] }) as unknown as Stream;

test('what events tell while plays and streams are listed is not lost', async () => {
  const plays = usePlays();
  const loaded = plays.load();
  plays.putPlay(play('a', 'failed'));
  plays.putStream(stream('live/come'));
  plays.putStream(stream('live/gone'));
  plays.removeStream(stream('live/gone'));
  answers.get('/api/v1/plays')?.({ items: [play('a', 'opening'), play('b', 'playing')], total: 2 });
  answers.get('/api/v1/streams')?.({ streams: [{ gbrtc: stream('live/gone') }, { gbrtc: stream('live/same') }] });
  await loaded;
  expect([...plays.plays.values()].map(({ id, state }) => `${id}:${state}`).toSorted()).toEqual([
    'a:failed',
    'b:playing',
  ]);
  expect([...plays.streams.keys()].toSorted()).toEqual(['live/come', 'live/same']);
});

test('a play that an event has told of meanwhile is not put back', async () => {
  const plays = usePlays();
  const fetched = plays.fetchPlay('a');
  plays.putPlay(play('a', 'failed'));
  answers.get('/api/v1/plays/a')?.(play('a', 'opening'));
  await fetched;
  expect(plays.plays.get('a')?.state).toBe('failed');
});
