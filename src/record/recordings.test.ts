import { mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeError } from '../../test/support/fake-platform.ts';
import { fakeStream } from '../../test/support/fake-streams.ts';
import { CAMERA, openRecordings, type RecordingsFixture } from '../../test/support/recordings-fixture.ts';
import type { Recording } from './types.ts';

/** Waits without a sleep, longer than a busy machine needs. */
const eventually = <T>(probe: () => T) => expect.poll(probe, { timeout: 10_000 });

let fixture: RecordingsFixture;
beforeEach(() => {
  fixture = openRecordings();
});
afterEach(() => fixture.close());

const codeOf = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no error',
    (error: unknown) => (error as { code?: string }).code,
  );

const start = (more: object = {}): Promise<Recording> =>
  fixture.recordings.start({ stream: CAMERA, requestedBy: 'api', ...more });

/** Waits for a state without sleeping. */
async function ended(id: string, state: Recording['state']): Promise<Recording> {
  await eventually(() => fixture.recordings.get(id)?.state).toBe(state);
  return fixture.recordings.get(id) as Recording;
}

describe('start, grow, stop', () => {
  test('a recording from its begin to its end', async () => {
    const changes: Recording[] = [];
    fixture.recordings.on('changed', (recording) => changes.push(recording));
    const begun = await start({ fileName: 'door.mp4' });
    expect(begun).toEqual({
      id: expect.stringMatching(/^[\w-]{16}$/),
      stream: CAMERA,
      state: 'recording',
      startedAt: expect.any(Number),
      durationMs: 0,
      bytes: 0,
      packetsIn: 0,
      packetsLost: 0,
      container: 'mp4',
      codecs: ['H264', 'PCMA'],
      requestedBy: 'api',
      fileCount: 1,
      files: [expect.objectContaining({ index: 0, fileName: 'door.mp4', state: 'writing' })],
    });
    fixture.threads.last.write('12345', { lost: 2 });
    expect(fixture.recordings.get(begun.id)).toMatchObject({ bytes: 5, durationMs: 1000, packetsLost: 2 });
    expect(fixture.recordings.counters).toEqual({ running: 1, bytes: 5, packets: 10, packetsLost: 2, failed: 0 });
    const stopped = await fixture.recordings.stop(begun.id);
    expect(stopped).toMatchObject({ state: 'finished', reason: 'stopped', endedAt: expect.any(Number), bytes: 5 });
    expect(stopped.files).toMatchObject([{ state: 'finished', bytes: 5 }]);
    expect(fixture.recordings.get(begun.id)).toEqual(stopped);
    expect(await fixture.recordings.stop(begun.id)).toEqual(stopped);
    expect(fixture.recordings.counters).toEqual({ running: 0, bytes: 5, packets: 10, packetsLost: 2, failed: 0 });
    expect(changes[0]?.state).toBe('recording');
    expect(changes.at(-1)).toEqual(stopped);
    expect(fixture.streams.taps.map(({ closed }) => closed)).toEqual([true]);
  });

  test('the codec decides the container, the reply tells the name', async () => {
    expect((await start({ fileName: 'x.webm' })).files[0]?.fileName).toBe('x.mp4');
    fixture.threads.codecs = ['VP8', 'OPUS'];
    expect((await start({ fileName: 'y.mp4', stream: 'desk' })).files[0]?.fileName).toBe('y.webm');
    expect(fixture.threads.writers.map(({ options }) => options.container)).toEqual(['webm', 'mp4']);
  });

  test.each([
    ['api', { stream: 'desk' }, /^desk-\d{8}-\d{6}\.mp4$/],
    ['pms', { stream: 'desk' }, /^desk\.mp4$/],
    ['pms', { stream: 'live/desk' }, /^desk\.mp4$/],
    ['api', { stream: CAMERA }, /^34020000001320000001_34020000001310000001-\d{8}-\d{6}\.mp4$/],
  ])('name where none is asked for: %s %j', async (requestedBy, request, name) => {
    expect((await start({ ...request, requestedBy })).files[0]?.fileName).toMatch(name);
  });

  test('several of one stream; an existing file is never overwritten', async () => {
    mkdirSync(fixture.path);
    writeFileSync(join(fixture.path, 'a.mp4'), 'old');
    symlinkSync('/etc/nothing', join(fixture.path, 'a-2.mp4'));
    const names = (await Promise.all([start({ fileName: 'a' }), start({ fileName: 'a.mp4' })])).map(
      ({ files }) => files[0]?.fileName ?? '',
    );
    expect(names.toSorted()).toEqual(['a-3.mp4', 'a-4.mp4']);
    expect(readFileSync(join(fixture.path, 'a.mp4'), 'utf8')).toBe('old');
    expect(fixture.recordings.counters.running).toBe(2);
  });

  test('segments become files of the recording', async () => {
    const { id } = await start({ fileName: 's', segmentMinutes: 2 });
    expect(fixture.threads.last.options.segmentMs).toBe(120_000);
    fixture.threads.last.write('one');
    fixture.threads.last.nextFile();
    fixture.threads.last.write('three');
    expect(await fixture.recordings.stop(id)).toMatchObject({
      bytes: 8,
      durationMs: 2000,
      fileCount: 2,
      files: [
        { index: 0, fileName: 's.mp4', bytes: 3, state: 'finished' },
        { index: 1, fileName: 's-2.mp4', bytes: 5, state: 'finished' },
      ],
    });
  });

  test('the bound of files ends it', async () => {
    fixture.reopen({ maxFiles: 3 });
    const { id } = await start();
    fixture.threads.last.nextFile();
    fixture.threads.last.nextFile();
    expect(await ended(id, 'finished')).toMatchObject({ reason: 'file_limit', message: '3 files, the limit is 3' });
  });
});

