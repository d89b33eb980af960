import { catalogResponse, EMPTY_CATALOG_ITEM, parseCatalogQuery } from '../../gb28181/manscdp/catalog.ts';
import type { ManscdpParts } from '../../gb28181/manscdp/message.ts';
import type { CatalogItem } from '../../gb28181/types.ts';
import type { VirtualChannel } from '../device.ts';
import { MANUFACTURER, modelOf } from './model.ts';
import type { CommandContext, CommandHandler } from './types.ts';

/** PTZType dome (GB/T 28181 7.3). */
const DOME = 1;

/** Every part repeats the total (GB/T 28181 7.4). */
export const catalog: CommandHandler = (command, context) => {
  const { sn, deviceId } = command;
  const { device, catalogBatch } = context;
  const asked = parseCatalogQuery(command);
  const items = device.channels
    .filter((channel) => isWithin(deviceId, channel) && wasAdded(asked))
    .map((channel) => catalogItem(channel, context));
  if (items.length === 0) return [catalogResponse(sn, deviceId, { sumNum: 0, items })];
  const parts: ManscdpParts[] = [];
  for (let at = 0; at < items.length; at += catalogBatch) {
    parts.push(catalogResponse(sn, deviceId, { sumNum: items.length, items: items.slice(at, at + catalogBatch) }));
  }
  return parts;
};

/** Of the device, the channel, or a region that it lies in (GB/T 28181 7.1). */
function isWithin(id: string, channel: VirtualChannel): boolean {
  if (id === channel.deviceId || id === channel.id) return true;
  return id.length >= 2 && civilCodeOf(channel.deviceId).startsWith(id);
}

/** All channels came to be with the process. */
function wasAdded({ fromMs = 0, toMs = Number.POSITIVE_INFINITY }: ReturnType<typeof parseCatalogQuery>): boolean {
  return performance.timeOrigin >= fromMs && performance.timeOrigin <= toMs;
}

function civilCodeOf(deviceId: string): string {
  return deviceId.slice(0, 6);
}

function catalogItem(channel: VirtualChannel, { device, localAddress, sipPort, reports }: CommandContext): CatalogItem {
  const { longitude = 0, latitude = 0 } = reports.placeOf(channel.id) ?? {};
  return {
    ...EMPTY_CATALOG_ITEM,
    id: channel.id,
    name: channel.name,
    manufacturer: MANUFACTURER,
    model: modelOf(device),
    owner: 'Owner',
    civilCode: civilCodeOf(device.id),
    address: localAddress,
    parentIdText: device.id,
    registerWay: 1,
    ipAddress: localAddress,
    port: sipPort,
    status: reports.isOff(channel.id) ? 'OFF' : 'ON',
    longitude,
    latitude,
    ptzType: DOME,
    streamNumbers: '0',
  };
}
