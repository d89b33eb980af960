import { inSteps, type Steps } from '../../util/index.ts';
import type { Device } from '../device/types.ts';
import { kindOfItem } from '../ids.ts';
import { EMPTY_CATALOG_ITEM } from '../manscdp/index.ts';
import { resolveParents } from './tree.ts';
import type { CatalogItem, Channel } from './types.ts';

/**
 * Channels of a device from catalogue items. Earlier channels that are not among them stay when `kept` has them, as
 * after an incomplete answer; the tree is made anew over all.
 */
export function* buildChannels(
  deviceId: string,
  items: readonly CatalogItem[],
  kept: Iterable<Channel>,
  now: number,
): Steps<Channel[]> {
  const merged = new Map<string, Channel | CatalogItem>();
  for (const channel of kept) merged.set(channel.id, channel);
  for (const item of items) merged.set(item.id, item);
  const all = [...merged.values()];
  const parents = yield* resolveParents(deviceId, all);
  const withChildren = new Set(parents.values());
  // An NVR may list itself among its cameras.
  if (all.length < 2) withChildren.delete(deviceId);
  const channels: Channel[] = [];
  yield* inSteps(all, (entry) => {
    const parentId = parents.get(entry.id) ?? deviceId;
    if ('kind' in entry) channels.push({ ...entry, parentId });
    else channels.push(channelOf(entry, withChildren.has(entry.id), { deviceId, parentId, updatedAt: now }));
  });
  return channels;
}

type Place = Pick<Channel, 'deviceId' | 'parentId' | 'updatedAt'>;

function channelOf(entry: CatalogItem, hasChildren: boolean, place: Place): Channel {
  // A copy without a field takes ten times as long as one with all, and few are sensors.
  if (entry.sensor === undefined) return { ...entry, ...place, kind: kindOfItem(entry.id, hasChildren) };
  const { sensor, ...item } = entry;
  // Uniview lists sensors in the same form; only those with Parental=1 are cameras.
  const kind = sensor === true ? sensorKind(item) : kindOfItem(item.id, hasChildren);
  return { ...item, ...place, kind };
}

function sensorKind({ parental }: CatalogItem): Channel['kind'] {
  return parental === 1 ? 'video' : 'alarm';
}

/** A stand-alone camera as its own channel: some answer the catalogue query with nothing. */
export function selfChannel(device: Device): Channel {
  return {
    ...EMPTY_CATALOG_ITEM,
    deviceId: device.id,
    id: device.id,
    parentId: device.id,
    name: device.name,
    manufacturer: device.manufacturer,
    model: device.model,
    kind: 'video',
    status: device.online ? 'ON' : 'OFF',
    updatedAt: device.registeredAt,
  };
}
