import { formatGbTime } from '../../gb28181/beijing-time.ts';
import { deviceInfoResponse } from '../../gb28181/manscdp/device-info.ts';
import { deviceStatusResponse } from '../../gb28181/manscdp/device-status.ts';
import { FIRMWARE, MANUFACTURER, modelOf } from './model.ts';
import type { CommandHandler } from './types.ts';

export const deviceInfo: CommandHandler = ({ sn, deviceId }, { device }) => [
  deviceInfoResponse(sn, deviceId, {
    name: device.name,
    manufacturer: MANUFACTURER,
    model: modelOf(device),
    firmware: device.state.firmware ?? FIRMWARE,
    channels: device.channels.length,
  }),
];

export const deviceStatus: CommandHandler = ({ sn, deviceId }, { device }) => {
  const channels = device.channels.filter(({ id }) => deviceId === device.id || id === deviceId);
  const states = channels.map(({ id }) => ({ id, state: device.state.channel(id) }));
  return [
    deviceStatusResponse(sn, deviceId, {
      online: true,
      status: 'OK',
      encode: 'ON',
      record: states.some(({ state }) => state.recording) ? 'ON' : 'OFF',
      deviceTime: formatGbTime(Date.now()),
      alarms: states.map(({ id, state }) => ({ deviceId: id, dutyStatus: state.guarded ? 'ONDUTY' : 'OFFDUTY' })),
    }),
  ];
};
