import { defineStore } from 'pinia';
import { ref, shallowRef, triggerRef } from 'vue';
import { type Alarm, type AlarmQuery, listAlarms } from '../api/reports.ts';

const MAX_KEPT = 1000;

/** Alarms as far as events have told of them since a list was loaded, and how many wait for somebody. */
export const useAlarms = defineStore('alarms', () => {
  const unacknowledged = ref(0);
  const told = shallowRef(new Map<number, Alarm>());
  /** Counts alarms that came, and acknowledgements of many, so that lists are loaded again. */
  const turns = ref(0);

  const list = async (query: AlarmQuery, signal?: AbortSignal) => {
    const page = await listAlarms(query, signal);
    unacknowledged.value = page.unacknowledged;
    for (const { id } of page.items) told.value.delete(id);
    triggerRef(told);
    return page;
  };
  const load = () => list({ page: 1, limit: 1 });

  const add = (alarm: Alarm) => {
    unacknowledged.value++;
    turns.value++;
    keep(alarm);
  };

  /** Acknowledged, or its picture came. */
  const put = (alarm: Alarm) => {
    const before = told.value.get(alarm.id);
    if (alarm.acknowledgedAt !== undefined && before?.acknowledgedAt === undefined) void load().catch(() => undefined);
    keep(alarm);
  };

  const keep = (alarm: Alarm) => {
    told.value.delete(alarm.id);
    told.value.set(alarm.id, alarm);
    for (const id of told.value.keys()) {
      if (told.value.size <= MAX_KEPT) break;
      told.value.delete(id);
    }
    triggerRef(told);
  };

  const changedMany = () => {
    turns.value++;
    void load().catch(() => undefined);
  };

  return { unacknowledged, told, turns, list, load, add, put, changedMany };
});
