import { readdirSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { CAMERA, openRecordings, type RecordingsFixture } from '../../test/support/recordings-fixture.ts';
import { silentLogger } from '../util/index.ts';
import { Retention } from './retention.ts';
import type { RecordingSummary } from './types.ts';
import { createRecordingStore } from '../store/index.ts';

/** Waits without a sleep, longer than a busy machine needs. */
const eventually = <T>(probe: () => T) => expect.poll(probe, { timeout: 10_000 });

let fixture: RecordingsFixture;
afterEach(() => fixture.close());

const DAY_MS = 86_400_000;

/** Records `bytes`, and says that it ended so long ago. */
async function past(fileName: string, bytes: number, agoMs: number): Promise<void> {
  const { id } = await fixture.recordings.start({ stream: CAMERA, fileName, requestedBy: 'api' });
  fixture.threads.last.write('x'.repeat(bytes));
  const stopped = await fixture.recordings.stop(id);
  const moved: RecordingSummary = { ...stopped, endedAt: Date.now() - agoMs, startedAt: Date.now() - agoMs - 1000 };
  createRecordingStore(fixture.database).save(moved);
}

const files = (): string[] => readdirSync(fixture.path).toSorted();

test('what is too old goes, at the start', async () => {
  fixture = openRecordings();
  await past('old', 1, 8 * DAY_MS);
  await past('young', 1, 6 * DAY_MS);
  fixture.reopen({ maxAgeMs: 7 * DAY_MS });
  await eventually(files).toEqual(['young.mp4']);
  const names = (): (string | undefined)[] =>
    fixture.recordings.list({ page: 1, limit: 10 }).items.map(({ files: [file] }) => file?.fileName);
  await eventually(names).toEqual(['young.mp4']);
});

test('while all together is too large the oldest goes, regularly, and never what is running', async () => {
  fixture = openRecordings({ maxBytes: 100, retentionCheckMs: 20 });
  const { id } = await fixture.recordings.start({ stream: CAMERA, fileName: 'running', requestedBy: 'api' });
  const running = fixture.threads.last;
  await past('c', 30, 1000);
  await past('a', 30, 3000);
  await past('b', 30, 2000);
  running.write('x'.repeat(20));
  await eventually(files).toEqual(['b.mp4', 'c.mp4', 'running.mp4']);
  running.write('x'.repeat(30));
  await eventually(files).toEqual(['c.mp4', 'running.mp4']);
  expect(fixture.recordings.get(id)?.state).toBe('recording');
});

test('what runs and is too large alone does not cost what has ended', async () => {
  fixture = openRecordings();
  await past('a', 30, 3 * DAY_MS);
  await past('b', 30, 1000);
  const errors: string[] = [];
  const running = { bytes: 500 };
  const retention = new Retention(
    { maxAgeMs: 2 * DAY_MS, maxBytes: 100 },
    {
      store: createRecordingStore(fixture.database),
      runningBytes: () => running.bytes,
      remove: ({ id }) => fixture.recordings.delete(id),
      log: { ...silentLogger, error: (_fields, message) => void errors.push(message) },
    },
  );
  await retention.check();
  await retention.check();
  expect(files()).toEqual(['b.mp4']);
  expect(errors).toEqual(['running recordings alone exceed retentionBytes: nothing is deleted by size']);
  running.bytes = 80;
  await retention.check();
  expect(files()).toEqual([]);
});

test('a file that cannot be deleted does not keep the others', async () => {
  fixture = openRecordings();
  await past('a', 1, 3 * DAY_MS);
  await past('b', 1, 2 * DAY_MS);
  fixture.database.sqlite.exec("UPDATE recording_file SET file_name = '../evil' WHERE file_name = 'a.mp4'");
  fixture.reopen({ maxAgeMs: DAY_MS });
  await eventually(files).toEqual(['a.mp4']);
  await eventually(() => fixture.recordings.list({ page: 1, limit: 10 }).total).toBe(1);
});

test('without limits nothing goes', async () => {
  fixture = openRecordings({ retentionCheckMs: 5 });
  await past('a', 1000, 10_000 * DAY_MS);
  await past('b', 1000, 0);
  expect(files()).toEqual(['a.mp4', 'b.mp4']);
});
