import type { Manscdp, ManscdpParts } from './message.ts';
import { xmlNode } from './xml.ts';

/** GB/T 28181 6.2; texts as sent, empty where absent. */
export interface DeviceStatus {
  readonly online: boolean;
  /** `OK` or `ERROR`. */
  readonly status: string;
  /** `ON` or `OFF`. */
  readonly encode: string;
  readonly record: string;
  readonly deviceTime: string;
}

export function deviceStatusQuery(sn: number, deviceId: string): ManscdpParts {
  return { root: 'Query', cmdType: 'DeviceStatus', sn, deviceId };
}

export function parseDeviceStatus({ body }: Manscdp): DeviceStatus {
  return {
    online: body.field('Online').toUpperCase() === 'ONLINE',
    status: body.field('Status'),
    encode: body.field('Encode'),
    record: body.field('Record'),
    deviceTime: body.field('DeviceTime'),
  };
}

export function deviceStatusResponse(sn: number, deviceId: string, status: DeviceStatus): ManscdpParts {
  const rest = [
    xmlNode('Result', 'OK'),
    xmlNode('Online', status.online ? 'ONLINE' : 'OFFLINE'),
    xmlNode('Status', status.status),
    xmlNode('Encode', status.encode),
    xmlNode('Record', status.record),
    xmlNode('DeviceTime', status.deviceTime),
  ];
  return { root: 'Response', cmdType: 'DeviceStatus', sn, deviceId, rest };
}
