import { expect, test } from 'vitest';
import type { DownloadRecord } from '../record/index.ts';
import { createDownloadStore, openDatabase } from './index.ts';

const RUNNING: DownloadRecord = {
  id: 'a',
  stream: 'download/34020000001320000001_a_b_1',
  deviceId: '34020000001320000001',
  channelId: "a'b",
  fromMs: 1_772_341_200_000,
  toMs: 1_772_341_800_000,
  speed: 4,
  state: 'running',
  positionMs: 1_772_341_200_040,
  expectedMs: 600_000,
  receivedBytes: 5_000_000_000,
  fileSize: 0,
  resumes: 0,
  recordingId: 'r',
  createdAt: 2,
};
const ENDED: DownloadRecord = {
  ...RUNNING,
  id: 'b',
  state: 'failed',
  createdAt: 1,
  endedAt: 3,
  end: 'gateway_restarted',
  message: 'm',
  continuedBy: 'a',
};

test('downloads come back as they were, oldest first', () => {
  const db = openDatabase(':memory:');
  const store = createDownloadStore(db);
  store.save(RUNNING);
  store.save(ENDED);
  expect(createDownloadStore(db).list()).toEqual([ENDED, RUNNING]);
  store.save({ ...RUNNING, state: 'complete', end: 'finished', endedAt: 9 });
  expect(store.list()[1]).toMatchObject({ state: 'complete', end: 'finished', endedAt: 9 });
  store.remove('a');
  store.remove('a');
  expect(store.list()).toEqual([ENDED]);
  db.close();
});
