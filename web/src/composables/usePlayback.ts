import { computed, onScopeDispose, ref, shallowRef } from 'vue';
import { ApiError } from '../api/http.ts';
import * as api from '../api/playbacks.ts';

const POLL_MS = 1000;

/** One playback at a time: begun anywhere on the timeline, steered, followed to its end. */
export function usePlayback(onFailed: (error: unknown) => void) {
  const playback = shallowRef<api.Playback>();
  const busy = ref(false);
  /** Rises with each beginning: what an earlier one still answers counts no more. */
  let turn = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const running = computed(() => playback.value !== undefined && playback.value.state !== 'ended');

  const poll = () => {
    clearTimeout(timer);
    const [mine, id] = [turn, playback.value?.id];
    if (id === undefined || !running.value) return;
    timer = setTimeout(() => void look(id, mine), POLL_MS);
  };

  /** The gateway does not know it any more, e.g. after a restart; whatever else goes wrong may go right later. */
  const lost = (error: unknown): api.Playback | undefined => {
    const gone = error instanceof ApiError && error.code === 'playback_unknown';
    return gone && playback.value ? { ...playback.value, state: 'ended', end: 'closed' } : undefined;
  };

  const look = async (id: string, mine: number) => {
    const told = await api.getPlayback(id).catch(lost);
    if (mine !== turn) return;
    // An order that is under way tells itself.
    if (told && !busy.value) playback.value = told;
    poll();
  };

  const run = async (work: () => Promise<api.Playback>): Promise<void> => {
    const mine = turn;
    busy.value = true;
    try {
      const told = await work();
      if (mine === turn) playback.value = told;
      else if (told.id !== playback.value?.id) void api.stopPlayback(told.id).catch(() => undefined);
    } catch (error) {
      if (mine !== turn) return;
      playback.value = lost(error) ?? playback.value;
      onFailed(error);
    } finally {
      if (mine === turn) busy.value = false;
      poll();
    }
  };

  const stop = () => {
    turn += 1;
    clearTimeout(timer);
    busy.value = false;
    const id = running.value ? playback.value?.id : undefined;
    playback.value = undefined;
    if (id !== undefined) void api.stopPlayback(id).catch(() => undefined);
  };

  const start = (range: api.ChannelRange) => {
    stop();
    return run(() => api.startPlayback(range));
  };

  const change = (order: api.PlaybackChange) => {
    const id = playback.value?.id;
    return id === undefined ? Promise.resolve() : run(() => api.changePlayback(id, order));
  };

  window.addEventListener('pagehide', stop);
  onScopeDispose(() => {
    window.removeEventListener('pagehide', stop);
    stop();
  });
  return { playback, busy, running, start, change, stop };
}
