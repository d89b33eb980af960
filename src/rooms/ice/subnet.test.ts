import { describe, expect, test } from 'vitest';
import { addressBytes } from '../../util/index.ts';
import { commonPrefix } from './subnet.ts';

describe('commonPrefix', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1', 32],
    ['192.0.2.1', '192.0.2.2', 30],
    ['10.1.0.0', '10.0.255.255', 15],
    ['10.0.0.0', '10.128.0.0', 8],
    // By chance: 7 bits.
    ['10.0.0.0', '11.0.0.0', 0],
    ['2001:db8::1', '2001:db8::2', 126],
    ['2001:db8::', '2001:db9::', 31],
    ['2001:db8::', '2003:db8::', 0],
    ['192.0.2.1', '2001:db8::1', 0],
    ['::ffff:192.0.2.1', '192.0.2.129', 24],
    ['turn.example.org', '192.0.2.1', 0],
  ])('%s and %s: %i', (one, other, bits) => {
    expect(commonPrefix(addressBytes(one), addressBytes(other))).toBe(bits);
    expect(commonPrefix(addressBytes(other), addressBytes(one))).toBe(bits);
  });
});
