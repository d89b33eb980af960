import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { effectScope } from 'vue';
import type { Playback } from '../api/playbacks.ts';
import { useDownloads } from './useDownloads.ts';
import { usePlayback } from './usePlayback.ts';

const RANGE = { deviceId: 'd', channelId: 'c', from: 0, to: 60_000 };
const PLAYBACK: Playback = {
  id: 'p',
  stream: 'playback/p',
  fromMs: 0,
  toMs: 60_000,
  state: 'playing',
  speed: 1,
  positionMs: 0,
  control: 'info',
};
const SECOND_MS = 1000;

/** What the server answers now. */
let answer: () => Response;
let asked: string[];
const failed = vi.fn();
let scope: ReturnType<typeof effectScope>;
const refusal = (code: string, status: number) => () => Response.json({ error: { code, message: 'no' } }, { status });

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('window', new EventTarget());
  asked = [];
  failed.mockClear();
  vi.stubGlobal('fetch', (url: string, { method = 'GET' }: RequestInit) => {
    asked.push(`${method} ${url.replace('/api/v1', '')}`);
    return Promise.resolve(answer());
  });
  scope = effectScope();
});
afterEach(async () => {
  answer = () => new Response(undefined, { status: 204 });
  scope.stop();
  await vi.advanceTimersByTimeAsync(0);
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function begin() {
  answer = () => Response.json(PLAYBACK);
  const playback = scope.run(() => usePlayback(failed))!;
  await playback.start(RANGE);
  expect(playback.running.value).toBe(true);
  return playback;
}

test('a playback that the gateway does not know any more has ended', async () => {
  const { playback, running } = await begin();
  answer = refusal('playback_unknown', 404);
  await vi.advanceTimersByTimeAsync(SECOND_MS);
  expect([running.value, playback.value?.state, playback.value?.end]).toEqual([false, 'ended', 'closed']);
  const looks = asked.length;
  await vi.advanceTimersByTimeAsync(10 * SECOND_MS);
  expect(asked).toHaveLength(looks);
});

test('so it has where an order finds it gone, and that is told', async () => {
  const { running, change } = await begin();
  answer = refusal('playback_unknown', 404);
  await change({ state: 'paused' });
  expect([running.value, failed.mock.calls.length]).toEqual([false, 1]);
});

test('a gateway that does not answer for a while ends nothing', async () => {
  const { running } = await begin();
  answer = refusal('request_timeout', 408);
  await vi.advanceTimersByTimeAsync(3 * SECOND_MS);
  expect(running.value).toBe(true);
});

test('downloads that cannot be listed say so and are asked for again', async () => {
  answer = refusal('internal_error', 500);
  const { downloads, error } = scope.run(() => useDownloads(failed))!;
  await vi.advanceTimersByTimeAsync(0);
  expect(error.value).toMatchObject({ code: 'internal_error' });
  answer = () => Response.json({ items: [{ id: 'x', state: 'complete' }] });
  await vi.advanceTimersByTimeAsync(SECOND_MS);
  expect([error.value, downloads.value.length]).toEqual([undefined, 1]);
});
