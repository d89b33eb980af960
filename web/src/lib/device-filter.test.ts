import { expect, test } from 'vitest';
import type { Device } from '../api/types.ts';
import { deviceChoices, type DeviceFilter, type DeviceSort, selectDevices } from './device-filter.ts';

const device = (id: string, fields: Partial<Device>): Device => ({
  id,
  name: id,
  manufacturer: '',
  model: '',
  firmware: '',
  online: true,
  admission: 'approved',
  protocol: 'UDP',
  sourceAddress: '',
  sourcePort: 5060,
  userAgent: '',
  gbVersion: '2.0',
  registeredAt: 0,
  lastSeenAt: 0,
  expiresSec: 0,
  keepaliveIntervalSec: 0,
  keepaliveCount: 0,
  channelCount: 0,
  settings: { passwordSet: false },
  ...fields,
});

const devices = [
  device('a10', { manufacturer: 'Dahua', channelCount: 4, lastSeenAt: 1 }),
  device('a9', { manufacturer: 'Hikvision', model: 'DS-2CD', channelCount: 1, lastSeenAt: 3 }),
  device('b', { online: false, sourceAddress: '192.0.2.7', lastSeenAt: 2 }),
  device('d', { online: false, lastSeenAt: 9 }),
  device('c', { admission: 'pending', channelCount: 4 }),
];

test.each<{ filter?: DeviceFilter; search?: string; sort?: DeviceSort; reverse?: boolean; ids: string }>([
  { ids: 'a9 a10 b c d' },
  { filter: 'online', ids: 'a9 a10 c' },
  { filter: 'offline', ids: 'b d' },
  { filter: 'pending', ids: 'c' },
  { search: 'ds-2cd hik', ids: 'a9' },
  { search: '192.0.2', ids: 'b' },
  { sort: 'lastSeen', ids: 'a9 a10 c d b' },
  { sort: 'channels', ids: 'a10 c a9 b d' },
  { sort: 'name', reverse: true, ids: 'd c b a10 a9' },
  { sort: 'status', reverse: true, ids: 'b d a9 a10 c' },
])('$filter $search $sort $reverse', ({ filter = 'all', search = '', sort = 'name', reverse = false, ids }) => {
  expect(
    selectDevices(devices, { filter, search, sort, reverse })
      .map(({ id }) => id)
      .join(' '),
  ).toBe(ids);
});

test('deviceChoices: by name as numbers sort, the number beside it where it is not the name', () => {
  const named = [device('b', { name: 'Gate 10' }), device('c', { name: '' }), device('a', { name: 'Gate 9' })];
  expect(deviceChoices(named)).toEqual([
    { value: 'c', label: 'c' },
    { value: 'a', label: 'Gate 9', note: 'a' },
    { value: 'b', label: 'Gate 10', note: 'b' },
  ]);
  const own = device('d', { name: 'x', settings: { name: 'North gate', passwordSet: false } });
  expect(deviceChoices([own])).toEqual([{ value: 'd', label: 'North gate', note: 'd' }]);
});
