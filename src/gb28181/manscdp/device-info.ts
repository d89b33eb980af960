import type { Manscdp, ManscdpParts } from './message.ts';
import { xmlNode } from './xml.ts';

/** GB/T 28181 6.1; texts are empty where the device left them out. */
export interface DeviceInfo {
  readonly name: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly firmware: string;
  /** Number of video inputs. */
  readonly channels?: number;
}

export function deviceInfoQuery(sn: number, deviceId: string): ManscdpParts {
  return { root: 'Query', cmdType: 'DeviceInfo', sn, deviceId };
}

export function parseDeviceInfo({ body }: Manscdp): DeviceInfo {
  const channels = body.number('Channel') ?? body.number('MaxCamera');
  return {
    name: body.field('DeviceName'),
    manufacturer: body.field('Manufacturer'),
    model: body.field('Model'),
    firmware: body.field('Firmware'),
    ...(channels !== undefined && { channels }),
  };
}

export function deviceInfoResponse(sn: number, deviceId: string, info: DeviceInfo): ManscdpParts {
  const rest = [
    xmlNode('DeviceName', info.name),
    xmlNode('Result', 'OK'),
    xmlNode('Manufacturer', info.manufacturer),
    xmlNode('Model', info.model),
    xmlNode('Firmware', info.firmware),
    xmlNode('Channel', info.channels),
  ];
  return { root: 'Response', cmdType: 'DeviceInfo', sn, deviceId, rest };
}
