import type { Manscdp, ManscdpParts } from '../../gb28181/manscdp/message.ts';
import { xmlNode } from '../../gb28181/manscdp/xml.ts';
import { catalog } from './catalog.ts';
import { deviceControl } from './control.ts';
import { configDownload, deviceInfo, deviceStatus } from './device.ts';
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
  ['PresetQuery', (command) => [nothingFound(command, [xmlNode('SumNum', 0), xmlNode('PresetList', [], { Num: 0 })])]],
  ['DeviceControl', deviceControl],
]);

/** Messages that answer a query, in order; none for what needs no answer (GB/T 28181 4.9). */
export function runCommand(command: Manscdp, context: CommandContext): ManscdpParts[] {
  return HANDLERS.get(command.cmdType)?.(command, context) ?? [];
}

function nothingFound({ cmdType, sn, deviceId }: Manscdp, rest: ManscdpParts['rest']): ManscdpParts {
  return { root: 'Response', cmdType, sn, deviceId, ...(rest !== undefined && { rest }) };
}
