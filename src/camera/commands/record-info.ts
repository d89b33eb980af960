import type { ManscdpParts } from '../../gb28181/manscdp/message.ts';
import { parseRecordInfoQuery, recordInfoResponse } from '../../gb28181/manscdp/record-info.ts';
import type { CommandHandler } from './types.ts';

/** Parts of so many files, each with the total (GB/T 28181 7.4). */
export const recordInfo: CommandHandler = (command, { device, recordings, recordBatch }) => {
  const { sn, deviceId } = command;
  const query = parseRecordInfoQuery(command);
  const channel = device.channels.find(({ id }) => id === deviceId) ?? device.channels[0];
  const name = channel?.name ?? device.name;
  const items =
    query === undefined || channel === undefined
      ? []
      : recordings.find(channel, query.fromMs, query.toMs, query.type ?? 'all');
  if (items.length === 0) return [recordInfoResponse(sn, deviceId, { name, sumNum: 0, items })];
  const parts: ManscdpParts[] = [];
  for (let at = 0; at < items.length; at += recordBatch) {
    const part = { name, sumNum: items.length, items: items.slice(at, at + recordBatch) };
    parts.push(recordInfoResponse(sn, deviceId, part));
  }
  return parts;
};
