import { describe, expect, test } from 'vitest';
import type { Recording, RecordingFile, RecordingQuery } from '../record/index.ts';
import { openDatabase, createRecordingStore } from './index.ts';

const FILE: RecordingFile = {
  index: 0,
  fileName: 'a "b" \'c\'.mp4',
  startedAt: 1000,
  durationMs: 2000,
  bytes: 3000,
  packetsIn: 40,
  packetsLost: 1,
  state: 'finished',
};

function recording(more: Partial<Recording> = {}): Recording {
  return {
    id: 'r1',
    stream: 'live/门_1',
    state: 'finished',
    reason: 'stopped',
    message: 'm',
    startedAt: 1000,
    endedAt: 3000,
    durationMs: 2000,
    bytes: 3000,
    packetsIn: 40,
    packetsLost: 1,
    container: 'mp4',
    codecs: ['H264', 'PCMA'],
    requestedBy: 'pms',
    fileCount: 1,
    files: [FILE],
    ...more,
  };
}

function storeWith(...recordings: readonly Recording[]) {
  const db = openDatabase(':memory:');
  const store = createRecordingStore(db);
  for (const each of recordings) {
    store.save(each);
    for (const file of each.files) store.saveFile(each.id, file);
  }
  return store;
}

const running = ({ endedAt: _e, reason: _r, message: _m, ...rest }: Recording): Recording => ({
  ...rest,
  state: 'recording',
});

describe('recording store', () => {
  test.each([
    ['everything', recording()],
    ['what is absent stays absent', running(recording({ codecs: [], files: [], fileCount: 0, container: 'webm' }))],
    ['two files', recording({ fileCount: 2, files: [FILE, { ...FILE, index: 1, fileName: 'b', state: 'writing' }] })],
  ])('%s comes back as it was', (_name, each) => {
    expect(storeWith(each).get('r1')).toEqual(each);
  });

  test('saving again replaces, the files stay', () => {
    const store = storeWith(running(recording()));
    store.save(recording());
    store.saveFile('r1', { ...FILE, bytes: 5 });
    expect(store.get('r1')).toEqual(recording({ files: [{ ...FILE, bytes: 5 }] }));
  });

  const three = [
    recording({ id: 'a', stream: 'live/one', startedAt: 100, endedAt: 200 }),
    recording({ id: 'b', stream: 'live/two', startedAt: 300, endedAt: 400, state: 'failed' }),
    running(recording({ id: 'c', stream: 'app/o_ne', startedAt: 500, files: [{ ...FILE, fileName: '100%.webm' }] })),
  ];
  const queries: [Partial<RecordingQuery>, string[]][] = [
    [{}, ['c', 'b', 'a']],
    [{ limit: 2 }, ['c', 'b']],
    [{ limit: 2, page: 2 }, ['a']],
    [{ page: 9 }, []],
    [{ stream: 'live/one' }, ['a']],
    [{ state: 'failed' }, ['b']],
    [{ state: 'recording' }, ['c']],
    [{ from: 201 }, ['c', 'b']],
    [{ from: 200, to: 300 }, ['b', 'a']],
    [{ to: 99 }, []],
    [{ from: 1_000_000 }, ['c']],
    [{ text: 'ONE' }, ['a']],
    [{ text: 'o_n' }, ['c']],
    [{ text: '0%' }, ['c']],
    [{ text: '%' }, ['c']],
    [{ text: "'c'.mp4" }, ['b', 'a']],
    [{ text: "'; DROP TABLE recording; --" }, []],
  ];
  test.each(queries)('list %j', (query, ids) => {
    const { items, total, totalBytes } = storeWith(...three).list({ page: 1, limit: 50, ...query }, 10);
    expect(items.map(({ id }) => id)).toEqual(ids);
    const matching = query.limit === undefined && query.page === undefined ? ids.length : 3;
    expect([total, totalBytes]).toEqual([matching, matching * recording().bytes]);
  });

  test('lists carry the newest files only, one recording all', () => {
    const files = Array.from({ length: 12 }, (_, index) => ({ ...FILE, index, fileName: `f${index}` }));
    const store = storeWith(recording({ files }));
    const [item] = store.list({ page: 1, limit: 1 }, 3).items;
    expect([item?.fileCount, item?.files.map(({ index }) => index)]).toEqual([12, [9, 10, 11]]);
    expect(store.get('r1')?.files).toEqual(files);
  });

  test('what ran, what is to be repaired, and how much all is', () => {
    const writing = { ...FILE, state: 'writing' as const };
    const store = storeWith(...three, recording({ id: 'd', endedAt: 50, files: [writing] }));
    store.saveFile('c', writing);
    expect(store.unfinished().map(({ id }) => id)).toEqual(['c']);
    expect(store.unfinishedFiles()).toEqual([{ recordingId: 'd', file: writing }]);
    expect(store.totalBytes()).toBe(9000);
    store.remove('d');
    expect([store.get('d'), store.unfinishedFiles(), store.totalBytes()]).toEqual([undefined, [], 6000]);
  });

  test('finished files of all recordings by their end, those that run too', () => {
    const at = (index: number, startedAt: number, durationMs: number) => ({ ...FILE, index, startedAt, durationMs });
    const store = storeWith(
      recording({ id: 'a', files: [at(0, 100, 900), at(1, 1000, 10)] }),
      running(recording({ id: 'b', files: [at(0, 200, 100), { ...at(1, 0, 1), state: 'writing' }] })),
    );
    store.markDone('a', 0);
    const oldest = (limit: number, skip: number): string[] =>
      store.oldestFiles(limit, skip).map((each) => `${each.recordingId}${each.file.index} ${each.pending}`);
    expect(oldest(10, 0)).toEqual(['b0 true', 'a0 false', 'a1 true']);
    expect(oldest(1, 1)).toEqual(['a0 false']);
  });

  test('a file that is removed is off the sums; told whether others are left', () => {
    const second = { ...FILE, index: 1, durationMs: 5, bytes: 7, packetsIn: 9, packetsLost: 11 };
    const sums = { durationMs: 2005, bytes: 3007, packetsIn: 49, packetsLost: 12 };
    const store = storeWith(recording({ ...sums, files: [FILE, second] }));
    expect(store.removeFile('r1', FILE)).toBe(true);
    const { index: _index, fileName: _name, startedAt: _at, state: _state, ...left } = second;
    expect(store.get('r1')).toMatchObject({ ...left, fileCount: 1, files: [second] });
    // It is gone: nothing is taken off twice.
    expect(store.removeFile('r1', FILE)).toBe(true);
    expect(store.get('r1')).toMatchObject(left);
    expect(store.removeFile('r1', second)).toBe(false);
    expect(store.get('r1')).toMatchObject({ durationMs: 0, bytes: 0, packetsIn: 0, packetsLost: 0, files: [] });
  });

  test('a finished file is pending until it is marked, also when it is saved again', () => {
    const store = storeWith(recording(), running(recording({ id: 'r2', files: [{ ...FILE, state: 'writing' }] })));
    expect(store.pendingFiles(10)).toEqual([{ recordingId: 'r1', file: FILE }]);
    store.markDone('r1', 0);
    store.saveFile('r1', FILE);
    expect(store.pendingFiles(10)).toEqual([]);
    store.saveFile('r2', FILE);
    expect(store.pendingFiles(10)).toEqual([{ recordingId: 'r2', file: FILE }]);
  });

  test('a file without its recording is refused', () => {
    expect(() => storeWith().saveFile('none', FILE)).toThrow(/FOREIGN KEY/);
  });
});
