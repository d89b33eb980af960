import type { Manscdp, ManscdpParts } from '../../gb28181/manscdp/message.ts';
import { catalog } from './catalog.ts';
import { configDownload, deviceConfig } from './config.ts';
import { deviceControl } from './control.ts';
import { deviceInfo, deviceStatus } from './device.ts';
import {
  cruiseTrackListQuery,
  cruiseTrackQuery,
  homePositionQuery,
  presetQuery,
  ptzPosition,
  sdCardStatus,
} from './ptz-queries.ts';
import { alarm, mobilePosition } from './report-queries.ts';
import { recordInfo } from './record-info.ts';
import type { CommandContext, CommandHandler } from './types.ts';

export type { CommandContext } from './types.ts';

/** By CmdType. */
const HANDLERS: ReadonlyMap<string, CommandHandler> = new Map([
  ['Catalog', catalog],
  ['DeviceInfo', deviceInfo],
  ['DeviceStatus', deviceStatus],
  ['ConfigDownload', configDownload],
  ['RecordInfo', recordInfo],
  ['PresetQuery', presetQuery],
  ['Alarm', alarm],
  ['MobilePosition', mobilePosition],
  ['DeviceControl', deviceControl],
  ['DeviceConfig', deviceConfig],
]);

/** Only since GB/T 28181-2022: older devices take them with 200 and stay silent. */
const HANDLERS_2022: ReadonlyMap<string, CommandHandler> = new Map([
  ['HomePositionQuery', homePositionQuery],
  ['CruiseTrackListQuery', cruiseTrackListQuery],
  ['CruiseTrackQuery', cruiseTrackQuery],
  ['PTZPosition', ptzPosition],
  ['SDCardStatus', sdCardStatus],
]);

/** Messages that answer a query, in order; none for what needs no answer (GB/T 28181 4.9). */
export function runCommand(command: Manscdp, context: CommandContext): ManscdpParts[] {
  const since2022 = context.behaviour.edition === '2022' ? HANDLERS_2022.get(command.cmdType) : undefined;
  return (HANDLERS.get(command.cmdType) ?? since2022)?.(command, context) ?? [];
}
