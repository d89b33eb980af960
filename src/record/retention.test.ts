import { readdirSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { CAMERA, openRecordings, type RecordingsFixture } from '../../test/support/recordings-fixture.ts';
import { silentLogger } from '../util/index.ts';
import { Retention, type RetentionOptions, type RetentionParts } from './retention.ts';
import type { RecordingFile, StoredFile } from './types.ts';
import { createRecordingStore } from '../store/index.ts';

/** Waits without a sleep, longer than a busy machine needs. */
const eventually = <T>(probe: () => T) => expect.poll(probe, { timeout: 10_000 });

let fixture: RecordingsFixture;
const DAY_MS = 86_400_000;

/** Moves all files of a recording into the past; each of them ends a second after the one before. */
function age(id: string, agoMs: number): void {
  const store = createRecordingStore(fixture.database);
  for (const file of store.get(id)?.files ?? []) {
    const endedAt = Date.now() - agoMs + file.index * 1000;
    store.saveFile(id, { ...file, startedAt: endedAt - file.durationMs });
  }
}

/** Records `bytes` in each file, and says that the first ended so long ago. */
async function past(fileName: string, bytes: readonly number[], agoMs: number): Promise<string> {
  const { id } = await fixture.recordings.start({ stream: CAMERA, fileName, requestedBy: 'api' });
  const writer = fixture.threads.last;
  for (const [index, count] of bytes.entries()) {
    if (index > 0) writer.nextFile();
    writer.write('x'.repeat(count));
  }
  await fixture.recordings.stop(id);
  age(id, agoMs);
  return id;
}

const files = (): string[] => readdirSync(fixture.path).toSorted();

describe('recordings', () => {
  afterEach(() => fixture.close());

  test('what is too old goes, at the start', async () => {
    fixture = openRecordings();
    await past('old', [1], 8 * DAY_MS);
    await past('young', [1], 6 * DAY_MS);
    fixture.reopen({ maxAgeMs: 7 * DAY_MS });
    await eventually(files).toEqual(['young.mp4']);
    const names = (): (string | undefined)[] =>
      fixture.recordings.list({ page: 1, limit: 10 }).items.map(({ files: [file] }) => file?.fileName);
    await eventually(names).toEqual(['young.mp4']);
  });

  test('while all together is too large the oldest goes, regularly, and never what is being written', async () => {
    fixture = openRecordings({ maxBytes: 100, retentionCheckMs: 20 });
    const { id } = await fixture.recordings.start({ stream: CAMERA, fileName: 'running', requestedBy: 'api' });
    const running = fixture.threads.last;
    await past('c', [30], 1000);
    await past('a', [30], 3000);
    await past('b', [30], 2000);
    running.write('x'.repeat(20));
    await eventually(files).toEqual(['b.mp4', 'c.mp4', 'running.mp4']);
    running.write('x'.repeat(30));
    await eventually(files).toEqual(['c.mp4', 'running.mp4']);
    expect(fixture.recordings.get(id)?.state).toBe('recording');
  });

  test('a recording that runs loses its oldest segments, as any other does, and goes on', async () => {
    fixture = openRecordings({ maxBytes: 100, retentionCheckMs: 20, maxFiles: 4 });
    const { id } = await fixture.recordings.start({ stream: CAMERA, fileName: 'run', requestedBy: 'api' });
    const writer = fixture.threads.last;
    const segment = (bytes: number): void => {
      writer.write('x'.repeat(bytes), { lost: 1 });
      writer.nextFile();
    };
    segment(30);
    segment(20);
    age(id, DAY_MS);
    await past('other', [40], 1000);
    expect(files()).toEqual(['other.mp4', 'run-2.mp4', 'run-3.mp4', 'run.mp4']);
    writer.write('x'.repeat(15));
    // 105 in all: the first segment is enough.
    await eventually(files).toEqual(['other.mp4', 'run-2.mp4', 'run-3.mp4']);
    await eventually(() => fixture.recordings.get(id)?.fileCount).toBe(2);
    const left = { bytes: 35, durationMs: 2000, packetsIn: 20, packetsLost: 1, state: 'recording' };
    expect(fixture.recordings.get(id)).toMatchObject({
      ...left,
      files: [{ index: 1 }, { index: 2, state: 'writing' }],
    });
    const [listed] = fixture.recordings.list({ page: 1, limit: 10, state: 'recording' }).items;
    expect(listed).toMatchObject({ ...left, fileCount: 2 });
    expect(await fixture.recordings.openFile(id, 0)).toBeUndefined();
    // What was written is counted, wherever it is; limits count what is there.
    expect(fixture.recordings.counters).toMatchObject({ bytes: 105, packetsLost: 2 });
    writer.nextFile();
    expect(fixture.recordings.get(id)?.files.map(({ index }) => index)).toEqual([1, 2, 3]);
    writer.write('x'.repeat(90));
    await eventually(files).toEqual(['run-4.mp4']);
    const stopped = await fixture.recordings.stop(id);
    expect(stopped).toMatchObject({ reason: 'stopped', bytes: 90, fileCount: 1 });
    expect(createRecordingStore(fixture.database).get(id)).toEqual(stopped);
    expect(fixture.recordings.counters).toMatchObject({ bytes: 195, packetsLost: 2 });
  });

  test('segments that are too old go, however long their recording runs; lists are told', async () => {
    fixture = openRecordings({ maxAgeMs: 7 * DAY_MS, retentionCheckMs: 20 });
    const { id } = await fixture.recordings.start({ stream: CAMERA, fileName: 'run', requestedBy: 'api' });
    const counts: number[] = [];
    fixture.threads.last.nextFile();
    fixture.threads.last.nextFile();
    fixture.recordings.on('changed', ({ fileCount }) => void counts.push(fileCount));
    const removed: string[] = [];
    fixture.recordings.on('removed', (each) => void removed.push(each.id));
    age(id, 8 * DAY_MS);
    await eventually(files).toEqual(['run-3.mp4']);
    await eventually(() => counts.at(-1)).toBe(1);
    expect(removed).toEqual([]);
  });

  test('what has ended loses its oldest files, and goes with its last one', async () => {
    fixture = openRecordings();
    const id = await past('a', [30, 30, 30], 3 * DAY_MS);
    fixture.reopen({ maxBytes: 70, retentionCheckMs: 20 });
    const removed: string[] = [];
    fixture.recordings.on('removed', (each) => void removed.push(each.id));
    await eventually(files).toEqual(['a-2.mp4', 'a-3.mp4']);
    await eventually(() => fixture.recordings.get(id)).toMatchObject({ bytes: 60, fileCount: 2, state: 'finished' });
    await past('b', [70], 1000);
    await eventually(files).toEqual(['b.mp4']);
    await eventually(() => removed).toEqual([id]);
    expect(fixture.recordings.get(id)).toBeUndefined();
  });

  test('a source that comes back gets a name that no deleted file had', async () => {
    fixture = openRecordings({
      maxAgeMs: DAY_MS,
      retentionCheckMs: 20,
      reopen: { limitMs: 10_000, firstWaitMs: 1, maxWaitMs: 1 },
    });
    const { id } = await fixture.recordings.start({ stream: CAMERA, fileName: 'run', requestedBy: 'api' });
    fixture.threads.last.nextFile();
    fixture.threads.last.nextFile();
    age(id, 2 * DAY_MS);
    await eventually(files).toEqual(['run-3.mp4']);
    fixture.streams.taps[0]?.end('media_lost');
    await eventually(() => fixture.recordings.get(id)?.files.at(-1)?.fileName).toBe('run-4.mp4');
  });

  test('a file that cannot be deleted does not keep the others', async () => {
    fixture = openRecordings();
    await past('a', [1], 3 * DAY_MS);
    await past('b', [1], 2 * DAY_MS);
    fixture.database.sqlite.exec("UPDATE recording_file SET file_name = '../evil' WHERE file_name = 'a.mp4'");
    fixture.reopen({ maxAgeMs: DAY_MS });
    await eventually(files).toEqual(['a.mp4']);
    await eventually(() => fixture.recordings.list({ page: 1, limit: 10 }).total).toBe(1);
  });

  test('a file whose program runs is kept for the time being', async () => {
    fixture = openRecordings();
    await past('a', [60], 3000);
    await past('b', [45], 2000);
    fixture.database.sqlite.exec('UPDATE recording_file SET done = 0');
    fixture.reopen({ maxBytes: 100, retentionCheckMs: 20, execRecordDone: ['sleep', '600'] });
    // 105 are not yet too much for what is pending.
    await past('c', [1], 1000);
    fixture.database.sqlite.exec("UPDATE recording_file SET done = 1 WHERE file_name = 'b.mp4'");
    await eventually(files).toEqual(['a.mp4', 'c.mp4']);
  });

  test('without limits nothing goes', async () => {
    fixture = openRecordings({ retentionCheckMs: 5 });
    await past('a', [1000], 10_000 * DAY_MS);
    await past('b', [1000], 0);
    expect(files()).toEqual(['a.mp4', 'b.mp4']);
  });
});

interface Row {
  readonly name: string;
  readonly bytes: number;
  readonly agoMs: number;
  readonly pending?: boolean;
}

/** A check over rows that are there only; what it has deleted, and what it has logged. */
async function checked(
  rows: readonly Row[],
  options: Partial<RetentionOptions>,
  more: Partial<RetentionParts> = {},
): Promise<{ removed: string[]; logged: string[] }> {
  const [now, removed, logged] = [10_000 * DAY_MS, [] as string[], [] as string[]];
  const sums = { durationMs: 0, packetsIn: 0, packetsLost: 0, state: 'finished' } as const;
  const stored = (row: Row, index: number): StoredFile => {
    const file: RecordingFile = { ...sums, index, fileName: row.name, startedAt: now - row.agoMs, bytes: row.bytes };
    return { recordingId: 'r', pending: row.pending ?? false, file };
  };
  let left = rows.map(stored);
  const retention = new Retention(
    { maxAgeMs: 0, maxBytes: 0, hasProgram: true, ...options },
    {
      store: {
        oldestFiles: (limit, skip) => left.slice(skip, skip + limit),
        totalBytes: () => left.reduce((sum, { file }) => sum + file.bytes, 0),
      },
      running: () => [],
      isOpen: () => false,
      removeFile: async (each) => {
        left = left.filter((other) => other !== each);
        removed.push(each.file.fileName);
      },
      onRemoved: () => undefined,
      log: {
        ...silentLogger,
        warn: (_fields, message) => void logged.push(message),
        error: (_fields, message) => void logged.push(message),
      },
      ...more,
    },
  );
  await retention.check(now);
  await retention.check(now);
  return { removed, logged };
}

describe('files whose program has not ended', () => {
  const warning = 'deleted before execRecordDone had ended';
  const day = (days: number, pending = true): Row => ({ name: `${days}`, bytes: 10, agoMs: days * DAY_MS, pending });
  test.each<[string, readonly Row[], Partial<RetentionOptions>, string[], string[]]>([
    ['a tenth more than the size: the next oldest goes', [day(3), day(2, false)], { maxBytes: 19 }, ['2'], []],
    ['more than that', [day(3), day(2, false)], { maxBytes: 18 }, ['3'], [warning]],
    ['a day more than the age', [day(3.9), day(3.1, false)], { maxAgeMs: 3 * DAY_MS }, ['3.1'], []],
    ['more than a day', [day(4.1), day(3.1)], { maxAgeMs: 3 * DAY_MS }, ['4.1'], [warning]],
    ['there is no program', [day(3), day(2)], { maxBytes: 19, hasProgram: false }, ['3'], []],
  ])('%s', async (_name, rows, options, ...[removed, logged]) => {
    expect(await checked(rows, options)).toEqual({ removed, logged });
  });
});

test('what is being written is too large alone: that costs nothing of what is finished', async () => {
  const rows = [
    { name: 'old', bytes: 30, agoMs: 3 * DAY_MS },
    { name: 'young', bytes: 30, agoMs: 1000 },
  ];
  const options = { maxAgeMs: 2 * DAY_MS, maxBytes: 100 };
  const logged = ['files being written alone exceed retentionBytes: nothing is deleted by size'];
  const large = await checked(rows, options, { running: () => [{ bytes: 500, open: 500 }] });
  expect(large).toEqual({ removed: ['old'], logged });
  const segmented = await checked(rows, options, { running: () => [{ bytes: 90, open: 80 }] });
  expect(segmented).toEqual({ removed: ['old', 'young'], logged: [] });
});

test('hundreds of files that must stay do not hide the one that goes', async () => {
  const rows = Array.from({ length: 500 }, (_, index) => ({ name: `${index}`, bytes: 1, agoMs: 1000 - index }));
  const isOpen = ({ file }: StoredFile): boolean => file.index < 450;
  const { removed } = await checked(rows, { maxBytes: 497 }, { isOpen });
  expect(removed).toEqual(['450', '451', '452']);
});
