import type { ManscdpParts } from '../../gb28181/manscdp/message.ts';
import { parseRecordInfoQuery, recordInfoResponse } from '../../gb28181/manscdp/record-info.ts';
import type { RecordItem, RecordQuery } from '../../gb28181/types.ts';
import type { CommandHandler } from './types.ts';

/** AlarmMethod and AlarmType of what was recorded for an alarm: video, motion (GB/T 28181 10.3). */
const MOTION = { alarmMethod: '5', alarmType: '2' } as const;

/** Parts of so many files, each with the total (GB/T 28181 7.4). */
export const recordInfo: CommandHandler = (command, { device, recordings, recordBatch, behaviour }) => {
  const { sn, deviceId } = command;
  const query = parseRecordInfoQuery(command);
  const channel = device.channels.find(({ id }) => id === deviceId) ?? device.channels[0];
  const name = channel?.name ?? device.name;
  const found =
    query === undefined || channel === undefined
      ? []
      : recordings.find(channel, query.fromMs, query.toMs, query.type ?? 'all');
  const { streamNumber = 0 } = query ?? {};
  const has = streamNumber === 0 || (streamNumber === 1 && behaviour.hasSubStream);
  const ofStream = has ? found.map((item) => asOf(item, streamNumber)) : [];
  const items = query === undefined ? [] : ofStream.filter((item) => meets(item, query));
  if (items.length === 0) return [recordInfoResponse(sn, deviceId, { name, sumNum: 0, items })];
  const parts: ManscdpParts[] = [];
  for (let at = 0; at < items.length; at += recordBatch) {
    const part = { name, sumNum: items.length, items: items.slice(at, at + recordBatch) };
    parts.push(recordInfoResponse(sn, deviceId, part));
  }
  return parts;
};

/** The sub-stream is recorded whenever the main stream is; how large its files are is not told. */
function asOf(item: RecordItem, streamNumber: number): RecordItem {
  return streamNumber === 0 ? item : { ...item, streamNumber, fileSize: 0 };
}

/** GB/T 28181 8.1: a part of the address is enough. */
function meets(item: RecordItem, query: Partial<RecordQuery>): boolean {
  const { filePath = item.filePath, address = '', secrecy = 0, recorderId = item.recorderId } = query;
  return (
    item.filePath === filePath &&
    item.address.includes(address) &&
    item.secrecy === secrecy &&
    item.recorderId === recorderId &&
    isOfAlarm(item, 'alarmMethod', query) &&
    isOfAlarm(item, 'alarmType', query)
  );
}

function isOfAlarm({ type }: RecordItem, name: keyof typeof MOTION, query: Partial<RecordQuery>): boolean {
  const asked = query[name];
  if (asked === undefined || asked === '0') return true;
  return type === 'alarm' && asked.split('/').includes(MOTION[name]);
}
