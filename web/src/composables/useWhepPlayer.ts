import { computed, onScopeDispose, type Ref, ref, shallowRef, watch } from 'vue';
import { createPlay, reportFirstFrame } from '../api/plays.ts';
import { reportingUrl, whepUrl } from '../api/whep.ts';
import { type CellTarget, targetStream } from '../lib/layout.ts';
import { codecLabel } from '../lib/stream-text.ts';
import { computeStats, sampleStats, type StatsSample, type VideoStats } from '../lib/stats.ts';
import { type PlayerState, WhepPlayer } from '../lib/whep-player.ts';
import { openWhep } from '../lib/whep-session.ts';
import { useInventory } from '../stores/inventory.ts';
import { usePlays } from '../stores/plays.ts';

const SAMPLE_MS = 1000;
const NOTHING_HELD = { video: false, audio: false };
const ALL_HELD = { video: true, audio: true };

async function urlOf(target: CellTarget, signal: AbortSignal): Promise<string> {
  if (target.subStream === 0) return whepUrl(targetStream(target));
  return (await createPlay(target, signal)).whepUrl;
}

/**
 * Plays what `target` names in the video element, and again after whatever breaks it. While it is `paused` at its source
 * nothing is missed.
 */
export function useWhepPlayer(
  target: Ref<CellTarget | null>,
  video: Ref<HTMLVideoElement | null>,
  paused: Readonly<Ref<boolean>> = ref(false),
) {
  const inventory = useInventory();
  const plays = usePlays();
  const state = shallowRef<PlayerState>({ phase: 'stopped' });
  const stats = shallowRef<VideoStats>();
  const audioOffered = ref(false);
  let stream: MediaStream | undefined;
  let previous: StatsSample | undefined;

  const player = new WhepPlayer({
    connect: async (events, signal) => {
      stream = undefined;
      previous = undefined;
      audioOffered.value = false;
      return openWhep(reportingUrl(await urlOf(target.value!, signal)), events, signal);
    },
    onState: (next) => {
      state.value = next;
    },
    onTrack: (track) => {
      const fresh = stream === undefined;
      stream ??= new MediaStream();
      stream.addTrack(track);
      if (track.kind === 'audio') audioOffered.value = true;
      if (!video.value || !fresh) return;
      video.value.srcObject = stream;
      video.value.requestVideoFrameCallback?.(() => player.frameDecoded());
    },
    onFirstFrame: (viewerId, afterMs) => {
      reportFirstFrame(viewerId, afterMs).catch(() => undefined);
    },
  });

  const runningStream = computed(() => target.value && plays.streams.get(targetStream(target.value)));
  /** Name of the codec whose sound no browser gets; the answer has a place for sound all the same. */
  const unplayableAudio = computed(() => {
    const audio = runningStream.value?.audio;
    return audio?.playable === false ? codecLabel(audio.codec) : undefined;
  });
  const hasAudio = computed(() => audioOffered.value && unplayableAudio.value === undefined);

  /** What the publisher holds back does not come, and that is no fault. */
  const held = computed(() => {
    const running = runningStream.value;
    const { video, audio } = running?.publisher?.muted ?? NOTHING_HELD;
    return { video: video || (running?.source === 'publication' && running.video === undefined), audio };
  });

  const sample = async () => {
    const { peer } = player;
    if (!peer) return;
    const report = await peer.getStats();
    if (peer !== player.peer) return;
    const now = sampleStats(report as unknown as Iterable<[string, { type: string }]>, performance.now());
    stats.value = computeStats(previous, now);
    previous = now;
    player.sample(now, paused.value ? ALL_HELD : held.value);
  };
  const timer = setInterval(() => void sample().catch(() => undefined), SAMPLE_MS);

  watch(
    () => target.value && targetStream(target.value),
    (key) => {
      player.stop();
      stats.value = undefined;
      if (video.value) video.value.srcObject = null;
      if (key !== null) player.start();
    },
    { immediate: true, flush: 'post' },
  );

  const deviceOnline = computed(() =>
    target.value ? inventory.devices.get(target.value.deviceId)?.online : undefined,
  );
  watch(deviceOnline, (online, before) => {
    if (online && before === false && state.value.phase === 'failed') player.start();
  });

  /** The server's list of viewers knows sooner than ICE that a connection is dead. */
  const listed = computed(() => {
    const { viewerId } = state.value;
    if (!target.value || viewerId === undefined) return false;
    return plays.streams.get(targetStream(target.value))?.viewers.some(({ id }) => id === viewerId) ?? false;
  });
  let listedViewer: string | undefined;
  watch([listed, () => state.value.viewerId], ([isListed, viewerId]) => {
    if (isListed) listedViewer = viewerId;
    else if (viewerId !== undefined && viewerId === listedViewer) player.reconnect();
  });

  const leave = () => player.stop();
  window.addEventListener('pagehide', leave);
  onScopeDispose(() => {
    window.removeEventListener('pagehide', leave);
    clearInterval(timer);
    player.stop();
  });

  /** Somebody publishes again what had ended. */
  const running = computed(() => target.value?.stream !== undefined && plays.streams.has(target.value.stream));
  watch(running, (now) => {
    if (now && state.value.phase === 'failed') player.start();
  });

  return { state, stats, hasAudio, unplayableAudio, held, retry: () => player.start() };
}
