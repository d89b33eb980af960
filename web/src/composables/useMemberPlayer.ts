import { onScopeDispose, type Ref, ref, shallowRef, watch } from 'vue';
import { whepUrl } from '../api/whep.ts';
import { receivedLevel } from '../lib/received-level.ts';
import type { MeetingStream } from '../lib/meeting-protocol.ts';
import type { Quality } from '../lib/quality.ts';
import { TileFailure } from '../lib/tile-failure.ts';
import { computeStats, type Entry, sampleStats, type StatsSample } from '../lib/stats.ts';
import { type PlayerState, WhepPlayer } from '../lib/whep-player.ts';
import { openWhep } from '../lib/whep-session.ts';

const SAMPLE_MS = 1000;
const LEVEL_MS = 200;
/** While the room says that there is a stream, it is only late, or our place in the room is. */
const RETRY_MS = 2000;

/** Plays what a member has declared, for as long as it is declared. */
export function useMemberPlayer(source: Ref<MeetingStream | undefined>, token: () => Promise<string | undefined>) {
  const state = shallowRef<PlayerState>({ phase: 'stopped' });
  const media = shallowRef<MediaStream>();
  const quality = shallowRef<Quality>();
  /** Code of what keeps the picture away. */
  const failure = ref<string>();
  const failures = new TileFailure();
  /** Linear, 0 to 1. */
  const level = ref(0);
  let previous: StatsSample | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;

  const player = new WhepPlayer({
    connect: async (events, signal) => {
      previous = undefined;
      media.value = new MediaStream();
      const url = whepUrl(source.value?.stream_id ?? '', await token());
      signal.throwIfAborted();
      return openWhep(url, events, signal);
    },
    onState: (next) => {
      state.value = next;
      failure.value = failures.update(next);
      if (next.phase !== 'playing') quality.value = undefined;
      clearTimeout(retry);
      if (next.phase === 'failed' && next.retryAt === undefined) retry = setTimeout(() => player.start(), RETRY_MS);
    },
    onTrack: (track) => media.value?.addTrack(track),
    onFirstFrame: () => undefined,
  });

  const sample = async () => {
    const { peer } = player;
    if (!peer) return;
    const report = await peer.getStats();
    if (peer !== player.peer) return;
    const now = sampleStats(report as unknown as Iterable<[string, Entry]>, performance.now());
    quality.value = computeStats(previous, now);
    previous = now;
    // A screen that stands still and a sound without picture are no broken connection.
    const still = source.value?.has_video !== true || source.value.type === 'desktop';
    player.sample(now, { video: still, audio: source.value?.has_audio !== true });
  };
  const timers = [
    setInterval(() => void sample().catch(() => undefined), SAMPLE_MS),
    setInterval(() => {
      level.value = receivedLevel(player.peer);
    }, LEVEL_MS),
  ];

  watch(
    () => source.value?.stream_id,
    (id) => {
      player.stop();
      media.value = undefined;
      if (id !== undefined) player.start();
    },
    { immediate: true },
  );
  const leave = () => player.stop();
  window.addEventListener('pagehide', leave);
  onScopeDispose(() => {
    window.removeEventListener('pagehide', leave);
    for (const timer of timers) clearInterval(timer);
    player.stop();
    clearTimeout(retry);
  });

  return { state, media, quality, failure, level };
}