describe('what cannot begin', () => {
  test.each([
    [{ fileName: '../x' }, 'file_name_invalid'],
    [{ fileName: 'a/b' }, 'file_name_invalid'],
    [{ stream: 'nobody' }, 'stream_not_found'],
  ])('%j', async (more, code) => {
    expect(await codeOf(start(more))).toBe(code);
    expect(fixture.recordings.list({ page: 1, limit: 10 }).total).toBe(0);
  });

  test('a writer that fails leaves nothing behind', async () => {
    fixture.threads.failure = new FakeError('recording_start_failed', 'no key frame');
    expect(await codeOf(start({ fileName: 'x' }))).toBe('recording_start_failed');
    expect(fixture.streams.taps.map(({ closed }) => closed)).toEqual([true]);
    expect(readdirSync(fixture.path)).toEqual([]);
    fixture.threads.failure = undefined;
    expect((await start({ fileName: 'x' })).files[0]?.fileName).toBe('x.mp4');
  });

  test('the bound of recordings counts those that begin', async () => {
    fixture.reopen({ maxRunning: 2 });
    const gate = Promise.withResolvers<void>();
    fixture.threads.hold = gate.promise;
    const starts = [start(), start()];
    expect(await codeOf(start())).toBe('recording_limit');
    gate.resolve();
    await Promise.all(starts);
    expect(await codeOf(start())).toBe('recording_limit');
  });

  test('too little free space', async () => {
    fixture.reopen({ minFreeBytes: 1000 });
    fixture.freeBytes = 999;
    expect(await codeOf(start())).toBe('disk_space_low');
  });

  test('a folder that cannot be made', async () => {
    fixture.reopen({ path: '/proc/none/record' });
    expect(await codeOf(start())).toBe('record_path_unusable');
  });
});

