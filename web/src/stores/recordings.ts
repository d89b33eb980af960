import { defineStore } from 'pinia';
import { computed, shallowRef, triggerRef } from 'vue';
import { listRecordings } from '../api/recordings.ts';
import type { Recording, RecordingPage, RecordingQuery } from '../api/types.ts';

/** More than ever run at the same time. */
const MAX_RUNNING = 500;
const MAX_KEPT = 1000;

/** Recordings as far as events have told of them: which run, and how they have changed since a list was loaded. */
export const useRecordings = defineStore('recordings', () => {
  const told = shallowRef(new Map<string, Recording>());
  /** Counts recordings that came or went, so that lists are loaded again. */
  const turns = shallowRef(0);
  /** What has come or gone since each request that is under way was sent: newer than its answer. */
  const newer = new Set<Map<string, Recording | undefined>>();

  const ask = async (query: RecordingQuery, signal?: AbortSignal) => {
    const changes = new Map<string, Recording | undefined>();
    newer.add(changes);
    try {
      return { page: await listRecordings(query, signal), changes };
    } finally {
      newer.delete(changes);
    }
  };
  const note = (id: string, recording: Recording | undefined) => {
    for (const changes of newer) changes.set(id, recording);
  };

  const keep = (recording: Recording) => {
    told.value.delete(recording.id);
    told.value.set(recording.id, recording);
    for (const id of told.value.keys()) {
      if (told.value.size <= MAX_KEPT) break;
      told.value.delete(id);
    }
  };

  const put = (recording: Recording) => {
    note(recording.id, recording);
    if (told.value.get(recording.id)?.state !== recording.state) turns.value++;
    keep(recording);
    triggerRef(told);
  };

  const remove = (id: string) => {
    note(id, undefined);
    told.value.delete(id);
    turns.value++;
    triggerRef(told);
  };

  /** What runs; what events have told meanwhile counts more. */
  const load = async () => {
    const { page, changes } = await ask({ page: 1, limit: MAX_RUNNING, q: '', state: 'recording' });
    const loaded = new Map(page.items.map((recording) => [recording.id, recording]));
    for (const [id, recording] of changes) {
      if (recording === undefined) loaded.delete(id);
      else loaded.set(id, recording);
    }
    told.value = loaded;
    turns.value++;
  };

  /** A page of the list. Without events it is newer than what they told last. */
  const list = async (query: RecordingQuery, signal: AbortSignal): Promise<RecordingPage> => {
    const { page, changes } = await ask(query, signal);
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
