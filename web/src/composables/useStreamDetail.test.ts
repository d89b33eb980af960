import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { effectScope, nextTick, ref } from 'vue';
import { useStreamDetail } from './useStreamDetail.ts';

/** Long enough for several turns. */
const LONG_MS = 20_000;

/** Requests that wait for their answers, by their paths. */
let waiting: { readonly path: string; readonly answer: (status: number, body: unknown) => void }[];
let asked: string[];

beforeEach(() => {
  vi.useFakeTimers();
  waiting = [];
  asked = [];
  vi.stubGlobal('fetch', (path: string) => {
    asked.push(path);
    return new Promise<Response>((resolve) => {
      waiting.push({ path, answer: (status, body) => resolve(new Response(JSON.stringify(body), { status })) });
    });
  });
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function answer(status = 200, body: unknown = { name: 'live/a' }): Promise<void> {
  waiting.shift()?.answer(status, body);
  await vi.advanceTimersByTimeAsync(0);
}

function open(first: string | undefined) {
  const name = ref(first);
  const scope = effectScope();
  const detail = scope.run(() => useStreamDetail(() => name.value))!;
  return { name, detail, close: () => scope.stop() };
}

test('asks again after each answer, and says what is gone', async () => {
  const { detail, close } = open('live/a');
  await answer();
  expect([detail.stream.value, detail.error.value, detail.gone.value]).toEqual([{ name: 'live/a' }, undefined, false]);
  await vi.advanceTimersByTimeAsync(LONG_MS);
  expect(asked).toHaveLength(2);
  await answer(404, { error: { code: 'stream_unknown', message: 'no' } });
  expect([detail.error.value?.message, detail.gone.value]).toEqual(['no', true]);
  close();
});

test('an answer that comes after the end begins nothing', async () => {
  const { detail, close } = open('live/a');
  close();
  await answer();
  await vi.advanceTimersByTimeAsync(LONG_MS);
  expect([asked.length, detail.stream.value]).toEqual([1, undefined]);
});

test('there and back again while a request is under way, one goes on asking', async () => {
  const { name, close } = open('live/a');
  for (const wanted of [undefined, 'live/a']) {
    name.value = wanted;
    await nextTick();
  }
  expect(waiting).toHaveLength(2);
  await answer();
  await answer();
  await vi.advanceTimersByTimeAsync(LONG_MS);
  expect(asked).toHaveLength(3);
  close();
  await answer();
});
