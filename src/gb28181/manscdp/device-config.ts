import { configNodes, parseConfigValues } from './config-download.ts';
import type { ConfigValues } from './config-values.ts';
import type { Manscdp, ManscdpParts } from './message.ts';

/** Writes configuration (GB/T 28181 9.4). */
export function deviceConfig(sn: number, deviceId: string, values: ConfigValues): ManscdpParts {
  return { root: 'Control', cmdType: 'DeviceConfig', sn, deviceId, rest: configNodes(values) };
}

export function parseDeviceConfig(message: Manscdp): ConfigValues {
  return parseConfigValues(message);
}
