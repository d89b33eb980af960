import { expect, test } from 'vitest';
import { addressBytes } from './address-bytes.ts';

test.each([
  ['192.0.2.1', [192, 0, 2, 1]],
  ['::ffff:192.0.2.1', [192, 0, 2, 1]],
  ['::ffff:c000:201', [192, 0, 2, 1]],
  ['::', Array.from({ length: 16 }, () => 0)],
  ['::1', [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]],
  ['2001:db8::', [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
  ['2001:db8::8:800:200c:417a', [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 8, 8, 0, 0x20, 0xc, 0x41, 0x7a]],
  ['1:2:3:4:5:6:7:8', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]],
  ['fe80::1%eth0', [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]],
  ['64:ff9b::192.0.2.33', [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, 192, 0, 2, 33]],
  ['turn.example.org', undefined],
  ['', undefined],
  ['1.2.3', undefined],
  [':::', undefined],
])('the bytes of %s', (text, bytes) => {
  expect(addressBytes(text)).toEqual(bytes);
});
