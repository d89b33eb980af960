import type { ApiContext } from '../context.ts';
import { ApiError } from '../errors.ts';
import {
  alarmResetSchema,
  capabilitiesSchema,
  commandQuery,
  formatSchema,
  guardSchema,
  recordSchema,
  upgradeOrderSchema,
  upgradeSchema,
} from '../schemas/control.ts';
import { DEVICE_ERRORS, optionsOf, type CommandRoutes } from './command-routes.ts';
import { deviceParams, requireDevice } from './devices.ts';
import type { Routes } from './route.ts';

const BOTH = ['device', 'channel'] as const;

/** What a device is told to do besides turning (GB/T 28181 9.2). */
export function addDeviceCommandRoutes(routes: CommandRoutes): void {
  routes.control({
    levels: ['device'],
    path: '/reboot',
    summary: 'Restart the device',
    control: () => ({ kind: 'reboot' }),
  });
  routes.control({
    path: '/key-frame',
    summary: 'Ask for a key frame',
    control: () => ({ kind: 'key_frame' }),
  });
  routes.control({
    levels: BOTH,
    path: '/record',
    summary: 'Start or stop recording in the device',
    body: recordSchema,
    control: ({ body: { on, streamNumber } }) => ({
      kind: 'record',
      on,
      ...(streamNumber !== undefined && { streamNumber }),
    }),
  });
  routes.control({
    levels: BOTH,
    path: '/guard',
    summary: 'Arm or disarm',
    body: guardSchema,
    control: ({ body: { set } }) => ({ kind: 'guard', set }),
  });
  routes.control({
    levels: BOTH,
    path: '/alarm-reset',
    summary: 'Reset alarms',
    body: alarmResetSchema,
    control: ({ body: { alarmMethod, alarmType } }) => ({
      kind: 'alarm_reset',
      ...(alarmMethod !== undefined && { alarmMethod }),
      ...(alarmType !== undefined && { alarmType }),
    }),
  });
  routes.control({
    levels: ['device'],
    path: '/sd-cards/format',
    summary: 'Format SD cards (GB/T 28181-2022); their status tells the progress',
    body: formatSchema,
    control: ({ body: { card } }) => ({ kind: 'format_sd_card', card }),
  });
}

/** Upgrades, and what is known of a device's commands. */
export function addUpgradeRoutes(routes: Routes, { parts: { platform } }: ApiContext): void {
  routes.add({
    method: 'post',
    path: '/api/v1/devices/{deviceId}/upgrade',
    tag: 'control',
    summary: 'Upgrade the firmware (GB/T 28181-2022); answers when the device has confirmed the order',
    access: 'admin',
    params: deviceParams,
    query: commandQuery,
    body: upgradeOrderSchema,
    status: 202,
    response: upgradeSchema,
    errors: [...DEVICE_ERRORS, 413, 415],
    handle: ({ params: { deviceId }, query, body, res }) => {
      requireDevice(platform, deviceId);
      return platform.upgrades.start({ deviceId, channelId: deviceId }, body, optionsOf({ query, res }));
    },
  });

  routes.add({
    method: 'get',
    path: '/api/v1/devices/{deviceId}/upgrade',
    tag: 'control',
    summary: 'How the latest upgrade goes',
    access: 'admin',
    params: deviceParams,
    status: 200,
    response: upgradeSchema,
    errors: [404],
    handle: ({ params: { deviceId } }) => {
      requireDevice(platform, deviceId);
      const upgrade = platform.upgrades.get(deviceId);
      if (upgrade === undefined) throw new ApiError('upgrade_unknown', `device ${deviceId} has not been upgraded`);
      return upgrade;
    },
  });

  routes.add({
    method: 'get',
    path: '/api/v1/devices/{deviceId}/capabilities',
    tag: 'control',
    summary: 'What became of each command that this device has got',
    access: 'admin',
    params: deviceParams,
    status: 200,
    response: capabilitiesSchema,
    errors: [404],
    handle: ({ params: { deviceId } }) => {
      requireDevice(platform, deviceId);
      return { items: platform.capabilities(deviceId) };
    },
  });
}
