import { defineStore } from 'pinia';
import { computed, shallowRef, triggerRef } from 'vue';
import { listRecordings } from '../api/recordings.ts';
import type { Recording, RecordingPage, RecordingQuery } from '../api/types.ts';
import { Newer, Turns, withNewer } from '../lib/newer.ts';

/** More than ever run at the same time. */
const MAX_RUNNING = 500;
const MAX_KEPT = 1000;

/** Recordings as far as events have told of them: which run, and how they have changed since a list was loaded. */
export const useRecordings = defineStore('recordings', () => {
  const told = shallowRef(new Map<string, Recording>());
  /** Counts recordings that came or went, so that lists are loaded again. */
  const turns = shallowRef(0);
  const newer = new Newer<Recording>();

  const keep = (recording: Recording) => {
    told.value.delete(recording.id);
    told.value.set(recording.id, recording);
    for (const id of told.value.keys()) {
      if (told.value.size <= MAX_KEPT) break;
      told.value.delete(id);
    }
  };

  const put = (recording: Recording) => {
    newer.note(recording.id, recording);
    if (told.value.get(recording.id)?.state !== recording.state) turns.value++;
    keep(recording);
    triggerRef(told);
  };

  const remove = (id: string) => {
    newer.note(id, undefined);
    told.value.delete(id);
    turns.value++;
    triggerRef(told);
  };

  const loads = new Turns();
  /** What runs; what events have told meanwhile counts more. */
  const load = async () => {
    const counts = loads.ask();
    const { answer, changes } = await newer.ask(() =>
      listRecordings({ page: 1, limit: MAX_RUNNING, q: '', state: 'recording' }),
    );
    if (!counts()) return;
    told.value = withNewer(
      answer.items.map((recording) => [recording.id, recording] as const),
      changes,
    );
    turns.value++;
  };

  /** A page of the list. Without events it is newer than what they told last. */
  const list = async (query: RecordingQuery, signal: AbortSignal): Promise<RecordingPage> => {
    const { answer: page, changes } = await newer.ask(() => listRecordings(query, signal));
    for (const recording of page.items) {
      if (told.value.has(recording.id) && !changes.has(recording.id)) keep(recording);
    }
    triggerRef(told);
    return page;
  };

  /** The running recordings by their stream. */
  const running = computed(() => {
    const byStream = new Map<string, Recording[]>();
    for (const recording of told.value.values()) {
      if (recording.state !== 'recording') continue;
      byStream.set(recording.stream, [...(byStream.get(recording.stream) ?? []), recording]);
    }
    return byStream;
  });

  const runningOf = (stream: string): readonly Recording[] => running.value.get(stream) ?? [];

  return { told, turns, running, put, remove, load, list, runningOf };
});
