import { expect, test } from 'vitest';
import { freePreset } from './presets.ts';

test.each([
  [[], 1],
  [['1', '2', '4'], 3],
  [['2'], 1],
  [['01', 'x'], 2],
])('freePreset of %j is %i', (ids, number) => expect(freePreset(ids.map((id) => ({ id })))).toBe(number));

test('freePreset where all are taken is the first', () => {
  expect(freePreset(Array.from({ length: 255 }, (_, index) => ({ id: String(index + 1) })))).toBe(1);
});