describe('how recordings end', () => {
  test.each([
    ['disk_full', 'failed'],
    ['write_failed', 'failed'],
    ['thread_died', 'failed'],
    ['stopped', 'finished'],
  ] as const)('the writer says %s', async (reason, state) => {
    const { id } = await start();
    fixture.threads.last.write('abc');
    fixture.threads.last.end(reason, 'why');
    expect(await ended(id, state)).toMatchObject({ reason, message: 'why', bytes: 3, endedAt: expect.any(Number) });
    expect(fixture.recordings.counters).toMatchObject({ running: 0, failed: state === 'failed' ? 1 : 0 });
  });

  test('a disk that is full while it is being stopped is told', async () => {
    const { id } = await start();
    const writer = fixture.threads.last;
    writer.stuck = true;
    const stopping = fixture.recordings.stop(id);
    writer.end('disk_full', 'no space');
    expect(await stopping).toMatchObject({ state: 'failed', reason: 'disk_full' });
  });

  test('the file of a dead thread is repaired', async () => {
    const { id } = await start({ fileName: 'x' });
    fixture.threads.last.write('abc');
    fixture.threads.last.end('thread_died');
    await eventually(() => fixture.recordings.get(id)?.files[0]?.state).toBe('finished');
    expect(fixture.recordings.get(id)).toMatchObject({ state: 'failed', durationMs: 12_345, bytes: 3 });
    expect(fixture.threads.repaired).toEqual([join(fixture.path, 'x.mp4')]);
  });

  test("a publication's end is the recording's end", async () => {
    const { id } = await start({ stream: 'desk' });
    fixture.streams.taps[0]?.end('publisher_gone');
    expect(await ended(id, 'finished')).toMatchObject({ reason: 'stream_ended' });
    expect(fixture.streams.taps).toHaveLength(1);
  });

  test('space that runs out stops all before the disk is full', async () => {
    fixture.reopen({ minFreeBytes: 1000, spaceCheckMs: 10 });
    const ids = [await start(), await start({ stream: 'desk' })].map(({ id }) => id);
    fixture.freeBytes = 999;
    for (const id of ids) {
      const message = `999 bytes are free in ${fixture.path}, 1000 must stay free`;
      expect(await ended(id, 'failed')).toMatchObject({ reason: 'disk_full', message });
      expect(fixture.recordings.get(id)?.files[0]?.state).toBe('finished');
    }
  });
});

describe('a camera whose source is lost', () => {
  const reopen = { limitMs: 2000, firstWaitMs: 10, maxWaitMs: 40 };

  test('continues in a next file of the same recording', async () => {
    fixture.reopen({ reopen });
    const { id } = await start({ fileName: 'cam' });
    fixture.threads.last.write('before');
    fixture.streams.failure = new FakeError('device_offline', 'gone');
    fixture.streams.taps[0]?.end('media_lost');
    expect(fixture.recordings.get(id)).toMatchObject({
      state: 'recording',
      reason: 'source_lost',
      message: 'tap closed: media_lost',
    });
    fixture.streams.failure = undefined;
    await eventually(() => fixture.recordings.get(id)?.fileCount).toBe(2);
    const again = fixture.recordings.get(id) as Recording;
    expect(again).toMatchObject({ state: 'recording', files: [{ fileName: 'cam.mp4' }, { fileName: 'cam-2.mp4' }] });
    expect(again).not.toHaveProperty('reason');
    fixture.threads.last.write('after');
    expect(await fixture.recordings.stop(id)).toMatchObject({ state: 'finished', reason: 'stopped', bytes: 11 });
  });

  test('has its own row for each file, also where the name is free again', async () => {
    fixture.reopen({ reopen });
    const { id } = await start({ fileName: 'cam' });
    fixture.threads.last.write('before');
    unlinkSync(join(fixture.path, 'cam.mp4'));
    // Nobody knows the name then.
    fixture.database.sqlite.exec('DELETE FROM recording_file');
    fixture.streams.taps[0]?.end('media_lost');
    fixture.database.sqlite.exec('DELETE FROM recording_file');
    await eventually(() => fixture.recordings.get(id)?.fileCount).toBe(2);
    const files = [{ fileName: 'cam.mp4', bytes: 6 }, { fileName: 'cam.mp4' }];
    expect(fixture.recordings.get(id)).toMatchObject({ files });
  });

  test('is asked for again while the file of before is still being completed', async () => {
    fixture.reopen({ reopen });
    const { id } = await start({ fileName: 'cam' });
    const gate = Promise.withResolvers<void>();
    fixture.threads.last.completing = gate.promise;
    fixture.streams.taps[0]?.end('media_lost');
    await eventually(() => fixture.recordings.get(id)?.fileCount).toBe(2);
    let stopped = false;
    const stopping = fixture.recordings.stop(id).then(() => (stopped = true));
    await eventually(() => fixture.recordings.get(id)?.files[1]?.state).toBe('finished');
    expect([stopped, fixture.recordings.get(id)?.state]).toEqual([false, 'recording']);
    gate.resolve();
    await stopping;
    expect(fixture.recordings.get(id)).toMatchObject({ state: 'finished', reason: 'stopped' });
  });

  test('as does a stream that is pulled', async () => {
    fixture.reopen({ reopen });
    fixture.streams.addStream(fakeStream({ name: 'live/yard', source: 'publication', transport: 'pull' }));
    const { id } = await start({ stream: 'yard' });
    fixture.streams.taps[0]?.end('publisher_gone');
    await eventually(() => fixture.recordings.get(id)?.fileCount).toBe(2);
  });

  test('is asked for by its full name, however it was called first', async () => {
    fixture.reopen({ reopen });
    const { id } = await start({ stream: fakeStream().ssrc, fileName: 'x' });
    fixture.streams.taps[0]?.end('media_lost');
    await eventually(() => fixture.recordings.get(id)?.fileCount).toBe(2);
    expect(fixture.streams.tapped).toEqual([fakeStream().ssrc, CAMERA]);
  });

  test('that does not come back ends it after the limit', async () => {
    fixture.reopen({ reopen: { ...reopen, limitMs: 100 } });
    const { id } = await start();
    fixture.streams.failure = new FakeError('device_offline', 'the device is gone');
    fixture.streams.taps[0]?.end('media_lost');
    const recording = await ended(id, 'finished');
    expect(recording).toMatchObject({ reason: 'stream_ended' });
    expect(recording.message).toMatch(/did not come back within 100 ms: the device is gone/);
  });

  test('a stream that somebody closes is not opened again', async () => {
    fixture.reopen({ reopen });
    const { id } = await start();
    fixture.streams.taps[0]?.end('closed');
    expect(await ended(id, 'finished')).toMatchObject({ reason: 'stream_ended' });
  });

  test('can be stopped while it waits', async () => {
    fixture.reopen({ reopen: { limitMs: 60_000, firstWaitMs: 30_000, maxWaitMs: 30_000 } });
    const { id } = await start();
    fixture.streams.taps[0]?.end('media_lost');
    expect(await fixture.recordings.stop(id)).toMatchObject({ state: 'finished', reason: 'stopped' });
  });

  test('can be stopped while it is opened again; the late file is removed', async () => {
    fixture.reopen({ reopen });
    const { id } = await start({ fileName: 'x' });
    const gate = Promise.withResolvers<void>();
    fixture.threads.hold = gate.promise;
    fixture.streams.taps[0]?.end('media_lost');
    await eventually(() => fixture.streams.taps.length).toBe(2);
    expect(await fixture.recordings.stop(id)).toMatchObject({ state: 'finished', fileCount: 1 });
    gate.resolve();
    await eventually(() => readdirSync(fixture.path)).toEqual(['x.mp4']);
    expect(fixture.streams.taps.every(({ closed }) => closed)).toBe(true);
  });
});

