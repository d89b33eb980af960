import type { Manscdp, ManscdpParts } from './message.ts';
import { xmlNode } from './xml.ts';

/** NotifyType of the end of a historic file (GB/T 28181 5.3). */
export const MEDIA_STATUS_FILE_END = 121;

export function mediaStatusNotify(sn: number, deviceId: string, notifyType = MEDIA_STATUS_FILE_END): ManscdpParts {
  return { root: 'Notify', cmdType: 'MediaStatus', sn, deviceId, rest: [xmlNode('NotifyType', notifyType)] };
}

/** NotifyType, 0 where it cannot be read. */
export function parseMediaStatus({ body }: Manscdp): number {
  return body.number('NotifyType') ?? 0;
}
