import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { NewAlarm, Position } from '../gb28181/index.ts';
import { createAlarmStore, createPositionStore, openDatabase } from './index.ts';

const ALARM: NewAlarm = {
  deviceId: 'd',
  channelId: 'c',
  receivedAt: 2,
  alarmedAt: 1,
  priority: 1,
  method: 5,
  type: 2,
  eventType: 1,
  description: '移动',
  longitude: 118.38,
  latitude: 31.33,
  snapshot: 'pending',
};

describe('alarms', () => {
  test('survive a restart, whose snapshots under way have failed', () => {
    const directory = mkdtempSync(join(tmpdir(), 'gbrtc-alarms-'));
    const first = openDatabase(join(directory, 'a.db'));
    const id = createAlarmStore(first).add(ALARM);
    first.close();
    const second = openDatabase(join(directory, 'a.db'));
    const store = createAlarmStore(second);
    expect(store.get(id)).toEqual({ ...ALARM, id });
    store.failPendingSnapshots('restarted');
    expect(store.get(id)).toMatchObject({ snapshot: 'failed', snapshotReason: 'restarted' });
    second.close();
    rmSync(directory, { recursive: true });
  });

  test('are bounded by age, by number, and by number of pictures; the oldest go first', () => {
    const store = createAlarmStore(openDatabase(':memory:'));
    for (let n = 1; n <= 10; n += 1)
      store.setSnapshot(store.add({ ...ALARM, receivedAt: n }), { jpeg: Buffer.from([n]) });
    expect(store.prune({ before: 4, maxAlarms: 100, maxSnapshots: 100 })).toBe(3);
    expect(store.snapshot(3)).toBeUndefined();
    expect(store.prune({ before: 0, maxAlarms: 5, maxSnapshots: 2 })).toBe(2);
    expect(store.list({}, { page: 1, limit: 10 }).items.map(({ id, snapshot }) => `${id} ${snapshot}`)).toEqual([
      '10 taken',
      '9 taken',
      '8 failed',
      '7 failed',
      '6 failed',
    ]);
    expect(store.unacknowledged()).toBe(5);
    // An id is not used again.
    store.prune({ before: 100, maxAlarms: 0, maxSnapshots: 0 });
    expect(store.add(ALARM)).toBe(11);
  });
});

describe('positions', () => {
  const point = (at: number, more: Partial<Position> = {}): Position => {
    return { deviceId: 'd', channelId: 'c', at, receivedAt: at, longitude: 118, latitude: 31, ...more };
  };

  test('a track is the newest points of a range, oldest first; the latest is by the clock of the device', () => {
    const store = createPositionStore(openDatabase(':memory:'));
    store.add([
      point(3, { speed: 1, direction: 2, altitude: 3, height: 4 }),
      point(1),
      point(2),
      point(9, { channelId: 'other' }),
    ]);
    const range = (from: number, to: number, limit = 10) =>
      store.track({ deviceId: 'd', channelId: 'c' }, { from, to, limit }).map(({ at }) => at);
    expect(range(0, 10)).toEqual([1, 2, 3]);
    expect(range(2, 3)).toEqual([2, 3]);
    expect(range(0, 10, 2)).toEqual([2, 3]);
    expect(store.latest()).toEqual([
      point(3, { speed: 1, direction: 2, altitude: 3, height: 4 }),
      point(9, { channelId: 'other' }),
    ]);
  });

  test('are bounded by age and by number; the latest place stays', () => {
    const store = createPositionStore(openDatabase(':memory:'));
    store.add(Array.from({ length: 10 }, (_, n) => point(n + 1)));
    expect(store.prune({ before: 4, max: 100 })).toBe(3);
    expect(store.prune({ before: 0, max: 2 })).toBe(5);
    expect(store.track({ deviceId: 'd', channelId: 'c' }, { from: 0, to: 99, limit: 99 }).map(({ at }) => at)).toEqual([
      9, 10,
    ]);
    store.prune({ before: 99, max: 0 });
    expect(store.latest()).toEqual([point(10)]);
    store.add([point(11), point(12, { channelId: 'other' })]);
    store.forgetLatest([point(0)]);
    expect(store.latest()).toEqual([point(12, { channelId: 'other' })]);
    expect(store.track({ deviceId: 'd', channelId: 'c' }, { from: 0, to: 99, limit: 99 })).toEqual([point(11)]);
    store.deleteDevice('d');
    expect(store.latest()).toEqual([]);
  });
});