describe('stopStream', () => {
  test('stops those that pms has started for the stream, or the one with this name', async () => {
    const api = await start({ stream: 'desk' });
    const other = await start({ requestedBy: 'pms' });
    const [one, two, three] = [
      await start({ stream: 'desk', requestedBy: 'pms', fileName: 'one.webm' }),
      await start({ stream: 'live/desk', requestedBy: 'pms' }),
      await start({ stream: 'desk', requestedBy: 'pms' }),
    ];
    const stop = async (stream: string, fileName?: string): Promise<string[]> => {
      const which = { requestedBy: 'pms' as const, ...(fileName === undefined ? {} : { fileName }) };
      return (await fixture.recordings.stopStream(stream, which)).map(({ id }) => id).toSorted();
    };
    expect(await stop('nobody')).toEqual([]);
    expect(await stop('desk', 'none')).toEqual([]);
    expect(await stop('desk', 'one.webm')).toEqual([one.id]);
    expect(await stop('desk')).toEqual([two.id, three.id].toSorted());
    expect(await stop('desk')).toEqual([]);
    expect(['recording', 'recording']).toEqual([api, other].map(({ id }) => fixture.recordings.get(id)?.state));
  });
});

test('stopStream also stops what is beginning', async () => {
  const gate = Promise.withResolvers<void>();
  fixture.threads.hold = gate.promise;
  const starting = codeOf(start({ stream: 'desk', requestedBy: 'pms' }));
  await eventually(() => fixture.streams.taps.length).toBe(1);
  const stopping = fixture.recordings.stopStream('desk', { requestedBy: 'pms' });
  gate.resolve();
  expect(await starting).toBe('recording_start_failed');
  expect((await stopping).map(({ files }) => files)).toEqual([[]]);
  expect(fixture.recordings.counters.running).toBe(0);
});

