import type { PlayRequest } from './types.ts';

const APP = 'live';
const NAME = /^(?:live\/)?([^/_\s]{1,64})_([^/_\s]{1,64})(?:_(\d{1,2}))?$/;

/** `live/<device>_<channel>`, with `_<n>` for a sub-stream. */
export function formatStreamName({ deviceId, channelId, subStream }: PlayRequest): string {
  return `${APP}/${deviceId}_${channelId}${subStream === 0 ? '' : `_${subStream}`}`;
}

/** The channel that a name tells, with or without the app. */
export function parseStreamName(name: string): PlayRequest | undefined {
  const match = NAME.exec(name);
  const [, deviceId, channelId, subStream = '0'] = match ?? [];
  if (deviceId === undefined || channelId === undefined) return undefined;
  return { deviceId, channelId, subStream: Number(subStream) };
}

/** SSRC in the decimal text of GB/T 28181: ten digits, leading zeros kept. */
export function isSsrcName(name: string): boolean {
  return /^\d{10}$/.test(name);
}
