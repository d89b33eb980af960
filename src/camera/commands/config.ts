import { configDownloadResponse, parseConfigTypes } from '../../gb28181/manscdp/config-download.ts';
import {
  CONFIG_TYPES,
  CONFIG_TYPES_2016,
  type BasicParam,
  type ConfigType,
} from '../../gb28181/manscdp/config-values.ts';
import { parseDeviceConfig } from '../../gb28181/manscdp/device-config.ts';
import type { Manscdp, ManscdpParts } from '../../gb28181/manscdp/message.ts';
import { resultResponse } from '../../gb28181/manscdp/result.ts';
import { takeSnapshots } from './snapshot.ts';
import type { CommandContext, CommandHandler } from './types.ts';

const HEARTBEATS = 3;

/** One Response for each type (GB/T 28181 9.4). */
export const configDownload: CommandHandler = (command, context) =>
  parseConfigTypes(command).map((type) => configPart(type, command, context));

function configPart(name: string, command: Manscdp, context: CommandContext): ManscdpParts {
  const { sn, deviceId } = command;
  const { device, behaviour } = context;
  const type = CONFIG_TYPES.find((each) => each === name);
  if (type === undefined || !knows(type, context)) return resultResponse(command, false);
  const configured = device.state.config(deviceId);
  const value = type === 'BasicParam' ? { ...basicParam(context), ...configured.BasicParam } : configured[type];
  const answer = configDownloadResponse(sn, deviceId, { [type]: value });
  // Uniview (quirks 2.3).
  return behaviour.renamesConfig ? renamed(answer, type) : answer;
}

function renamed(answer: ManscdpParts, type: ConfigType): ManscdpParts {
  const rest = (answer.rest ?? []).map((node) => (node.name === type ? { ...node, name: `${type}Cfg` } : node));
  return { ...answer, rest };
}

function basicParam({ device, expiresSec, keepaliveSec }: CommandContext): BasicParam {
  return {
    name: device.name,
    expirationSec: expiresSec,
    heartBeatIntervalSec: keepaliveSec,
    heartBeatCount: HEARTBEATS,
  };
}

function knows(type: ConfigType, { behaviour }: CommandContext): boolean {
  return behaviour.edition === '2022' || CONFIG_TYPES_2016.has(type);
}

export const deviceConfig: CommandHandler = (command, context) => {
  const { device, behaviour, effects } = context;
  const values = parseDeviceConfig(command);
  const types = Object.keys(values) as ConfigType[];
  if (types.some((type) => !knows(type, context))) return [];
  // Dahua (quirks 2.3).
  const wrongTarget = behaviour.configuresDeviceOnly && command.deviceId !== device.id;
  if (types.length === 0 || wrongTarget) return [resultResponse(command, false)];
  device.state.configure(command.deviceId, values);
  const { SnapShotConfig } = values;
  if (SnapShotConfig !== undefined) {
    effects.inBackground('snapshots', () => takeSnapshots(command.deviceId, SnapShotConfig, context));
  }
  return behaviour.answersControls ? [resultResponse(command, true)] : [];
};
