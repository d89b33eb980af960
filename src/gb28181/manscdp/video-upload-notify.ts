import { formatGbTime, parseGbTime } from '../beijing-time.ts';
import { coordinate } from './alarm-notify.ts';
import type { Manscdp, ManscdpParts } from './message.ts';
import { xmlNode } from './xml.ts';

/** A device wants its picture to be fetched (GB/T 28181-2022 5.4). */
export interface VideoUpload {
  /** Unix ms; undefined where it cannot be read. */
  readonly at?: number;
  readonly longitude?: number;
  readonly latitude?: number;
}

export function videoUploadNotify(
  sn: number,
  channelId: string,
  { at = 0, longitude, latitude }: VideoUpload,
): ManscdpParts {
  const rest = [xmlNode('Time', formatGbTime(at)), xmlNode('Longitude', longitude), xmlNode('Latitude', latitude)];
  return { root: 'Notify', cmdType: 'VideoUploadNotify', sn, deviceId: channelId, rest };
}

export function parseVideoUploadNotify({ body }: Manscdp): VideoUpload {
  const at = parseGbTime(body.field('Time'));
  const longitude = coordinate(body, 'Longitude', 180);
  const latitude = coordinate(body, 'Latitude', 90);
  return {
    ...(at !== undefined && { at }),
    ...(longitude !== undefined && latitude !== undefined && { longitude, latitude }),
  };
}
