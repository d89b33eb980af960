import { defineStore } from 'pinia';
import { computed, type Ref, ref, shallowRef, triggerRef } from 'vue';
import * as api from '../api/devices.ts';
import type { Channel, Device } from '../api/types.ts';
import { KeyedWork, WaitingKeys } from '../lib/keyed-work.ts';
import { Newer, Turns, withNewer } from '../lib/newer.ts';
import { channelKey } from '../lib/tree.ts';

export const MAX_DEVICES = 20_000;
export const MAX_CHANNELS = 50_000;
/** Changes within this time are shown together, so that a thousand devices that come back do not redraw a thousand times. */
const BATCH_MS = 150;
/** A restart changes ten thousand catalogues at once; what somebody clicks must not wait behind them. */
const CATALOGUES_AT_A_TIME = 2;
/** A large catalogue is twenty requests, and its device may change it twice a second. */
const CATALOGUE_REST_MS = 2000;

function groupByDevice(channels: readonly Channel[]): Map<string, Channel[]> {
  const groups = new Map<string, Channel[]>();
  for (const channel of channels) {
    const group = groups.get(channel.deviceId);
    if (group) group.push(channel);
    else groups.set(channel.deviceId, [channel]);
  }
  return groups;
}

/** Devices and channels, loaded once and then kept up to date by events. */
export const useInventory = defineStore('inventory', () => {
  const devices = shallowRef(new Map<string, Device>());
  const channels = shallowRef(new Map<string, Channel[]>());
  const loaded = ref(false);
  const error = ref<Error>();
  const truncated = ref(false);
  const newerDevices = new Newer<Device>();
  const newerChannels = new Newer<Channel[]>();
  const loads = new Turns();
  let batch: ReturnType<typeof setTimeout> | undefined;
  const batched = new Set<Ref>();

  const changed = (...refs: Ref[]) => {
    for (const each of refs) batched.add(each);
    batch ??= setTimeout(() => {
      batch = undefined;
      for (const each of batched) triggerRef(each);
      batched.clear();
    }, BATCH_MS);
  };

  const load = async () => {
    const counts = loads.ask();
    // All catalogues come now.
    waiting.clear();
    try {
      const [deviceList, channelList] = await Promise.all([
        newerDevices.ask(() => api.listDevices(MAX_DEVICES)),
        newerChannels.ask(() => api.listChannels(MAX_CHANNELS)),
      ]);
      if (!counts()) return;
      devices.value = withNewer(
        deviceList.answer.map((device) => [device.id, device] as const),
        deviceList.changes,
      );
      channels.value = withNewer(groupByDevice(channelList.answer), channelList.changes);
      truncated.value = channelList.answer.length >= MAX_CHANNELS;
      loaded.value = true;
      error.value = undefined;
    } catch (failure) {
      if (counts()) error.value = failure instanceof Error ? failure : new Error(String(failure));
    }
  };

  const fetching = new KeyedWork(async (deviceId) => {
    const list = await api.listDeviceChannels(deviceId, MAX_CHANNELS);
    if (loaded.value && !devices.value.has(deviceId)) return;
    newerChannels.note(deviceId, list);
    channels.value.set(deviceId, list);
    changed(channels);
  });
  const loadChannels = (deviceId: string) => fetching.run(deviceId);

  const waiting = new WaitingKeys({ work: loadChannels, atATime: CATALOGUES_AT_A_TIME, restMs: CATALOGUE_REST_MS });
  /** The catalogue of a device has changed: it is asked for when its turn comes. */
  const catalogChanged = (deviceId: string) => waiting.put(deviceId);

  const putDevice = (device: Device) => {
    const known = devices.value.has(device.id);
    newerDevices.note(device.id, device);
    devices.value.set(device.id, device);
    changed(devices);
    return known;
  };

  /** Asks for what no event tells, such as keepalives. */
  const refreshDevice = async (deviceId: string, signal: AbortSignal) => {
    const { answer, changes } = await newerDevices.ask(() => api.getDevice(deviceId, signal));
    if (!changes.has(deviceId)) putDevice(answer);
  };

  const removeDevice = (deviceId: string) => {
    newerDevices.note(deviceId, undefined);
    newerChannels.note(deviceId, undefined);
    devices.value.delete(deviceId);
    channels.value.delete(deviceId);
    changed(devices, channels);
  };

  const onlineCount = computed(() => [...devices.value.values()].filter(({ online }) => online).length);
  const pendingCount = computed(
    () => [...devices.value.values()].filter(({ admission }) => admission === 'pending').length,
  );
  const channelsOf = (deviceId: string): readonly Channel[] => channels.value.get(deviceId) ?? [];
  /** A device may have ten thousand, and a map or a tree asks for all. */
  const index = computed(() => {
    const found = new Map<string, Channel>();
    for (const list of channels.value.values())
      for (const channel of list) found.set(channelKey(channel.deviceId, channel.id), channel);
    return found;
  });
  const findChannel = (deviceId: string, channelId: string) => index.value.get(channelKey(deviceId, channelId));

  return {
    devices,
    channels,
    loaded,
    error,
    truncated,
    onlineCount,
    pendingCount,
    load,
    loadChannels,
    catalogChanged,
    putDevice,
    refreshDevice,
    removeDevice,
    channelsOf,
    findChannel,
  };
});
