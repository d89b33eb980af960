import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeError } from '../../../test/support/fake-platform.ts';
import type { RecordList } from '../../gb28181/index.ts';
import type { DownloadEnd, RecordedDownload, RecordedDownloadEvents } from '../../stream/index.ts';
import { silentLogger } from '../../util/index.ts';
import type { Recording, RecordingRequest, Recordings, RecordingsEvents } from '../types.ts';
import { createDownloads } from './downloads.ts';
import type { DownloadRecord, Downloads } from './types.ts';

const FROM = Date.UTC(2026, 2, 1, 5);
const REQUEST = { deviceId: '34020000001320000001', channelId: 'a/b', fromMs: FROM, toMs: FROM + 600_000, speed: 4 };

class FakeSource extends EventEmitter<RecordedDownloadEvents> implements RecordedDownload {
  readonly stream = 'download/x';
  positionMs = FROM;
  receivedMs = 0;
  receivedBytes = 0;
  fileSize = 1000;
  resumes = 0;

  end(end: DownloadEnd, message = ''): void {
    this.emit('ended', end, message);
  }

  async close(): Promise<void> {
    this.end('stopped');
  }
}

let source: FakeSource;
let recording: Recording;
let records: Pick<RecordList, 'complete' | 'segments'> | Error;
let startFailure: Error | undefined;
/** Whether its recording is there still. */
let kept: boolean;
const stored = new Map<string, DownloadRecord>();
let recorder: EventEmitter<RecordingsEvents>;
let asked: unknown;
let downloads: Downloads;

beforeEach(() => {
  source = new FakeSource();
  records = new FakeError('device_no_response', 'silent');
  startFailure = undefined;
  recording = {
    id: 'rec',
    stream: 'download/x',
    state: 'recording',
    startedAt: 1,
    durationMs: 0,
    bytes: 0,
    packetsIn: 0,
    packetsLost: 0,
    container: 'mp4',
    codecs: ['H264'],
    requestedBy: 'api',
    fileCount: 1,
    files: [],
  };
  kept = true;
  stored.clear();
  downloads = openDownloads();
});

afterEach(() => downloads.close());

function openDownloads(): Downloads {
  recorder = new EventEmitter();
  return createDownloads({
    platform: {
      records: async (query) => {
        if (records instanceof Error) throw records;
        return { ...query, sumNum: 1, items: [], ...records };
      },
    },
    streams: { openDownload: async () => source },
    recordings: Object.assign(recorder, {
      start: async (request: RecordingRequest) => {
        asked = request;
        if (startFailure !== undefined) throw startFailure;
        return recording;
      },
      stop: async (): Promise<Recording> => ({ ...recording, state: 'finished' }),
      get: () => (kept ? recording : undefined),
    }) as unknown as Pick<Recordings, 'start' | 'stop' | 'get' | 'on' | 'off'>,
    store: {
      save: (record) => void stored.set(record.id, record),
      list: () => [...stored.values()],
      remove: (id) => void stored.delete(id),
    },
    log: silentLogger,
  });
}

const settled = async (id: string) => {
  await new Promise((resolve) => setImmediate(resolve));
  return downloads.get(id);
};

