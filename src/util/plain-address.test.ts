import { expect, test } from 'vitest';
import { plainAddress, withoutZone } from './plain-address.ts';

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:192.0.2.1', '192.0.2.1'],
  ['::ffff:c000:201', '::ffff:c000:201'],
  ['2001:db8::ffff:192.0.2.1', '2001:db8::ffff:192.0.2.1'],
  ['fe80::1%eth0', 'fe80::1%eth0'],
  ['::', '::'],
  ['', ''],
  ['camera.example', 'camera.example'],
])('%s is plainly %s', (address, plain) => {
  expect(plainAddress(address)).toBe(plain);
});

test('a closed socket has no address', () => {
  expect(plainAddress(undefined)).toBe('');
});

test.each([
  ['fe80::1%eth0', 'fe80::1'],
  ['fe80::1', 'fe80::1'],
  ['192.0.2.1', '192.0.2.1'],
])('%s without its zone is %s', (address, bare) => {
  expect(withoutZone(address)).toBe(bare);
});
