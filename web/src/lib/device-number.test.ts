import { expect, test } from 'vitest';
import { suggestIds } from './device-number.ts';

test.each([
  { name: 'first of the domain', realm: '3402000000', used: [], start: 1, deviceId: '34020000001320000001' },
  {
    name: 'next free one',
    realm: '3402000000',
    used: ['34020000001320000001', '34020000001320000002'],
    start: 1,
    deviceId: '34020000001320000003',
  },
  { name: 'another one', realm: '4401050000', used: [], start: 7, deviceId: '44010500001320000007' },
  { name: 'a realm that is no domain', realm: 'example.org', used: [], start: 1, deviceId: '34020000001320000001' },
])('$name', ({ realm, used, start, deviceId }) => {
  const ids = suggestIds(realm, new Set(used), start);
  expect(ids.deviceId).toBe(deviceId);
  expect(ids.channelId).toBe(deviceId.replace('00132', '00131'));
  expect(ids.deviceId).toMatch(/^\d{20}$/);
});
