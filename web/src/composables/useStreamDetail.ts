import { onScopeDispose, ref, shallowRef, watch } from 'vue';
import { ApiError } from '../api/http.ts';
import { getLiveStream } from '../api/live-streams.ts';
import type { LiveStreamDetail } from '../api/types.ts';

const REFRESH_MS = 2000;

/** A stream with its readers, asked for again and again until another is wanted or nobody looks any more. */
export function useStreamDetail(name: () => string | undefined) {
  const stream = shallowRef<LiveStreamDetail>();
  const error = shallowRef<Error>();
  /** The last answer was that there is no such stream. */
  const gone = ref(false);
  let controller: AbortController | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const load = async (wanted: string, signal: AbortSignal): Promise<void> => {
    try {
      const detail = await getLiveStream(wanted, signal);
      if (signal.aborted) return;
      stream.value = detail;
      error.value = undefined;
    } catch (failure) {
      if (signal.aborted) return;
      error.value = failure instanceof Error ? failure : new Error(String(failure));
    }
    gone.value = error.value instanceof ApiError && error.value.code === 'stream_unknown';
    timer = setTimeout(() => void load(wanted, signal), REFRESH_MS);
  };

  const stop = () => {
    clearTimeout(timer);
    // What is under way would go on by itself.
    controller?.abort();
  };
  watch(
    name,
    (wanted) => {
      stop();
      stream.value = undefined;
      error.value = undefined;
      gone.value = false;
      controller = new AbortController();
      if (wanted !== undefined) void load(wanted, controller.signal);
    },
    { immediate: true },
  );
  onScopeDispose(stop);
  return { stream, error, gone };
}