describe('downloads', () => {
  test('are written by the recorder into one file with a name of its own', async () => {
    const { id } = await downloads.start(REQUEST);
    expect(asked).toEqual({
      stream: 'download/x',
      fileName: '34020000001320000001_a_b_20260301T050000Z.mp4',
      segmentMinutes: 0,
      requestedBy: 'api',
    });
    source.positionMs = FROM + 300_000;
    expect(downloads.get(id)).toMatchObject({ state: 'running', progress: 0.5, expectedMs: 600_000, fileSize: 1000 });
    // An estimate that was too high.
    source.positionMs = FROM + 240_000;
    expect(downloads.list()).toMatchObject([{ progress: 0.5 }]);
  });

  test.each([
    { name: 'all of it', durationMs: 599_000, end: 'finished' as const, state: 'complete' },
    {
      name: 'more than two seconds and one per cent missing',
      durationMs: 590_000,
      end: 'finished' as const,
      state: 'partial',
    },
    {
      name: 'a little more, as a device begins at a key frame',
      durationMs: 611_000,
      end: 'finished' as const,
      state: 'complete',
    },
    { name: 'broken off at the very end', durationMs: 599_500, end: 'device_bye' as const, state: 'complete' },
    { name: 'nothing', durationMs: 0, end: 'media_lost' as const, state: 'failed' },
  ])('$name: $state', async ({ durationMs, end, state }) => {
    const { id } = await downloads.start(REQUEST);
    recording = { ...recording, durationMs };
    source.end(end);
    const ended = await settled(id);
    expect(ended).toMatchObject({ state, end, durationMs });
    if (state === 'complete') expect(ended?.progress).toBe(1);
    if (state === 'partial') expect(ended?.message).toBe('590000 of 600000 ms');
  });

  test('what the device has not recorded is not missing; overlaps count once', async () => {
    const segment = (from: number, to: number) => ({
      startMs: FROM + from * 1000,
      endMs: FROM + to * 1000,
      type: 'time' as const,
    });
    records = { complete: true, segments: [segment(0, 100), segment(50, 150), segment(500, 600)] };
    const { id, expectedMs } = await downloads.start(REQUEST);
    expect(expectedMs).toBe(250_000);
    // Behind the gap: what has come, not what time has gone by.
    source.positionMs = FROM + 500_000;
    expect(downloads.get(id)?.progress).toBe(0.6);
    recording = { ...recording, durationMs: 249_000 };
    source.end('finished');
    expect(await settled(id)).toMatchObject({ state: 'complete' });
  });

  test('a file that is far longer than what was asked for says so', async () => {
    const { id } = await downloads.start(REQUEST);
    recording = { ...recording, durationMs: 900_000 };
    source.end('finished');
    expect(await settled(id)).toMatchObject({ state: 'complete', message: '900000 of 600000 ms' });
  });

  test('what is asked for again after losses does not make a file too long', async () => {
    const { id } = await downloads.start(REQUEST);
    source.resumes = 4;
    recording = { ...recording, durationMs: 630_000 };
    source.end('finished');
    const ended = await settled(id);
    expect([ended?.state, ended?.message]).toEqual(['complete', undefined]);
  });

  test('one that cannot be written is not called for', async () => {
    let ends = 0;
    source.on('ended', () => (ends += 1));
    startFailure = new FakeError('disk_space_low', 'full');
    await expect(downloads.start(REQUEST)).rejects.toMatchObject({ code: 'disk_space_low' });
    expect([ends, downloads.list()]).toEqual([1, []]);
  });

  test('stopped, it keeps what has come', async () => {
    const { id } = await downloads.start(REQUEST);
    recording = { ...recording, durationMs: 10_000 };
    expect(await downloads.stop(id)).toBe(true);
    expect(downloads.get(id)).toMatchObject({ state: 'partial', end: 'stopped', recordingId: 'rec' });
    expect(await downloads.stop('none')).toBe(false);
  });

  test('are counted while they run, and once by what came of them', async () => {
    const { id } = await downloads.start(REQUEST);
    expect(downloads.counters).toEqual({ running: 1, ended: { complete: 0, partial: 0, failed: 0 } });
    recording = { ...recording, durationMs: 10_000 };
    await downloads.stop(id);
    // What becomes of its files later is no other end.
    recorder.emit('changed', recording);
    source = new FakeSource();
    recording = { ...recording, durationMs: 0 };
    await downloads.stop((await downloads.start(REQUEST)).id);
    expect(downloads.counters).toEqual({ running: 0, ended: { complete: 0, partial: 1, failed: 1 } });
  });

  test('no more than the bound at once', async () => {
    for (let n = 0; n < 32; n += 1) {
      source = new FakeSource();
      await downloads.start(REQUEST);
    }
    await expect(downloads.start(REQUEST)).rejects.toMatchObject({
      code: 'download_limit',
      message: '32 downloads are running, the limit is 32',
    });
  });
});

