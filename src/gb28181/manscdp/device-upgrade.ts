import type { Manscdp, ManscdpParts } from './message.ts';
import { struct, textField, type ValueOf } from './struct.ts';
import { xmlNode } from './xml.ts';

/** GB/T 28181-2022 9.2. */
export const deviceUpgradeStruct = struct({
  firmware: textField('Firmware'),
  fileUrl: textField('FileURL'),
  manufacturer: textField('Manufacturer'),
  /** Letters, digits, hyphens; 32-128 bytes. */
  sessionId: textField('SessionID'),
});

export type DeviceUpgrade = ValueOf<typeof deviceUpgradeStruct.shape>;

/** What a device reports after it has registered again. */
export interface DeviceUpgradeResult {
  readonly sessionId: string;
  readonly ok: boolean;
  readonly firmware: string;
  /** 01 download timeout, 02 package damaged, 03 system fault, 99 other; empty where not told. */
  readonly failedReason: string;
}

export function deviceUpgradeResultNotify(sn: number, deviceId: string, result: DeviceUpgradeResult): ManscdpParts {
  const { sessionId, ok, firmware, failedReason } = result;
  const rest = [
    xmlNode('SessionID', sessionId),
    xmlNode('UpgradeResult', ok ? 'OK' : 'ERROR'),
    xmlNode('Firmware', firmware),
    xmlNode('UpgradeFailedReason', failedReason === '' ? undefined : failedReason),
  ];
  return { root: 'Notify', cmdType: 'DeviceUpgradeResult', sn, deviceId, rest };
}

export function parseDeviceUpgradeResult({ body }: Manscdp): DeviceUpgradeResult {
  const text = (name: string): string => body.field(name).slice(0, 128);
  return {
    sessionId: text('SessionID'),
    ok: text('UpgradeResult').toUpperCase() === 'OK',
    firmware: text('Firmware'),
    failedReason: text('UpgradeFailedReason'),
  };
}