describe('list, delete, download', () => {
  test('a running one shows its present size, and its newest files', async () => {
    const { id } = await start({ fileName: 'n' });
    for (let i = 0; i < 60; i += 1) fixture.threads.last.nextFile();
    fixture.threads.last.write('1234567');
    const [item] = fixture.recordings.list({ page: 1, limit: 10 }).items;
    expect(item).toMatchObject({ id, bytes: 7, fileCount: 61 });
    expect(item?.files.map(({ index }) => index)).toEqual(Array.from({ length: 50 }, (_, i) => i + 11));
    expect(fixture.recordings.get(id)?.files).toHaveLength(61);
  });

  test('delete takes files and row, but nothing that is running', async () => {
    const removed: string[] = [];
    fixture.recordings.on('removed', ({ id }) => removed.push(id));
    const { id } = await start({ fileName: 'x' });
    fixture.threads.last.nextFile();
    expect(await codeOf(fixture.recordings.delete(id))).toBe('recording_running');
    await fixture.recordings.stop(id);
    writeFileSync(join(fixture.path, 'other.mp4'), '');
    await fixture.recordings.delete(id);
    expect([readdirSync(fixture.path), removed, fixture.recordings.get(id)]).toEqual([['other.mp4'], [id], undefined]);
    expect(await codeOf(fixture.recordings.delete(id))).toBe('recording_unknown');
    expect(await codeOf(fixture.recordings.stop(id))).toBe('recording_unknown');
  });

  const read = async (id: string, index = 0): Promise<[string, string] | undefined> => {
    const file = await fixture.recordings.openFile(id, index);
    if (file === undefined) return undefined;
    if (file.bytes === 0) await file.close();
    const chunks = file.bytes === 0 ? [] : await file.read(0, file.bytes - 1).toArray();
    return [Buffer.concat(chunks as Buffer[]).toString(), file.etag];
  };

  test('a growing file gives what is complete, under one tag until it is finished', async () => {
    const { id } = await start();
    expect(await read(id)).toEqual(['', `"${id}-0"`]);
    fixture.threads.last.write('abcdef', { complete: 4 });
    expect(await read(id)).toEqual(['abcd', `"${id}-0"`]);
    await fixture.recordings.stop(id);
    const [text, etag] = (await read(id)) ?? [];
    expect(text).toBe('abcdef');
    expect(etag).toMatch(new RegExp(`^"${id}-0-6-\\d+"$`));
    expect([await read(id, 1), await read('none')]).toEqual([undefined, undefined]);
  });

  test('a name whose file was moved away is not used again', async () => {
    for (const name of ['x', 'x-7', 'x-20261121', 'xy'])
      await fixture.recordings.stop((await start({ fileName: name })).id);
    for (const name of readdirSync(fixture.path)) unlinkSync(join(fixture.path, name));
    const { id } = await start({ fileName: 'x' });
    expect(fixture.threads.last.options.takenNumbers?.toSorted()).toEqual([1, 7]);
    expect(fixture.recordings.get(id)?.files[0]?.fileName).toBe('x-2.mp4');
  });

  test('a name that another recording has now is not read and not deleted by the one of before', async () => {
    const old = await start({ fileName: 'x' });
    await fixture.recordings.stop(old.id);
    const { id } = await start({ fileName: 'y', stream: 'desk' });
    fixture.threads.last.write('new');
    const takeName = "UPDATE recording_file SET file_name = 'y.mp4', started_at = 1 WHERE file_name = 'x.mp4'";
    fixture.database.sqlite.exec(takeName);
    expect(await read(old.id)).toBeUndefined();
    await fixture.recordings.stop(id);
    expect(await read(old.id)).toBeUndefined();
    await fixture.recordings.delete(old.id);
    expect((await read(id))?.[0]).toBe('new');
  });

  test('a file that somebody has replaced by a link is not followed', async () => {
    const { id } = await start({ fileName: 'x' });
    await fixture.recordings.stop(id);
    const path = join(fixture.path, 'x.mp4');
    writeFileSync(join(fixture.path, '..', 'secret'), 'secret');
    unlinkSync(path);
    symlinkSync('../secret', path);
    expect(await read(id)).toBeUndefined();
    await fixture.recordings.delete(id);
    expect(statSync(join(fixture.path, '..', 'secret')).size).toBe(6);
  });
});

