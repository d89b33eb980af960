import { expect, test } from 'vitest';
import { freePreset, isTooLong } from './presets.ts';

test.each([
  [[], 1],
  [['1', '2', '4'], 3],
  [['2'], 1],
  [['01', 'x'], 2],
])('freePreset of %j is %i', (ids, number) => expect(freePreset(ids.map((id) => ({ id })))).toBe(number));

test('freePreset where all are taken is the first', () => {
  expect(freePreset(Array.from({ length: 255 }, (_, index) => ({ id: String(index + 1) })))).toBe(1);
});

test.each([
  ['', false],
  ['门'.repeat(16), false],
  ['门'.repeat(17), true],
  [` ${'g'.repeat(32)} `, false],
  [`${'g'.repeat(31)}门`, true],
])('isTooLong of "%s" is %s', (name, tooLong) => expect(isTooLong(name)).toBe(tooLong));
