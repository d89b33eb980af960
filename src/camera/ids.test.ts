import { describe, expect, test } from 'vitest';
import { CameraOptionError } from './errors.ts';
import { channelIds, countUp } from './ids.ts';

describe('IDs', () => {
  test.each([
    { first: '34020000001320000001', count: 3, last: '34020000001320000003' },
    { first: '34020000001320000999', count: 2, last: '34020000001320001000' },
    { first: 'any-id', count: 1, last: 'any-id' },
  ])('$count from $first', ({ first, count, last }) => {
    expect(countUp(first, count).at(-1)).toBe(last);
  });

  test.each([
    { first: 'any-id', count: 2 },
    { first: '34020000001320999999', count: 2 },
  ])('refuses $count from $first', ({ first, count }) => {
    expect(() => countUp(first, count)).toThrow(CameraOptionError);
  });

  test.each([
    { device: '34020000001320000007', count: 1, ids: ['34020000001310000007'] },
    { device: '34020000001180000003', count: 2, ids: ['34020000001310000006', '34020000001310000007'] },
    { device: 'short', count: 2, ids: ['short', 'short-2'] },
  ])('$count channels of $device', ({ device, count, ids }) => {
    expect(channelIds(device, count)).toEqual(ids);
  });

  test('the channels of a crowd of recorders are all different', () => {
    const ids = countUp('34020000001180000001', 500).flatMap((id) => channelIds(id, 16));
    expect(new Set(ids).size).toBe(8_000);
  });
});
