import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLogger } from '../util/index.ts';
import { createCapabilityStore } from './capabilities.ts';
import { openDatabase, type Database } from './database.ts';
import { createSnapshotStore } from './snapshots.ts';

const SESSION = '0123456789abcdef0123456789abcdef';
const DAY_MS = 86_400_000;

let folder: string;
let db: Database;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'gbrtc-snapshots-')), 'snapshots');
  db = openDatabase(':memory:');
});
afterEach(() => {
  db.close();
  rmSync(join(folder, '..'), { recursive: true, force: true });
});

const open = (limits: { maxAgeMs?: number; maxBytes?: number } = {}) =>
  createSnapshotStore(db, { folder, maxAgeMs: 0, maxBytes: 0, ...limits }, silentLogger);
const snapshot = (number: number, more: { at?: number; deviceId?: string; bytes?: number } = {}) => ({
  id: `${SESSION}-${number}`,
  sessionId: SESSION,
  deviceId: 'd',
  channelId: 'c',
  at: Date.now(),
  bytes: 4,
  ...more,
});
const JPEG = Buffer.from([0xff, 0xd8, 0xff, 1]);

test('pictures are kept, listed newest first, read and removed', async () => {
  const store = await open();
  await store.save(snapshot(1, { at: 1_000 }), JPEG);
  await store.save(snapshot(2, { at: 2_000, deviceId: 'other' }), JPEG);
  expect(store.list({ page: 1, limit: 10 }).items.map(({ at }) => at)).toEqual([2_000, 1_000]);
  expect(store.list({ page: 2, limit: 1 })).toEqual({ items: [snapshot(1, { at: 1_000 })], total: 2 });
  expect(store.list({ deviceId: 'other', channelId: 'c', page: 1, limit: 10 }).total).toBe(1);
  expect(await store.read(`${SESSION}-1`)).toEqual(JPEG);
  expect(statSync(join(folder, `${SESSION}-1.jpg`)).mode & 0o077).toBe(0);
  expect([await store.remove(`${SESSION}-1`), await store.remove(`${SESSION}-1`)]).toEqual([true, false]);
  expect(await store.read(`${SESSION}-1`)).toBeUndefined();
  expect(readdirSync(folder)).toEqual([`${SESSION}-2.jpg`]);
});

test('too old and too many go by themselves, the oldest first', async () => {
  const store = await open({ maxAgeMs: DAY_MS, maxBytes: 8 });
  await store.save(snapshot(1, { at: Date.now() - 2 * DAY_MS }), JPEG);
  expect(store.list({ page: 1, limit: 10 }).total).toBe(0);
  for (const number of [2, 3, 4]) await store.save(snapshot(number, { at: Date.now() + number }), JPEG);
  expect(store.list({ page: 1, limit: 10 }).items.map(({ id }) => id)).toEqual([`${SESSION}-4`, `${SESSION}-3`]);
  expect(existsSync(join(folder, `${SESSION}-2.jpg`))).toBe(false);
});

test('what a killed process has left behind is swept, other files are left alone', async () => {
  await (await open()).save(snapshot(1), JPEG);
  writeFileSync(join(folder, `${SESSION}-9.jpg`), JPEG);
  writeFileSync(join(folder, 'notes.txt'), 'mine');
  const store = await open();
  expect(readdirSync(folder).toSorted()).toEqual([`${SESSION}-1.jpg`, 'notes.txt']);
  rmSync(join(folder, `${SESSION}-1.jpg`));
  expect(await store.read(`${SESSION}-1`)).toBeUndefined();
});

test('capabilities come back after a restart, the latest outcome counts', () => {
  const store = createCapabilityStore(db);
  store.save('d', { command: 'PTZCmd', outcome: 'sent', at: 1, detail: '' });
  store.save('d', { command: 'PTZCmd', outcome: 'refused', at: 2, detail: 'status 405' });
  store.save('other', { command: 'TeleBoot', outcome: 'sent', at: 3, detail: '' });
  store.deleteDevice('other');
  expect(createCapabilityStore(db).load()).toEqual([
    { deviceId: 'd', command: 'PTZCmd', outcome: 'refused', at: 2, detail: 'status 405' },
  ]);
});
