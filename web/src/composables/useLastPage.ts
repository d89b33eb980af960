import { type Ref, watch } from 'vue';

interface Listed {
  readonly items: readonly unknown[];
  readonly total: number;
  readonly page: number;
}

/** What the shown page had may be gone, while there are pages before it: then the last one that there is is shown. */
export function useLastPage(listed: Readonly<Ref<Listed | undefined>>, view: { page: number }, limit: number): void {
  watch(listed, (now) => {
    if (now && now.items.length === 0 && now.page > 1) view.page = Math.max(1, Math.ceil(now.total / limit));
  });
}
