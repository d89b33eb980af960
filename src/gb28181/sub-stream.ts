import type { SubStreamDialect } from './device/settings.ts';
import type { GbAttribute } from './gb-sdp.ts';

/** SDP attribute that selects a stream (0 main, 1 sub, …) in the dialect of a device (GB/T 28181 13.3, quirks 2.2). */
export function subStreamAttributes(dialect: SubStreamDialect, subStream: number): GbAttribute[] {
  switch (dialect) {
    case 'none':
      return [];
    case 'stream':
    case 'streamnumber':
    case 'streamprofile':
      return [[dialect, String(subStream)]];
    case 'streamMode':
      return [[dialect, subStream === 0 ? 'main' : 'sub']];
  }
}

/** Stream number in an offer's attributes, in whichever dialect; 0 where none is told. */
export function subStreamOf(attributes: readonly GbAttribute[]): number {
  for (const [name, value] of attributes) {
    const lower = name.toLowerCase();
    if (lower === 'streammode') return value.trim().toLowerCase() === 'sub' ? 1 : 0;
    if (lower !== 'stream' && lower !== 'streamnumber' && lower !== 'streamprofile') continue;
    const number = Number(value);
    return Number.isInteger(number) && number >= 0 ? number : 0;
  }
  return 0;
}
