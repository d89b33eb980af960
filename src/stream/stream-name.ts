import { StreamNameError } from './errors.ts';
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

/** Nothing that means something in a path, and no control character. */
const PUBLISHED_PART = /^(?!\.{1,2}$)[^/\\?#%\s\p{C}]{1,160}$/u;

/** `<app>/<name>` of a publication; `live` where no app is given. @throws StreamNameError */
export function publishedName(name: string): string {
  const parts = name.split('/');
  const [app, last] = parts.length === 1 ? [APP, name] : parts;
  if (
    app === undefined ||
    last === undefined ||
    parts.length > 2 ||
    ![app, last].every((p) => PUBLISHED_PART.test(p))
  ) {
    const shown = JSON.stringify(name.slice(0, 100));
    throw new StreamNameError(`${shown} cannot be a stream's name: 1 to 160 characters without / \\ ? # % and spaces`);
  }
  return `${app}/${last}`;
}
