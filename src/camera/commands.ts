import { formatGbTime } from '../gb28181/beijing-time.ts';
import { catalogResponse, EMPTY_CATALOG_ITEM } from '../gb28181/manscdp/catalog.ts';
import type { CatalogItem } from '../gb28181/types.ts';
import { basicParamResponse } from '../gb28181/manscdp/config-download.ts';
import { parseDeviceControl } from '../gb28181/manscdp/device-control.ts';
import { deviceInfoResponse } from '../gb28181/manscdp/device-info.ts';
import { deviceStatusResponse } from '../gb28181/manscdp/device-status.ts';
import type { Manscdp, ManscdpParts } from '../gb28181/manscdp/message.ts';
import { xmlNode } from '../gb28181/manscdp/xml.ts';
import { decodePtz, type PtzCommand } from '../gb28181/ptz.ts';
import type { VirtualChannel, VirtualDevice } from './device.ts';

export const MANUFACTURER = 'gbrtc';
const MODEL = { camera: 'VC-1', recorder: 'VR-1' } as const;
const FIRMWARE = 'V1.0';
/** PTZType dome (GB/T 28181 7.3). */
const DOME = 1;
const HEARTBEATS = 3;

/** What a camera that gets a command can do to the rest of itself. */
export interface CommandEffects {
  readonly onPtz: (channelId: string, command: PtzCommand) => void;
  readonly onKeyFrame: (channelId: string) => void;
  readonly onReboot: () => void;
}

export interface CommandContext {
  readonly device: VirtualDevice;
  readonly localAddress: string;
  readonly sipPort: number;
  readonly catalogBatch: number;
  readonly expiresSec: number;
  readonly keepaliveSec: number;
  readonly effects: CommandEffects;
}

/** Messages that answer a query, in order; none for what needs no answer (GB/T 28181 4.9). */
export function runCommand(command: Manscdp, context: CommandContext): ManscdpParts[] {
  const { device } = context;
  const { cmdType, sn, deviceId, body } = command;
  switch (cmdType) {
    case 'Catalog':
      return catalogParts(sn, context);
    case 'DeviceInfo':
      return [
        deviceInfoResponse(sn, deviceId, {
          name: device.name,
          manufacturer: MANUFACTURER,
          model: modelOf(device),
          firmware: FIRMWARE,
          channels: device.channels.length,
        }),
      ];
    case 'DeviceStatus':
      return [
        deviceStatusResponse(sn, deviceId, {
          online: true,
          status: 'OK',
          encode: 'ON',
          record: 'OFF',
          deviceTime: formatGbTime(Date.now()),
        }),
      ];
    case 'ConfigDownload':
      return body
        .field('ConfigType')
        .split('/')
        .map((type) => configPart(type, command, context));
    case 'RecordInfo':
      return [nothingFound(command, [xmlNode('Name', device.name), xmlNode('SumNum', 0)])];
    case 'PresetQuery':
      return [nothingFound(command, [xmlNode('SumNum', 0), xmlNode('PresetList', [], { Num: 0 })])];
    case 'DeviceControl':
      control(command, context);
      return [];
    default:
      return [];
  }
}

function modelOf({ channels }: VirtualDevice): string {
  return channels.length > 1 ? MODEL.recorder : MODEL.camera;
}

/** Every part repeats the total (GB/T 28181 7.4). */
function catalogParts(sn: number, context: CommandContext): ManscdpParts[] {
  const { device, catalogBatch } = context;
  const items = device.channels.map((channel) => catalogItem(channel, context));
  const parts: ManscdpParts[] = [];
  for (let at = 0; at < items.length; at += catalogBatch) {
    parts.push(catalogResponse(sn, device.id, { sumNum: items.length, items: items.slice(at, at + catalogBatch) }));
  }
  return parts;
}

function catalogItem(channel: VirtualChannel, { device, localAddress, sipPort }: CommandContext): CatalogItem {
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
    ptzType: DOME,
    streamNumbers: '0',
  };
}

function configPart(type: string, { sn, deviceId }: Manscdp, context: CommandContext): ManscdpParts {
  if (type.trim() !== 'BasicParam') {
    return { root: 'Response', cmdType: 'ConfigDownload', sn, deviceId, rest: [xmlNode('Result', 'ERROR')] };
  }
  return basicParamResponse(sn, deviceId, {
    name: context.device.name,
    expirationSec: context.expiresSec,
    heartBeatIntervalSec: context.keepaliveSec,
    heartBeatCount: HEARTBEATS,
  });
}

function nothingFound({ cmdType, sn, deviceId }: Manscdp, rest: ManscdpParts['rest']): ManscdpParts {
  return { root: 'Response', cmdType, sn, deviceId, ...(rest !== undefined && { rest }) };
}

function control(command: Manscdp, { device, effects }: CommandContext): void {
  const received = parseDeviceControl(command);
  if (received === undefined) return;
  // Platforms that know only the device mean its first channel.
  const asked = device.channels.find(({ id }) => id === command.deviceId) ?? device.channels[0];
  const channelId = asked?.id ?? device.id;
  switch (received.kind) {
    case 'ptz': {
      const ptz = decodePtz(received.hex);
      if (typeof ptz !== 'string') effects.onPtz(channelId, ptz);
      return;
    }
    case 'key_frame':
      effects.onKeyFrame(channelId);
      return;
    case 'reboot':
      effects.onReboot();
      return;
  }
}
