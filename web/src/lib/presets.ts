import { gb18030Length } from './gb18030.ts';

const MAX_PRESET = 255;
/** Of PresetName and CruiseTrackName, in GB18030 (GB/T 28181-2022 9.2). */
const MAX_NAME_BYTES = 32;

/** First number that no preset has; 1 where all are taken. */
export function freePreset(presets: ReadonlyArray<{ readonly id: string }>): number {
  const taken = new Set(presets.map(({ id }) => Number(id)));
  for (let number = 1; number <= MAX_PRESET; number += 1) if (!taken.has(number)) return number;
  return 1;
}

/** A name as it would be sent is longer than devices take. */
export const isTooLong = (name: string): boolean => gb18030Length(name.trim()) > MAX_NAME_BYTES;
