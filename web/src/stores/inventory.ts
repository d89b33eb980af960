import { defineStore } from 'pinia';
import { computed, ref, shallowRef, triggerRef } from 'vue';
import * as api from '../api/devices.ts';
import type { Channel, Device } from '../api/types.ts';

export const MAX_DEVICES = 20_000;
export const MAX_CHANNELS = 50_000;
/** Changes within this time are shown together, so that a thousand devices that come back do not redraw a thousand times. */
const BATCH_MS = 150;

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
  let batch: ReturnType<typeof setTimeout> | undefined;

  const changed = () => {
    batch ??= setTimeout(() => {
      batch = undefined;
      triggerRef(devices);
      triggerRef(channels);
    }, BATCH_MS);
  };

  const load = async () => {
    try {
      const [deviceList, channelList] = await Promise.all([
        api.listDevices(MAX_DEVICES),
        api.listChannels(MAX_CHANNELS),
      ]);
      devices.value = new Map(deviceList.map((device) => [device.id, device]));
      channels.value = groupByDevice(channelList);
      truncated.value = channelList.length >= MAX_CHANNELS;
      loaded.value = true;
      error.value = undefined;
    } catch (failure) {
      error.value = failure instanceof Error ? failure : new Error(String(failure));
    }
  };

  const loadChannels = async (deviceId: string) => {
    const list = await api.listDeviceChannels(deviceId, MAX_CHANNELS);
    channels.value.set(deviceId, list);
    changed();
  };

  const putDevice = (device: Device) => {
    const known = devices.value.has(device.id);
    devices.value.set(device.id, device);
    changed();
    return known;
  };

  const removeDevice = (deviceId: string) => {
    devices.value.delete(deviceId);
    channels.value.delete(deviceId);
    changed();
  };

  const onlineCount = computed(() => [...devices.value.values()].filter(({ online }) => online).length);
  const pendingCount = computed(
    () => [...devices.value.values()].filter(({ admission }) => admission === 'pending').length,
  );
  const channelsOf = (deviceId: string): readonly Channel[] => channels.value.get(deviceId) ?? [];
  const findChannel = (deviceId: string, channelId: string) => channelsOf(deviceId).find(({ id }) => id === channelId);

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
    putDevice,
    removeDevice,
    channelsOf,
    findChannel,
  };
});
