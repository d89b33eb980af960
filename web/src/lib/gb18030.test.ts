import iconv from 'iconv-lite';
import { expect, test } from 'vitest';
import { gb18030Length } from './gb18030.ts';

test.each([
  { text: '', length: 0 },
  { text: 'Gate 1', length: 6 },
  { text: '大门', length: 4 },
  { text: 'Café', length: 5 },
  { text: 'ü', length: 2 },
  { text: 'ÿ', length: 4 },
  { text: '€', length: 2 },
  { text: '한', length: 4 },
  { text: '😀', length: 4 },
])('gb18030Length of "$text" is $length', ({ text, length }) => expect(gb18030Length(text)).toBe(length));

test('every letter, sign and ideograph is as long as the gateway writes it', () => {
  const different: string[] = [];
  for (let code = 0; code <= 0xffff; code += 1) {
    const character = String.fromCharCode(code);
    // Halves of a pair, and what each is free to use for its own.
    if (/[\p{Cs}\p{Co}]/u.test(character)) continue;
    if (gb18030Length(character) !== iconv.encode(character, 'gb18030').length) different.push(code.toString(16));
  }
  expect(different).toEqual([]);
});
