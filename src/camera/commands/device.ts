import { formatGbTime } from '../../gb28181/beijing-time.ts';
import { basicParamResponse } from '../../gb28181/manscdp/config-download.ts';
import { deviceInfoResponse } from '../../gb28181/manscdp/device-info.ts';
import { deviceStatusResponse } from '../../gb28181/manscdp/device-status.ts';
import type { Manscdp, ManscdpParts } from '../../gb28181/manscdp/message.ts';
import { xmlNode } from '../../gb28181/manscdp/xml.ts';
import { FIRMWARE, MANUFACTURER, modelOf } from './model.ts';
import type { CommandContext, CommandHandler } from './types.ts';

const HEARTBEATS = 3;

export const deviceInfo: CommandHandler = ({ sn, deviceId }, { device }) => [
  deviceInfoResponse(sn, deviceId, {
    name: device.name,
    manufacturer: MANUFACTURER,
    model: modelOf(device),
    firmware: FIRMWARE,
    channels: device.channels.length,
  }),
];

export const deviceStatus: CommandHandler = ({ sn, deviceId }) => [
  deviceStatusResponse(sn, deviceId, {
    online: true,
    status: 'OK',
    encode: 'ON',
    record: 'OFF',
    deviceTime: formatGbTime(Date.now()),
  }),
];

/** One Response for each type (GB/T 28181 9.4). */
export const configDownload: CommandHandler = (command, context) =>
  command.body
    .field('ConfigType')
    .split('/')
    .map((type) => configPart(type, command, context));

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
