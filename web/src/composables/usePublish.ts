import { computed, onScopeDispose, type Ref, ref, shallowRef, watch } from 'vue';
import { whipUrl } from '../api/whep.ts';
import { computeSending, sampleSending, type SendSample, type SendStats } from '../lib/publish-stats.ts';
import { type PublisherState, WhipPublisher } from '../lib/whip-publisher.ts';
import { openWhip } from '../lib/whip-session.ts';
import { usePlays } from '../stores/plays.ts';
import type { Captured } from './useCapture.ts';

const SAMPLE_MS = 1000;

export interface PublishTarget {
  /** `<app>/<name>`. */
  readonly name: string;
  readonly maxBitrateBps?: number;
  readonly codec?: string;
  /** Where the login does not do, asked at every connection. */
  readonly token?: () => Promise<string | undefined>;
}

/** Publishes what is captured, until it is stopped or the server ends it; `muted` may be shared with a preview. */
export function usePublish(captured: Ref<Captured>, muted = ref({ video: false, audio: false })) {
  const plays = usePlays();
  const state = shallowRef<PublisherState>({ phase: 'idle' });
  const stats = shallowRef<SendStats>();
  const target = shallowRef<PublishTarget>();
  let previous: SendSample | undefined;

  const publisher = new WhipPublisher({
    connect: async (onState, signal) => {
      previous = undefined;
      const { name, maxBitrateBps, codec, token } = target.value!;
      const url = whipUrl(name, maxBitrateBps, await token?.());
      signal.throwIfAborted();
      const { video, audio } = captured.value;
      const tracks = [video, audio].filter((track) => track !== undefined);
      const request = {
        url,
        tracks,
        ...(codec === undefined ? {} : { codec }),
      };
      return openWhip(request, onState, signal);
    },
    onState: (next) => {
      state.value = next;
      if (next.phase !== 'live') stats.value = undefined;
    },
  });

  const publishing = computed(() => ['connecting', 'live', 'reconnecting'].includes(state.value.phase));
  const stream = computed(() => (target.value ? plays.streams.get(target.value.name) : undefined));

  /** Of the connection at the moment. */
  const peer = () => publisher.peer;

  const start = (next: PublishTarget) => {
    target.value = next;
    publisher.start();
  };

  const applyMute = () => {
    const { video, audio } = captured.value;
    if (video) video.enabled = !muted.value.video;
    if (audio) audio.enabled = !muted.value.audio;
  };

  /** Black or silence is sent instead, so that players and recordings go on. */
  const toggleMute = (kind: 'video' | 'audio') => {
    muted.value = { ...muted.value, [kind]: !muted.value[kind] };
    applyMute();
  };

  // Another camera or microphone goes on in the same connection; nothing captured any more ends it.
  watch(captured, (next) => {
    applyMute();
    if (!publishing.value) return;
    const tracks = [next.video, next.audio].filter((track) => track !== undefined);
    if (tracks.length === 0) return publisher.stop();
    for (const sender of publisher.peer?.getSenders() ?? []) {
      const track = tracks.find(({ kind }) => kind === sender.track?.kind);
      if (track && track !== sender.track) void sender.replaceTrack(track).catch(() => publisher.start());
    }
  });

  /** The server's list knows who has ended our publication, and why. */
  let listed: { readonly id: string; readonly playId: string } | undefined;
  watch([stream, () => state.value.publicationId], ([running, publicationId]) => {
    if (publicationId === undefined) return;
    const id = running?.publisher?.id;
    if (running && id === publicationId) listed = { id, playId: running.playId };
    else if (listed?.id === publicationId) {
      const reason = plays.plays.get(listed.playId)?.timeline.at(-1)?.detail;
      listed = undefined;
      publisher.ended(publicationId, id === undefined ? (reason ?? 'lost') : 'replaced');
    }
  });

  const sample = async () => {
    const { peer } = publisher;
    if (!peer || state.value.phase !== 'live') return;
    const report = await peer.getStats();
    if (peer !== publisher.peer) return;
    const now = sampleSending(report as unknown as Iterable<[string, { type: string }]>, performance.now());
    stats.value = computeSending(previous, now);
    previous = now;
  };
  const timer = setInterval(() => void sample().catch(() => undefined), SAMPLE_MS);

  const leave = () => publisher.stop();
  window.addEventListener('pagehide', leave);
  onScopeDispose(() => {
    window.removeEventListener('pagehide', leave);
    clearInterval(timer);
    publisher.stop();
  });

  return { state, stats, target, stream, muted, publishing, peer, start, stop: () => publisher.stop(), toggleMute };
}