describe('end and new start of the gateway', () => {
  test('close finishes what runs', async () => {
    const { id } = await start();
    fixture.threads.last.write('abc');
    await fixture.recordings.close();
    await fixture.recordings.close();
    fixture.reopen();
    expect(fixture.recordings.get(id)).toMatchObject({ state: 'finished', reason: 'shutdown', bytes: 3 });
    expect(fixture.threads.repaired).toEqual([]);
  });

  test('close does not wait for a writer that is stuck; the next start finds it interrupted', async () => {
    fixture.reopen({ closeLimitMs: 50 });
    const { id } = await start();
    fixture.threads.last.stuck = true;
    await fixture.recordings.close();
    fixture.reopen();
    await eventually(() => fixture.recordings.get(id)?.durationMs).toBe(12_345);
    expect(fixture.recordings.get(id)).toMatchObject({ state: 'interrupted', reason: 'crash' });
  });

  test('nothing begins while it closes, and what was beginning is given up', async () => {
    const gate = Promise.withResolvers<void>();
    fixture.threads.hold = gate.promise;
    const starting = codeOf(start({ fileName: 'x' }));
    await eventually(() => fixture.streams.taps.length).toBe(1);
    const closed = fixture.recordings.close();
    gate.resolve();
    expect(await starting).toBe('recording_start_failed');
    await closed;
    expect(await codeOf(start())).toBe('recording_stopped');
    expect(readdirSync(fixture.path)).toEqual([]);
  });

  test('after a crash: interrupted, files repaired and measured, those that are gone are empty', async () => {
    const { id } = await start({ fileName: 'x' });
    fixture.threads.last.write('abc');
    fixture.threads.last.nextFile();
    fixture.threads.last.write('defgh');
    const lost = await start({ fileName: 'lost' });
    unlinkSync(join(fixture.path, 'lost.mp4'));
    const again = fixture.reopen();
    expect(again.get(id)).toMatchObject({ state: 'interrupted', reason: 'crash' });
    await eventually(() => again.get(lost.id)?.files[0]?.state).toBe('finished');
    expect(again.get(id)).toMatchObject({
      durationMs: 1000 + 12_345,
      bytes: 8,
      files: [
        { fileName: 'x.mp4', bytes: 3 },
        { fileName: 'x-2.mp4', bytes: 5, durationMs: 12_345, state: 'finished' },
      ],
    });
    expect(again.get(lost.id)).toMatchObject({ state: 'interrupted', bytes: 0, durationMs: 0 });
    expect(fixture.threads.repaired).toEqual([join(fixture.path, 'x-2.mp4')]);
  });

  test('a file that cannot be repaired stays', async () => {
    const { id } = await start({ fileName: 'x' });
    fixture.threads.last.write('abcdef', { complete: 2 });
    fixture.threads.repairFailure = new Error('no moov');
    fixture.reopen();
    await eventually(() => fixture.recordings.get(id)?.files[0]?.state).toBe('finished');
    expect(fixture.recordings.get(id)).toMatchObject({ state: 'interrupted', bytes: 6 });
    expect(readFileSync(join(fixture.path, 'x.mp4'), 'utf8')).toBe('abcdef');
  });
});

describe('a database that cannot be written', () => {
  test('does not end the recording, and is caught up', async () => {
    fixture.reopen({ spaceCheckMs: 20 });
    fixture.database.sqlite.exec('PRAGMA query_only = ON');
    const { id } = await start({ fileName: 'x' });
    fixture.threads.last.write('abc');
    const stopped = await fixture.recordings.stop(id);
    expect(stopped).toMatchObject({ state: 'finished', bytes: 3 });
    expect(fixture.recordings.get(id)).toBeUndefined();
    fixture.database.sqlite.exec('PRAGMA query_only = OFF');
    await eventually(() => fixture.recordings.get(id)).toEqual(stopped);
  });
});
