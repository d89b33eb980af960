import { expect, test } from 'vitest';
import { useLatest } from './useLatest.ts';

/** Work that ends when the test says so. */
function open<T>() {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { work: () => promise, resolve, reject };
}

test('an answer and a failure are told', async () => {
  const { loading, ask } = useLatest();
  const [good, bad] = [open<number>(), open<number>()];
  const first = ask(good.work);
  expect(loading.value).toBe(true);
  good.resolve(7);
  expect(await first).toEqual({ value: 7 });
  const second = ask(bad.work);
  bad.reject(new Error('no'));
  expect(await second).toEqual({ error: new Error('no') });
  expect(loading.value).toBe(false);
});

test('an older answer does not count, and loading goes on for the newer one', async () => {
  const { loading, ask } = useLatest();
  const [older, newer] = [open<string>(), open<string>()];
  const answers = [ask(older.work), ask(newer.work)];
  older.resolve('old');
  expect(await answers[0]).toBeUndefined();
  expect(loading.value).toBe(true);
  newer.resolve('new');
  expect(await answers[1]).toEqual({ value: 'new' });
  expect(loading.value).toBe(false);
});

test('what is dropped loads no more, and its answer does not count', async () => {
  const { loading, ask, drop } = useLatest();
  const dropped = open<string>();
  const answer = ask(dropped.work);
  drop();
  expect(loading.value).toBe(false);
  dropped.resolve('late');
  expect(await answer).toBeUndefined();
  expect(loading.value).toBe(false);
});
