import { computed } from 'vue';
import { ApiError } from '../api/http.ts';
import { getLiveStream } from '../api/live-streams.ts';
import { useRefreshed } from './useRefreshed.ts';

const REFRESH_MS = 2000;

/** A stream with its readers, kept current. */
export function useStreamDetail(name: () => string | undefined) {
  const { value: stream, error } = useRefreshed({ key: name, load: getLiveStream, everyMs: REFRESH_MS });
  /** The last answer was that there is no such stream. */
  const gone = computed(() => error.value instanceof ApiError && error.value.code === 'stream_unknown');
  return { stream, error, gone };
}
