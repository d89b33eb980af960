import { computed, onScopeDispose, ref, shallowRef } from 'vue';
import * as api from '../api/playbacks.ts';

const POLL_MS = 1000;

/** Downloads, also of before a restart of the gateway; looked at each second while one runs. */
export function useDownloads(onFailed: (error: unknown) => void) {
  const downloads = shallowRef<readonly api.Download[]>([]);
  const starting = ref(false);
  const running = computed(() => downloads.value.some(({ state }) => state === 'running'));
  let timer: ReturnType<typeof setTimeout> | undefined;
  let closed = false;

  const refresh = async () => {
    clearTimeout(timer);
    const told = await api.listDownloads().catch(() => undefined);
    if (closed) return;
    if (told) downloads.value = told.items;
    if (running.value) timer = setTimeout(() => void refresh(), POLL_MS);
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
  return { downloads, starting, start, resume, again, stop };
}
