import type { DeviceRecord } from '../device/record.ts';
import type { CommandTarget } from './types.ts';

/** DeviceID of a command; a device is known to us by another ID than its own where several have the same. */
export function targetId(record: DeviceRecord, { channelId }: CommandTarget): string {
  return channelId === record.id ? record.wireId : channelId;
}
