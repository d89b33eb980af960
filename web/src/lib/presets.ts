const MAX_PRESET = 255;

/** First number that no preset has; 1 where all are taken. */
export function freePreset(presets: ReadonlyArray<{ readonly id: string }>): number {
  const taken = new Set(presets.map(({ id }) => Number(id)));
  for (let number = 1; number <= MAX_PRESET; number += 1) if (!taken.has(number)) return number;
  return 1;
}
