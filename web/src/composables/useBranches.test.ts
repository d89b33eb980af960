import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { effectScope } from 'vue';
import { useInventory } from '../stores/inventory.ts';
import { useBranches } from './useBranches.ts';

/** More than catalogues are waited for. */
const SETTLED_MS = 2000;
let asked: string[];
let scope: ReturnType<typeof effectScope>;

beforeEach(() => {
  vi.useFakeTimers();
  setActivePinia(createPinia());
  asked = [];
  vi.stubGlobal('fetch', (url: string) => {
    const path = url.split('?')[0]!.replace('/api/v1', '');
    asked.push(path);
    const branches = [{ id: `b${asked.length}` }];
    return Promise.resolve(Response.json(path.startsWith('/trees') ? { branches } : { items: [], total: 0 }));
  });
  scope = effectScope();
});
afterEach(() => {
  scope.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('a tree over all devices follows the catalogues: those that come together are one question', async () => {
  const inventory = useInventory();
  const { branches } = scope.run(() => useBranches(() => 'regions'))!;
  await vi.advanceTimersByTimeAsync(SETTLED_MS);
  const trees = () => asked.filter((path) => path.startsWith('/trees'));
  expect(trees()).toHaveLength(1);
  inventory.catalogChanged('a');
  inventory.catalogChanged('b');
  await vi.advanceTimersByTimeAsync(2 * SETTLED_MS);
  expect(trees()).toHaveLength(2);
  expect(branches.value).toEqual([{ id: `b${asked.length}` }]);
});
