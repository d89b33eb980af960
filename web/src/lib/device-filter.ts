import type { Device } from '../api/types.ts';
import { byDeviceLabel, deviceLabel, searchWords } from './tree.ts';

export type DeviceFilter = 'all' | 'online' | 'offline' | 'pending';
export type DeviceSort = 'name' | 'status' | 'lastSeen' | 'channels';

const inFilter: Readonly<Record<DeviceFilter, (device: Device) => boolean>> = {
  all: () => true,
  online: ({ online }) => online,
  offline: ({ online }) => !online,
  pending: ({ admission }) => admission === 'pending',
};

const compareOnline = (a: Device, b: Device) => Number(b.online) - Number(a.online);

const compare: Readonly<Record<DeviceSort, (a: Device, b: Device) => number>> = {
  name: byDeviceLabel,
  status: compareOnline,
  // Who is online has just been heard of, all alike.
  lastSeen: (a, b) => compareOnline(a, b) || (a.online ? 0 : b.lastSeenAt - a.lastSeenAt),
  channels: (a, b) => b.channelCount - a.channelCount,
};

/** Devices that the table shows, in its order; equal ones are in order of their names. */
export function selectDevices(
  devices: Iterable<Device>,
  { filter, search, sort, reverse }: { filter: DeviceFilter; search: string; sort: DeviceSort; reverse: boolean },
): Device[] {
  const words = searchWords(search);
  const sign = reverse ? -1 : 1;
  return [...devices]
    .filter((device) => {
      const text = [
        deviceLabel(device),
        device.name,
        device.id,
        device.sourceAddress,
        device.manufacturer,
        device.model,
      ];
      const all = text.join(' ').toLowerCase();
      return inFilter[filter](device) && words.every((word) => all.includes(word));
    })
    .sort((a, b) => sign * compare[sort](a, b) || byDeviceLabel(a, b));
}

/** What to choose a device from: by name, each with its number where that is not its name. */
export function deviceChoices(devices: Iterable<Device>): { value: string; label: string; note?: string }[] {
  return [...devices].sort(byDeviceLabel).map((device) => {
    const label = deviceLabel(device);
    return { value: device.id, label, ...(label !== device.id && { note: device.id }) };
  });
}
