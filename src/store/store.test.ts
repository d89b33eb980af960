import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Channel, Device } from '../gb28181/index.ts';
import { createDeviceStore, DatabaseError, migrate, openDatabase, SchemaTooNewError } from './index.ts';

const DEVICE: Device = {
  id: '34020000001180000001',
  name: '大门 "NVR"',
  manufacturer: 'ACME',
  model: 'N-16',
  firmware: 'V1',
  online: true,
  admission: 'approved',
  protocol: 'tcp',
  sourceAddress: '127.0.0.9',
  sourcePort: 5060,
  userAgent: 'IP Camera',
  gbVersion: '2.0',
  registeredAt: 1_772_294_400_123,
  lastSeenAt: 1_772_294_400_456,
  expiresSec: 3600,
  keepaliveIntervalSec: 60,
  keepaliveCount: 7,
  channelCount: 2,
  offlineReason: 'expired',
  learnedTransport: 'udp',
  settings: { password: "p'; DROP TABLE device; --", charset: 'utf-8', requestUriHost: 'domain', dateHeader: false },
};

function channelOf(id: string, more: Partial<Channel> = {}): Channel {
  return {
    deviceId: DEVICE.id,
    id,
    name: '一号',
    manufacturer: 'ACME',
    model: 'C',
    owner: 'o',
    civilCode: '340200',
    block: 'b',
    address: 'a',
    parental: 65_535,
    parentIdText: 'a/b',
    parentId: DEVICE.id,
    businessGroupId: 'g',
    safetyWay: 1,
    registerWay: 1,
    secrecy: 0,
    ipAddress: '192.0.2.1',
    port: 80,
    status: 'OFF',
    fault: 'VLOST',
    longitude: 118.38,
    latitude: -31.33,
    ptzType: 3,
    resolution: '6/4',
    downloadSpeed: '1/2',
    streamNumbers: '0/1',
    details: { DirectionType: '3', PointCommonName: '北门' },
    kind: 'video',
    updatedAt: 1,
    ...more,
  };
}

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-'));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

describe('device store', () => {
  test('every property of a device and a channel survives a restart', () => {
    const file = join(folder, 'g.db');
    const first = openDatabase(file);
    const store = createDeviceStore(first);
    const { offlineReason: _reason, learnedTransport: _transport, ...bare } = DEVICE;
    store.saveDevice(DEVICE);
    store.saveDevice({ ...bare, id: '2' });
    store.saveChannels(DEVICE.id, [channelOf('c1'), channelOf('c2')], false);
    // Nothing is flushed by hand: closing writes what is buffered.
    first.close();
    first.close();
    const second = openDatabase(file);
    const again = createDeviceStore(second);
    expect(again.loadDevices()).toEqual([{ ...bare, id: '2' }, DEVICE]);
    expect(again.loadChannels()).toEqual([channelOf('c1'), channelOf('c2')]);
    second.close();
  });

  test('the file is for its owner only, also one that was not', () => {
    const file = join(folder, 'g.db');
    writeFileSync(file, '', { mode: 0o666 });
    const db = openDatabase(file);
    createDeviceStore(db);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(`${file}-wal`).mode & 0o077).toBe(0);
    db.close();
  });

  test('a sweep deletes the channels that are not in the list, an upsert none', () => {
    const db = openDatabase(':memory:');
    const store = createDeviceStore(db);
    const ids = (): string[] => store.loadChannels().map((each) => `${each.id}=${each.name}`);
    store.saveChannels(DEVICE.id, [channelOf('c1'), channelOf('c2')], false);
    store.saveChannels('other', [channelOf('c1', { deviceId: 'other', name: 'x' })], true);
    expect(ids()).toEqual(['c1=一号', 'c2=一号', 'c1=x']);
    store.saveChannels(DEVICE.id, [channelOf('c2', { name: 'new' })], false);
    expect(ids()).toEqual(['c1=一号', 'c2=new', 'c1=x']);
    store.saveChannels(DEVICE.id, [channelOf('c3')], true);
    expect(ids()).toEqual(['c3=一号', 'c1=x']);
    store.deleteDevice(DEVICE.id);
    expect(ids()).toEqual(['c1=x']);
    db.close();
  });

  test('many channels are written in slices; what is gone goes with the last one', () => {
    vi.useFakeTimers();
    const db = openDatabase(':memory:');
    const store = createDeviceStore(db, { flushMs: 100 });
    const count = (): number => Number(db.sqlite.prepare('SELECT count(*) AS n FROM channel').get()?.['n']);
    const many = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, at) => channelOf(`c${String(from + at).padStart(5, '0')}`));
    store.saveChannels(DEVICE.id, many(0, 1_200), true);
    const seen: number[] = [];
    vi.advanceTimersByTime(100);
    while (seen.at(-1) !== count() && seen.length < 10) {
      seen.push(count());
      vi.advanceTimersByTime(5);
    }
    expect(seen).toEqual([500, 1_000, 1_200]);
    // One is gone, one is new; another one goes while the slices are on their way.
    store.saveChannels(DEVICE.id, many(1, 1_201), true);
    vi.advanceTimersByTime(100);
    expect(count()).toBe(1_200);
    store.deleteChannels(DEVICE.id, ['c00001']);
    vi.advanceTimersByTime(100);
    expect(store.loadChannels().map(({ id }) => id)).toEqual(many(2, 1_201).map(({ id }) => id));
    db.close();
  });

  test('a delete and a save in the same batch end in the later one', () => {
    const db = openDatabase(':memory:');
    const store = createDeviceStore(db);
    store.saveDevice(DEVICE);
    store.saveChannels(DEVICE.id, [channelOf('c1')], false);
    store.deleteDevice(DEVICE.id);
    expect([store.loadDevices(), store.loadChannels()]).toEqual([[], []]);
    store.deleteDevice(DEVICE.id);
    store.saveDevice(DEVICE);
    expect(store.loadDevices()).toEqual([DEVICE]);
    db.close();
  });

  test('10,000 saves of 1,000 devices are two transactions', () => {
    vi.useFakeTimers();
    const db = openDatabase(':memory:');
    const store = createDeviceStore(db, { flushMs: 100 });
    const spy = vi.spyOn(db, 'transaction');
    for (let index = 0; index < 10_000; index += 1) store.saveDevice({ ...DEVICE, id: String(index % 1000) });
    expect(spy).not.toHaveBeenCalled();
    vi.advanceTimersByTime(105);
    expect(spy).toHaveBeenCalledTimes(2);
    expect(db.sqlite.prepare('SELECT count(*) AS n FROM device').get()).toEqual({ n: 1000 });
    db.close();
  });

  test('a write that fails is kept and tried again', () => {
    vi.useFakeTimers();
    const file = join(folder, 'g.db');
    const db = openDatabase(file);
    const store = createDeviceStore(db, { flushMs: 100 });
    db.sqlite.exec('PRAGMA busy_timeout = 0');
    const other = openDatabase(file);
    other.sqlite.exec('BEGIN IMMEDIATE');
    store.saveDevice(DEVICE);
    vi.advanceTimersByTime(250);
    other.sqlite.exec('COMMIT');
    expect(other.sqlite.prepare('SELECT id FROM device').all()).toEqual([]);
    vi.advanceTimersByTime(100);
    expect(other.sqlite.prepare('SELECT id FROM device').all()).toEqual([{ id: DEVICE.id }]);
    other.close();
    db.close();
    expect(() => store.saveDevice(DEVICE)).not.toThrow();
  });
});

