import { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, test } from 'vitest';
import { FakeError } from '../../../test/support/fake-platform.ts';
import type { RecordList } from '../../gb28181/index.ts';
import type { DownloadEnd, RecordedDownload, RecordedDownloadEvents } from '../../stream/index.ts';
import { silentLogger } from '../../util/index.ts';
import type { Recording } from '../types.ts';
import { createDownloads } from './downloads.ts';
import type { Downloads } from './types.ts';

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
  downloads = createDownloads({
    platform: {
      records: async (query) => {
        if (records instanceof Error) throw records;
        return { ...query, sumNum: 1, items: [], ...records };
      },
    },
    streams: { openDownload: async () => source },
    recordings: {
      start: async (request) => {
        asked = request;
        if (startFailure !== undefined) throw startFailure;
        return recording;
      },
      stop: async () => ({ ...recording, state: 'finished' }),
      get: () => recording,
    },
    log: silentLogger,
  });
});

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
    recording = { ...recording, durationMs: 249_000 };
    source.end('finished');
    expect(await settled(id)).toMatchObject({ state: 'complete' });
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
