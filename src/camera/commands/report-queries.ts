import {
  alarmQueryResponse,
  parseAlarmQuery,
  type AlarmConditions,
  type ToldAlarm,
} from '../../gb28181/manscdp/alarm-query.ts';
import { positionResponse } from '../../gb28181/manscdp/position-notify.ts';
import { resultResponse } from '../../gb28181/manscdp/result.ts';
import type { CommandHandler } from './types.ts';

/** One alarm in a message, each with the total (GB/T 28181 7.4). */
export const alarm: CommandHandler = (command, { device }) => {
  const { sn, deviceId } = command;
  const conditions = parseAlarmQuery(command);
  const asked = device.state.alarms.filter(({ channelId }) => deviceId === device.id || channelId === deviceId);
  const found = asked.filter((each) => meets(each, conditions));
  if (found.length === 0) return [alarmQueryResponse(sn, deviceId, { sumNum: 0 })];
  return found.map((each) => alarmQueryResponse(sn, deviceId, { sumNum: found.length, alarm: each }));
};

/** 0 is all. */
function meets({ priority, method, type, alarmedAt = 0 }: ToldAlarm, conditions: AlarmConditions): boolean {
  const { startPriority = 0, endPriority = 0, fromMs = 0, toMs = Number.POSITIVE_INFINITY } = conditions;
  const { alarmMethod = '0', alarmType = '0' } = conditions;
  // As it was told, in whole seconds.
  const at = alarmedAt - (alarmedAt % 1000);
  return (
    priority >= startPriority &&
    (endPriority === 0 || priority <= endPriority) &&
    isOneOf(method, alarmMethod) &&
    isOneOf(type, alarmType) &&
    at >= fromMs &&
    at <= toMs
  );
}

function isOneOf(code: number, joined: string): boolean {
  const codes = joined.split('/').map(Number);
  return codes.includes(0) || codes.includes(code);
}

/** Of the device the place of its first channel; without one there is nothing to tell. */
export const mobilePosition: CommandHandler = (command, { device, reports, behaviour }) => {
  const { sn, deviceId } = command;
  const channel = device.channels.find(({ id }) => deviceId === device.id || id === deviceId);
  const position = channel && reports.placeOf(channel.id);
  if (position === undefined) return [resultResponse(command, false)];
  const form = behaviour.edition === '2022' ? 'list' : 'flat';
  return [positionResponse(sn, { form, deviceId: position.id, position })];
};
