import { defineStore } from 'pinia';
import { computed, shallowRef, triggerRef } from 'vue';
import { getPlay, listPlays, listStreams } from '../api/plays.ts';
import type { Play, Stream } from '../api/types.ts';
import { Newer, Turns, withNewer } from '../lib/newer.ts';

const MAX_PLAYS = 300;
const LISTED_PLAYS = 100;

/** By WebRTC and RTSP; a recording watches nothing. */
export const watcherCount = ({ viewers, readers }: Stream): number =>
  viewers.length + readers.filter(({ protocol }) => protocol === 'rtsp').length;

/** Plays with their timelines and the streams that run, as far as this browser has heard of them. */
export const usePlays = defineStore('plays', () => {
  const plays = shallowRef(new Map<string, Play>());
  const streams = shallowRef(new Map<string, Stream>());

  const newerPlays = new Newer<Play>();
  const newerStreams = new Newer<Stream>();
  const loads = new Turns();

  const putPlay = (play: Play) => {
    newerPlays.note(play.id, play);
    // Put again at the end: the map's order is the age of the last change.
    plays.value.delete(play.id);
    plays.value.set(play.id, play);
    for (const id of plays.value.keys()) {
      if (plays.value.size <= MAX_PLAYS) break;
      plays.value.delete(id);
    }
    triggerRef(plays);
  };

  const putStream = (stream: Stream) => {
    newerStreams.note(stream.name, stream);
    streams.value.set(stream.name, stream);
    triggerRef(streams);
  };

  const removeStream = (stream: Stream) => {
    newerStreams.note(stream.name, undefined);
    streams.value.delete(stream.name);
    triggerRef(streams);
  };

  /** What events tell meanwhile is newer. */
  const load = async () => {
    const counts = loads.ask();
    const [listed, running] = await Promise.all([
      newerPlays.ask(() => listPlays(LISTED_PLAYS)),
      newerStreams.ask(listStreams),
    ]);
    if (!counts()) return;
    plays.value = withNewer(
      listed.answer.items.toReversed().map((play) => [play.id, play] as const),
      listed.changes,
    );
    streams.value = withNewer(
      running.answer.map((stream) => [stream.name, stream] as const),
      running.changes,
    );
  };

  /** Fetches a play that no event told us about, e.g. one that failed before we listened. */
  const fetchPlay = async (playId: string) => {
    const { answer, changes } = await newerPlays.ask(() => getPlay(playId));
    if (!changes.has(playId)) putPlay(answer);
  };

  /** The newest play of a stream. */
  const latestOf = (stream: string): Play | undefined => {
    let latest: Play | undefined;
    for (const play of plays.value.values()) {
      if (play.stream === stream && (!latest || play.startedAt >= latest.startedAt)) latest = play;
    }
    return latest;
  };

  const viewerCount = computed(() =>
    [...streams.value.values()].reduce((sum, stream) => sum + watcherCount(stream), 0),
  );

  return { plays, streams, viewerCount, load, putPlay, fetchPlay, putStream, removeStream, latestOf };
});
