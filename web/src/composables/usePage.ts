import { onScopeDispose, type Ref, ref, shallowRef, watch } from 'vue';

/** Changes within this time are asked for together. */
const SETTLE_MS = 250;

interface PageOptions<Q, T> {
  readonly query: Ref<Q>;
  readonly load: (query: Q, signal: AbortSignal) => Promise<T>;
  /** Asked again so often while somebody looks; 0 = only when told. May depend on the last answer. */
  readonly everyMs: number | ((answer: T | undefined) => number);
}

/** What the server says to a question, e.g. one page of a list, kept current; the last answer stays until the next is there. */
export function usePage<Q, T>({ query, load, everyMs }: PageOptions<Q, T>) {
  const page = shallowRef<T>();
  const error = ref<Error>();
  let controller: AbortController | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let soon: ReturnType<typeof setTimeout> | undefined;

  const refresh = async (): Promise<void> => {
    clearTimeout(timer);
    clearTimeout(soon);
    soon = undefined;
    controller?.abort();
    const mine = new AbortController();
    controller = mine;
    try {
      const answer = await load(query.value, mine.signal);
      if (mine.signal.aborted) return;
      page.value = answer;
      error.value = undefined;
    } catch (failure) {
      if (mine.signal.aborted) return;
      error.value = failure instanceof Error ? failure : new Error(String(failure));
    }
    const wait = typeof everyMs === 'number' ? everyMs : everyMs(page.value);
    if (wait > 0 && !document.hidden) timer = setTimeout(() => void refresh(), wait);
  };

  /** Something has changed; several changes at once are one question. */
  const refreshSoon = () => {
    soon ??= setTimeout(() => void refresh(), SETTLE_MS);
  };

  const shown = () => {
    if (!document.hidden) void refresh();
  };
  watch(query, refreshSoon, { deep: true });
  void refresh();
  document.addEventListener('visibilitychange', shown);
  onScopeDispose(() => {
    document.removeEventListener('visibilitychange', shown);
    clearTimeout(timer);
    clearTimeout(soon);
    controller?.abort();
  });
  return { page, error, refresh, refreshSoon };
}
