import { expect, test } from 'vitest';
import type { PullDefinition } from '../rtsp/index.ts';
import { openDatabase } from './database.ts';
import { createPullStore } from './pulls.ts';

const PULLS: PullDefinition[] = [
  {
    name: 'live/a',
    url: 'rtsp://10.0.0.2/a?b=1',
    username: 'admin',
    password: "';--ß",
    transport: 'udp',
    onDemand: true,
  },
  { name: 'live/b', url: 'rtsp://[fd00::1]:8554/', username: '', password: '', transport: 'auto', onDemand: false },
];

test('pulls are kept as they are, by name', () => {
  const db = openDatabase(':memory:');
  const store = createPullStore(db);
  for (const pull of PULLS.toReversed()) store.add(pull);
  expect(store.list()).toEqual(PULLS);
  expect(createPullStore(db).list()).toEqual(PULLS);
  expect(() => store.add(PULLS[0]!)).toThrow();
  expect([store.remove('live/a'), store.remove('live/a')]).toEqual([true, false]);
  expect(store.list()).toEqual(PULLS.slice(1));
  db.close();
});

test('a transport that nobody knows is the default', () => {
  const db = openDatabase(':memory:');
  const store = createPullStore(db);
  db.sqlite.exec("INSERT INTO pulls VALUES ('live/a', 'rtsp://h/', '', '', 'carrier pigeon', 1)");
  expect(store.list()[0]?.transport).toBe('auto');
  db.close();
});