describe('downloads when the gateway starts anew', () => {
  /** What a start finds; the one before has closed, or was killed. */
  const restart = ({ killed = false } = {}): void => {
    if (!killed) downloads.close();
    downloads = openDownloads();
  };

  test.each([{ killed: false }, { killed: true }])(
    'one that ran has failed, with what had come ($killed)',
    async ({ killed }) => {
      const { id } = await downloads.start(REQUEST);
      source.positionMs = FROM + 240_000;
      source.emit('resumed', FROM + 240_000);
      recording = { ...recording, state: 'interrupted', durationMs: 240_000, endedAt: 777 };
      restart({ killed });
      // The device ends it when the gateway is gone: nobody counts that.
      if (!killed) source.end('device_bye');
      await settled(id);
      const failed = {
        id,
        state: 'failed',
        end: 'gateway_restarted',
        message: 'gateway restarted',
        progress: 0.4,
        endedAt: 777,
        durationMs: 240_000,
        recordingId: 'rec',
      };
      expect(downloads.list()).toMatchObject([failed]);
      restart();
      expect(downloads.get(id)).toMatchObject(failed);
    },
  );

  test('finished ones are there, with the files that are left, until their recording is gone', async () => {
    const { id } = await downloads.start(REQUEST);
    recording = { ...recording, state: 'finished', durationMs: 600_000 };
    source.end('finished');
    await settled(id);
    restart();
    expect(downloads.get(id)).toMatchObject({ state: 'complete', progress: 1, end: 'finished' });
    const told: string[] = [];
    downloads.on('changed', (download) => told.push(`${download.state} ${download.durationMs}`));
    recording = { ...recording, durationMs: 1000 };
    recorder.emit('changed', recording);
    expect(told).toEqual(['complete 1000']);
    recorder.emit('removed', { id: 'rec' });
    expect([downloads.list(), downloads.get(id), stored.size]).toEqual([[], undefined, 0]);
  });

  test('what was deleted meanwhile is not listed', async () => {
    await downloads.start(REQUEST);
    downloads.close();
    kept = false;
    restart();
    expect([downloads.list(), stored.size]).toEqual([[], 0]);
  });

  test('it is written down every few seconds how far one is', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    downloads.close();
    downloads = openDownloads();
    const { id } = await downloads.start(REQUEST);
    source.positionMs = FROM + 60_000;
    vi.advanceTimersByTime(5000);
    expect(stored.get(id)).toMatchObject({ state: 'running', positionMs: FROM + 60_000 });
    vi.useRealTimers();
  });

  test('no more than 200 are kept', async () => {
    for (let n = 0; n < 201; n += 1) {
      recording = { ...recording, id: `rec${n}` };
      source = new FakeSource();
      const { id } = await downloads.start(REQUEST);
      source.end('finished');
      await settled(id);
    }
    expect([stored.size, downloads.list().length]).toEqual([200, 200]);
    expect([...stored.values()].map(({ recordingId }) => recordingId)).not.toContain('rec0');
  });
});

describe('a download that lacks something', () => {
  async function failed(): Promise<string> {
    const { id } = await downloads.start(REQUEST);
    source.positionMs = FROM + 240_000;
    downloads.close();
    downloads = openDownloads();
    recording = { ...recording, id: 'rec2' };
    source = new FakeSource();
    return id;
  }

  test('is continued by another one, a second before where it was, once', async () => {
    const id = await failed();
    const rest = await downloads.resume(id);
    expect(rest).toMatchObject({ state: 'running', fromMs: FROM + 239_000, toMs: FROM + 600_000, speed: 4 });
    expect(asked).toMatchObject({ fileName: '34020000001320000001_a_b_20260301T050359Z.mp4' });
    expect(downloads.get(id)).toMatchObject({ state: 'failed', continuedBy: rest.id });
    await expect(downloads.resume(id)).rejects.toMatchObject({
      code: 'download_not_resumable',
      message: `download ${id} is continued by ${rest.id}`,
    });
    await expect(downloads.resume(rest.id)).rejects.toMatchObject({ code: 'download_not_resumable' });
    await expect(downloads.resume('none')).rejects.toMatchObject({ code: 'download_unknown' });
  });

  test('asked for twice at once, is fetched once; what fails can be asked for again', async () => {
    const id = await failed();
    startFailure = new FakeError('disk_space_low', 'full');
    const both = await Promise.allSettled([downloads.resume(id), downloads.resume(id)]);
    expect(both).toMatchObject([
      { reason: { code: 'disk_space_low' } },
      { reason: { message: `download ${id} is being resumed` } },
    ]);
    startFailure = undefined;
    expect(await downloads.resume(id)).toMatchObject({ state: 'running' });
  });

  test('that is complete is not continued', async () => {
    const { id } = await downloads.start(REQUEST);
    recording = { ...recording, durationMs: 600_000 };
    source.end('finished');
    await settled(id);
    await expect(downloads.resume(id)).rejects.toMatchObject({ message: `download ${id} is complete` });
  });
});
