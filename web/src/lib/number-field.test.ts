import { expect, test } from 'vitest';
import { decimalNumber, wholeNumber } from './number-field.ts';

test.each([
  ['0', 0],
  [' 255 ', 255],
  ['256', undefined],
  ['-1', undefined],
  ['1.5', undefined],
  ['', undefined],
  ['1e2', undefined],
])('a whole number from 0 to 255: %j is %j', (text, value) => expect(wholeNumber(text, 0, 255)).toBe(value));

test.each([
  ['-90', -90],
  ['12.5', 12.5],
  ['-0.25', -0.25],
  ['90.1', undefined],
  ['.5', undefined],
  ['', undefined],
  ['12°', undefined],
])('degrees from -90 to 90: %j is %j', (text, value) => expect(decimalNumber(text, -90, 90)).toBe(value));
