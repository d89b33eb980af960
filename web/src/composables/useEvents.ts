import { onScopeDispose, ref, watch } from 'vue';
import { connectEvents, type EventConnection } from '../api/events.ts';
import type { Position } from '../api/reports.ts';
import { backoffMs } from '../lib/backoff.ts';
import { Persistent } from '../lib/persistent.ts';
import { useAlarms } from '../stores/alarms.ts';
import { useGroups } from '../stores/groups.ts';
import { useInventory } from '../stores/inventory.ts';
import { usePlaces } from '../stores/places.ts';
import { usePlays } from '../stores/plays.ts';
import { useRecordings } from '../stores/recordings.ts';
import { useSession } from '../stores/session.ts';
import { noteServerTime } from './useClock.ts';

/** A device that was not there before, for the page that waits for one. */
export const lastRegistered = ref<{ readonly deviceId: string; readonly at: number }>();

/** Feeds the stores from the server's events for as long as somebody is signed in. */
export function useEvents() {
  const session = useSession();
  const inventory = useInventory();
  const groups = useGroups();
  const plays = usePlays();
  const recordings = useRecordings();
  const alarms = useAlarms();
  const places = usePlaces();
  const connected = ref(false);
  const everConnected = ref(false);
  let connection: EventConnection | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let attempt = 0;

  const lists = [
    async () => {
      await inventory.load();
      if (inventory.error) throw inventory.error;
    },
    plays.load,
    recordings.load,
    alarms.load,
  ].map((load) => new Persistent(load));
  const reload = () => {
    for (const list of lists) list.start();
  };

  const online = (device: Parameters<typeof inventory.putDevice>[0]) => {
    inventory.putDevice(device);
    lastRegistered.value = { deviceId: device.id, at: Date.now() };
  };

  const handlers = {
    hello: ({ now }: { readonly now: number }) => {
      noteServerTime(now);
      reload();
    },
    lagged: reload,
    'device.online': online,
    'device.offline': inventory.putDevice,
    'device.changed': (device: Parameters<typeof inventory.putDevice>[0]) => {
      // A device that waits for approval is told as changed, never as online.
      if (!inventory.putDevice(device) && device.admission === 'pending') online(device);
    },
    'device.removed': ({ deviceId }: { deviceId: string }) => inventory.removeDevice(deviceId),
    'catalog.changed': ({ deviceId }: { deviceId: string }) => inventory.catalogChanged(deviceId),
    'groups.changed': () => void groups.touch(),
    play: plays.putPlay,
    'stream.opened': plays.putStream,
    'stream.closed': plays.removeStream,
    'stream.viewers': plays.putStream,
    'stream.changed': plays.putStream,
    alarm: alarms.add,
    'alarm.changed': alarms.put,
    'alarm.acknowledged': alarms.changedMany,
    positions: ({ items }: { items: readonly Position[] }) => places.move(items),
    recording: recordings.put,
    'recording.removed': ({ id }: { id: string }) => recordings.remove(id),
  };

  const close = () => {
    clearTimeout(timer);
    for (const list of lists) list.stop();
    connection?.close();
    connection = undefined;
    connected.value = false;
  };

  const open = () => {
    close();
    connection = connectEvents(handlers, {
      open: () => {
        attempt = 0;
        connected.value = true;
        everConnected.value = true;
      },
      lost: (final) => {
        connected.value = false;
        if (!final) return;
        // Refused: either the login has run out or the gateway is not up yet.
        session.load().catch(() => undefined);
        timer = setTimeout(() => session.ready && open(), backoffMs(attempt++));
      },
    });
  };

  watch(
    () => session.ready,
    (ready) => (ready ? open() : close()),
    { immediate: true },
  );
  onScopeDispose(close);
  return { connected, everConnected };
}
