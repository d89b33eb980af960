import { defineStore } from 'pinia';
import { computed, shallowRef, triggerRef } from 'vue';
import { listPlaces, type Place, type Position } from '../api/reports.ts';
import { useInventory } from './inventory.ts';

const keyOf = ({ deviceId, channelId }: Pick<Place, 'deviceId' | 'channelId'>) => `${deviceId} ${channelId}`;

/** Where everything is, loaded when a map is open and then moved by events. */
export const usePlaces = defineStore('places', () => {
  const inventory = useInventory();
  const places = shallowRef(new Map<string, Place>());
  /** Nobody looks before. */
  let loaded = false;

  const load = async (signal?: AbortSignal) => {
    const { items } = await listPlaces(signal);
    places.value = new Map(items.map((place) => [keyOf(place), place]));
    loaded = true;
  };

  const move = (positions: readonly Position[]) => {
    if (!loaded) return;
    for (const position of positions) {
      const key = keyOf(position);
      const known = places.value.get(key);
      const channel = inventory.findChannel(position.deviceId, position.channelId);
      const device = inventory.devices.get(position.deviceId);
      places.value.set(key, {
        name: channel?.name || device?.name || position.channelId,
        kind: channel?.kind ?? 'other',
        online: true,
        ...known,
        ...position,
        source: 'device',
      });
    }
    triggerRef(places);
  };

  /** With the state of now, which events of devices tell. */
  const list = computed(() =>
    [...places.value.values()].map((place) => {
      const device = inventory.devices.get(place.deviceId);
      const channel = inventory.findChannel(place.deviceId, place.channelId);
      const online = (device?.online ?? place.online) && channel?.status !== 'OFF';
      return online === place.online ? place : { ...place, online };
    }),
  );

  return { list, load, move };
});
