import { onScopeDispose, shallowRef, watch } from 'vue';

export interface Refreshing<T> {
  /** What is asked for; nothing where undefined. */
  readonly key: () => string | undefined;
  readonly load: (key: string, signal: AbortSignal) => Promise<T>;
  /** From an answer to the next question. */
  readonly everyMs: number;
}

/** A value of the server, asked for again and again until another is wanted or nobody looks any more. */
export function useRefreshed<T>({ key, load, everyMs }: Refreshing<T>) {
  const value = shallowRef<T>();
  const error = shallowRef<Error>();
  let controller: AbortController | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const ask = async (wanted: string, signal: AbortSignal): Promise<void> => {
    try {
      const answer = await load(wanted, signal);
      if (signal.aborted) return;
      value.value = answer;
      error.value = undefined;
    } catch (failure) {
      if (signal.aborted) return;
      error.value = failure instanceof Error ? failure : new Error(String(failure));
    }
    timer = setTimeout(() => void ask(wanted, signal), everyMs);
  };

  const stop = () => {
    clearTimeout(timer);
    // What is under way would go on by itself.
    controller?.abort();
  };
  /** Now; what is on its way is not heeded any more. */
  const refresh = () => {
    stop();
    const wanted = key();
    controller = new AbortController();
    if (wanted !== undefined) void ask(wanted, controller.signal);
  };
  watch(
    key,
    () => {
      value.value = undefined;
      error.value = undefined;
      refresh();
    },
    { immediate: true },
  );
  onScopeDispose(stop);
  return { value, error, refresh };
}
