import { computed, onScopeDispose, ref, shallowRef } from 'vue';
import * as api from '../api/playbacks.ts';
import { backoffMs } from '../lib/backoff.ts';

const POLL_MS = 1000;

/** Downloads, also of before a restart of the gateway; looked at each second while one runs. */
export function useDownloads(onFailed: (error: unknown) => void) {
  const downloads = shallowRef<readonly api.Download[]>([]);
  const error = shallowRef<Error>();
  const starting = ref(false);
  const running = computed(() => downloads.value.some(({ state }) => state === 'running'));
  let timer: ReturnType<typeof setTimeout> | undefined;
  let attempt = 0;
  let closed = false;

  const refresh = async () => {
    clearTimeout(timer);
    try {
      const { items } = await api.listDownloads();
      if (closed) return;
      downloads.value = items;
      error.value = undefined;
      attempt = 0;
    } catch (failure) {
      if (closed) return;
      error.value = failure instanceof Error ? failure : new Error(String(failure));
    }
    clearTimeout(timer);
    if (error.value) timer = setTimeout(() => void refresh(), backoffMs(attempt++));
    else if (running.value) timer = setTimeout(() => void refresh(), POLL_MS);
  };

  const act = async (work: () => Promise<unknown>) => {
    try {
      await work();
    } catch (error) {
      onFailed(error);
    }
    await refresh();
  };
  const begin = async (work: () => Promise<unknown>) => {
    starting.value = true;
    await act(work);
    starting.value = false;
  };
  const start = (range: api.ChannelRange) => begin(() => api.startDownload(range));
  const resume = (id: string) => begin(() => api.resumeDownload(id));
  const again = ({ deviceId, channelId, fromMs: from, toMs: to, speed }: api.Download) =>
    begin(() => api.startDownload({ deviceId, channelId, from, to, speed }));
  const stop = (id: string) => act(() => api.stopDownload(id));

  void refresh();
  onScopeDispose(() => {
    closed = true;
    clearTimeout(timer);
  });
  return { downloads, error, refresh, starting, start, resume, again, stop };
}
