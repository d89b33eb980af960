import { expect, test } from 'vitest';
import { effectScope, nextTick, reactive, ref } from 'vue';
import { useLastPage } from './useLastPage.ts';

test.each([
  { name: 'the last of a page is gone', items: 0, total: 50, page: 2, shown: 1 },
  { name: 'more than one page is gone', items: 0, total: 101, page: 9, shown: 3 },
  { name: 'nothing is left', items: 0, total: 0, page: 2, shown: 1 },
  { name: 'the page still has something', items: 1, total: 51, page: 2, shown: 2 },
  { name: 'there is nothing at all', items: 0, total: 0, page: 1, shown: 1 },
])('$name', async ({ items, total, page, shown }) => {
  const view = reactive({ page });
  const listed = ref<{ items: unknown[]; total: number; page: number }>();
  const scope = effectScope();
  scope.run(() => useLastPage(listed, view, 50));
  listed.value = { items: Array.from({ length: items }), total, page };
  await nextTick();
  expect(view.page).toBe(shown);
  scope.stop();
});
