import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { NewMediaServer } from '../api/index.ts';
import { type Database, openDatabase } from './database.ts';
import { createMediaServerStore } from './media-servers.ts';

const databases: Database[] = [];
const folders: string[] = [];

function open(file = ':memory:') {
  const db = openDatabase(file);
  databases.push(db);
  return createMediaServerStore(db);
}

const server = (name: string, isDefault = false): NewMediaServer => ({
  name,
  type: 'SRS',
  ip: '10.0.0.9',
  port: 1985,
  username: '',
  password: 'p',
  secret: 's',
  isDefault,
});

afterEach(() => {
  for (const db of databases.splice(0)) db.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

test('media servers: ids start at 2, newest first, all fields come back', () => {
  const store = open();
  const first = store.add(server('a'));
  const second = store.add(server('b'));
  expect([first.id, second.id]).toEqual([2, 3]);
  expect(store.list().map(({ name }) => name)).toEqual(['b', 'a']);
  const { id, createdAt, ...rest } = first;
  expect(rest).toEqual(server('a'));
  expect(id).toBe(2);
  expect(createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
});

test('media servers: at most one default', () => {
  const store = open();
  const a = store.add(server('a', true));
  const b = store.add(server('b', true));
  const defaults = () => store.list().flatMap(({ id, isDefault }) => (isDefault ? [id] : []));
  expect(defaults()).toEqual([b.id]);
  expect(store.setDefault(a.id)).toBe(true);
  expect(defaults()).toEqual([a.id]);
  expect(store.setDefault(99)).toBe(false);
  expect(defaults()).toEqual([a.id]);
  expect(store.setDefault(undefined)).toBe(true);
  expect(defaults()).toEqual([]);
});

test('media servers: an id is never given twice', () => {
  const store = open();
  const a = store.add(server('a'));
  expect(store.remove(a.id)).toBe(true);
  expect(store.remove(a.id)).toBe(false);
  expect(store.add(server('b')).id).toBe(a.id + 1);
});

test('media servers: there after a restart', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gbrtc-store-'));
  folders.push(folder);
  const file = join(folder, 'db.sqlite');
  open(file).add(server('a', true));
  databases.pop()?.close();
  expect(open(file).list()).toMatchObject([{ id: 2, name: 'a', isDefault: true }]);
});

test('media servers: the oldest goes when the table is full', () => {
  const store = open();
  for (let i = 0; i < 1001; i += 1) store.add(server(`s${i}`));
  const ids = store.list().map(({ id }) => id);
  expect(ids).toHaveLength(1000);
  expect(ids).not.toContain(2);
});
