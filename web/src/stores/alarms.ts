import { defineStore } from 'pinia';
import { ref, shallowRef, triggerRef } from 'vue';
import { type Alarm, type AlarmQuery, listAlarms } from '../api/reports.ts';
import { Newer, Turns } from '../lib/newer.ts';

const MAX_KEPT = 1000;
/** Changes within this time are counted together. */
const SETTLE_MS = 250;

/** Alarms as far as events have told of them since a list was loaded, and how many wait for somebody. */
export const useAlarms = defineStore('alarms', () => {
  const unacknowledged = ref(0);
  const told = shallowRef(new Map<number, Alarm>());
  /** Counts alarms that came, and acknowledgements of many, so that lists are loaded again. */
  const turns = ref(0);

  const newer = new Newer<Alarm>();
  const lists = new Turns();
  let again: ReturnType<typeof setTimeout> | undefined;

  const list = async (query: AlarmQuery, signal?: AbortSignal) => {
    const counts = lists.ask();
    const { answer: page, changes } = await newer.ask(() => listAlarms(query, signal));
    for (const { id } of page.items) if (!changes.has(String(id))) told.value.delete(id);
    triggerRef(told);
    if (!counts()) return page;
    unacknowledged.value = page.unacknowledged;
    // Nobody knows which of them the answer has counted already.
    if (changes.size > 0) again ??= setTimeout(countAgain, SETTLE_MS);
    return page;
  };
  const count = () => list({ page: 1, limit: 1 });
  const countAgain = () => {
    again = undefined;
    void count().catch(() => undefined);
  };
  /** Lists are loaded again, too: nobody has told what came meanwhile. */
  const load = async () => {
    await count();
    turns.value++;
  };

  const add = (alarm: Alarm) => {
    unacknowledged.value++;
    turns.value++;
    keep(alarm);
  };

  /** Acknowledged, or its picture came. */
  const put = (alarm: Alarm) => {
    const before = told.value.get(alarm.id);
    if (alarm.acknowledgedAt !== undefined && before?.acknowledgedAt === undefined)
      again ??= setTimeout(countAgain, SETTLE_MS);
    keep(alarm);
  };

  const keep = (alarm: Alarm) => {
    newer.note(String(alarm.id), alarm);
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
    again ??= setTimeout(countAgain, SETTLE_MS);
  };

  return { unacknowledged, told, turns, list, load, add, put, changedMany };
});
