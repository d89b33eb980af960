import { expect, test } from 'vitest';
import { createRecordingStore, openDatabase } from '../store/index.ts';
import { silentLogger } from '../util/index.ts';
import { Journal } from './journal.ts';
import type { RecordingFile, RecordingSummary } from './types.ts';

const FILE: RecordingFile = {
  index: 0,
  fileName: 'a.mp4',
  startedAt: 1,
  durationMs: 0,
  bytes: 0,
  packetsIn: 0,
  packetsLost: 0,
  state: 'writing',
};
const RECORDING: RecordingSummary = {
  id: 'r',
  stream: 'live/x',
  state: 'recording',
  startedAt: 1,
  durationMs: 0,
  bytes: 0,
  packetsIn: 0,
  packetsLost: 0,
  container: 'mp4',
  codecs: [],
  requestedBy: 'api',
  fileCount: 1,
};

function open() {
  const db = openDatabase(':memory:');
  const store = createRecordingStore(db);
  const readOnly = (on: boolean): void => db.sqlite.exec(`PRAGMA query_only = ${on ? 'ON' : 'OFF'}`);
  return { store, readOnly, journal: new Journal(store, silentLogger) };
}

test('what cannot be written waits, the latest of each row, and is written in its order', () => {
  const { store, readOnly, journal } = open();
  readOnly(true);
  journal.save(RECORDING);
  journal.saveFile('r', FILE);
  journal.save({ ...RECORDING, bytes: 5 });
  journal.saveFile('r', { ...FILE, bytes: 5 });
  journal.retry();
  expect(journal.late).toBe(2);
  readOnly(false);
  journal.retry();
  expect([journal.late, store.get('r')]).toMatchObject([0, { bytes: 5, files: [{ bytes: 5 }] }]);
});

test('a file whose recording was deleted keeps nothing else waiting', () => {
  const { store, readOnly, journal } = open();
  journal.saveFile('gone', FILE);
  expect(journal.late).toBe(0);
  readOnly(true);
  journal.saveFile('gone', FILE);
  journal.save(RECORDING);
  readOnly(false);
  journal.retry();
  expect([journal.late, store.get('gone'), store.get('r')?.id]).toEqual([0, undefined, 'r']);
});

test('what is deleted while it waits is forgotten', () => {
  const { store, readOnly, journal } = open();
  readOnly(true);
  journal.save(RECORDING);
  journal.saveFile('r', FILE);
  journal.save({ ...RECORDING, id: 'other' });
  journal.forget('r');
  readOnly(false);
  journal.retry();
  expect([store.get('r'), store.get('other')?.id]).toEqual([undefined, 'other']);
});
