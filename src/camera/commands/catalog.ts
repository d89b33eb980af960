import { catalogResponse, EMPTY_CATALOG_ITEM } from '../../gb28181/manscdp/catalog.ts';
import type { ManscdpParts } from '../../gb28181/manscdp/message.ts';
import type { CatalogItem } from '../../gb28181/types.ts';
import type { VirtualChannel } from '../device.ts';
import { MANUFACTURER, modelOf } from './model.ts';
import type { CommandContext, CommandHandler } from './types.ts';

/** PTZType dome (GB/T 28181 7.3). */
const DOME = 1;

/** Every part repeats the total (GB/T 28181 7.4). */
export const catalog: CommandHandler = ({ sn }, context) => {
  const { device, catalogBatch } = context;
  const items = device.channels.map((channel) => catalogItem(channel, context));
  const parts: ManscdpParts[] = [];
  for (let at = 0; at < items.length; at += catalogBatch) {
    parts.push(catalogResponse(sn, device.id, { sumNum: items.length, items: items.slice(at, at + catalogBatch) }));
  }
  return parts;
};

function catalogItem(channel: VirtualChannel, { device, localAddress, sipPort, reports }: CommandContext): CatalogItem {
  const { longitude = 0, latitude = 0 } = reports.placeOf(channel.id) ?? {};
  return {
    ...EMPTY_CATALOG_ITEM,
    id: channel.id,
    name: channel.name,
    manufacturer: MANUFACTURER,
    model: modelOf(device),
    owner: 'Owner',
    civilCode: device.id.slice(0, 6),
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
