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
  /** What is wrong, where the status is ERROR. */
  readonly reason: string;
  /** Alarm inputs and whether they are armed: ONDUTY, OFFDUTY, ALARM. */
  readonly alarms: ReadonlyArray<{ readonly deviceId: string; readonly dutyStatus: string }>;
}

const MAX_ALARMS = 1_000;

export function deviceStatusQuery(sn: number, deviceId: string): ManscdpParts {
  return { root: 'Query', cmdType: 'DeviceStatus', sn, deviceId };
}

export function parseDeviceStatus({ body }: Manscdp): DeviceStatus {
  const items = body.child('Alarmstatus')?.childrenNamed('Item') ?? [];
  return {
    online: body.field('Online').toUpperCase() === 'ONLINE',
    status: body.field('Status'),
    encode: body.field('Encode'),
    record: body.field('Record'),
    deviceTime: body.field('DeviceTime'),
    reason: body.field('Reason').slice(0, 256),
    alarms: items
      .slice(0, MAX_ALARMS)
      .map((item) => ({ deviceId: item.field('DeviceID'), dutyStatus: item.field('DutyStatus').toUpperCase() })),
  };
}

export function deviceStatusResponse(
  sn: number,
  deviceId: string,
  status: Omit<DeviceStatus, 'reason' | 'alarms'> & Partial<DeviceStatus>,
): ManscdpParts {
  const { reason = '', alarms = [] } = status;
  const items = alarms.map((alarm) =>
    xmlNode('Item', [xmlNode('DeviceID', alarm.deviceId), xmlNode('DutyStatus', alarm.dutyStatus)]),
  );
  const rest = [
    xmlNode('Result', 'OK'),
    xmlNode('Online', status.online ? 'ONLINE' : 'OFFLINE'),
    xmlNode('Status', status.status),
    xmlNode('Reason', reason === '' ? undefined : reason),
    xmlNode('Encode', status.encode),
    xmlNode('Record', status.record),
    xmlNode('DeviceTime', status.deviceTime),
    ...(items.length === 0 ? [] : [xmlNode('Alarmstatus', items, { Num: items.length })]),
  ];
  return { root: 'Response', cmdType: 'DeviceStatus', sn, deviceId, rest };
}