describe('database', () => {
  test('a file that is no database is refused with its name', () => {
    const file = join(folder, 'g.db');
    writeFileSync(file, 'this is no database, whatever it is '.repeat(100));
    expect(() => openDatabase(file)).toThrow(DatabaseError);
    expect(() => openDatabase(join(folder, 'none', 'g.db'))).toThrow(/none/);
  });

  test('migrations run once each, in order, and all or none', () => {
    const db = openDatabase(':memory:');
    const names = (): unknown[] =>
      db.sqlite.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 't_' ORDER BY 1").all();
    migrate(db, 's', ['CREATE TABLE t1 (a)']);
    migrate(db, 's', ['CREATE TABLE t1 (a)', 'CREATE TABLE t2 (a)']);
    expect(() => migrate(db, 'x', ['CREATE TABLE t3 (a)', 'nonsense'])).toThrow(/nonsense/);
    expect(names()).toEqual([{ name: 't1' }, { name: 't2' }]);
    expect(() => migrate(db, 's', ['CREATE TABLE t1 (a)'])).toThrow(SchemaTooNewError);
    db.close();
  });

  test('a transaction inside of another joins it', () => {
    const db = openDatabase(':memory:');
    migrate(db, 's', ['CREATE TABLE t1 (a)']);
    const failing = (): void =>
      db.transaction(() => {
        db.transaction(() => db.sqlite.exec('INSERT INTO t1 VALUES (1)'));
        throw new RangeError('no');
      });
    expect(failing).toThrow('no');
    expect(db.sqlite.prepare('SELECT * FROM t1').all()).toEqual([]);
    db.close();
  });

  test('a damaged settings column does not keep the device from loading', () => {
    const db = openDatabase(':memory:');
    const store = createDeviceStore(db);
    store.saveDevice(DEVICE);
    store.flush();
    db.sqlite.exec("UPDATE device SET settings = '{' , name = NULL");
    expect(store.loadDevices()).toEqual([{ ...DEVICE, settings: {}, name: '' }]);
    db.close();
  });
});
