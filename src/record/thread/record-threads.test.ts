import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventEmitter, once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeTap } from '../../../test/support/rtp-tap.ts';
import { idr, PPS, rtp, slice, SPS_720 } from '../../../test/support/ps-builder.ts';
import { silentLogger } from '../../util/index.ts';
import { createRecordThreads, type RecordingWriter, type RecordThreads } from '../index.ts';
import type { ThreadRequest } from './protocol.ts';
import type { RecordWorker } from './record-link.ts';
import { spawnRecordThread } from './record-threads.ts';

const TRACK = { kind: 'video', encoding: 'H264', clockRate: 90_000, payloadType: 96, ssrc: 1 } as const;

let folder: string;
let threads: RecordThreads;
let workers: Worker[];
const cameras = new Set<NodeJS.Timeout>();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gbrtc-threads-'));
  workers = [];
  threads = createRecordThreads({ threads: 1, startMs: 300 }, silentLogger, (options) => {
    const worker = spawnRecordThread(options);
    workers.push(worker);
    return worker;
  });
});
afterEach(async () => {
  stopCameras();
  await threads.close();
  rmSync(folder, { recursive: true, force: true });
});

function stopCameras(): void {
  for (const timer of cameras) clearInterval(timer);
  cameras.clear();
}

/** A record thread that does nothing before it is told to. */
class SlowThread extends EventEmitter implements RecordWorker {
  readonly requests: ThreadRequest[] = [];

  postMessage(request: ThreadRequest): void {
    this.requests.push(request);
    if (request.type === 'shutdown') setImmediate(() => this.emit('exit', 0));
  }

  async terminate(): Promise<number> {
    this.emit('exit', 1);
    return 1;
  }
}

/** A tap with 25 frames a second, in real time. */
function camera(): FakeTap {
  const tap = new FakeTap([TRACK]);
  let frame = 0;
  let sequenceNumber = 0;
  const timer = setInterval(() => {
    const nalus = frame % 10 === 0 ? [SPS_720, PPS, idr(300)] : [slice(100)];
    for (const nalu of nalus) tap.send(0, rtp(nalu, { sequenceNumber: sequenceNumber++, timestamp: frame * 3600 }));
    frame += 1;
  }, 40);
  cameras.add(timer);
  return tap;
}

async function open(tap: FakeTap, baseName = 'rec'): Promise<RecordingWriter> {
  return threads.open({ tap, directory: folder, baseName });
}

describe('RecordThreads', () => {
  test('opens with the first key frame, tells progress, and finishes', async () => {
    const tap = camera();
    const writer = await open(tap);
    expect(writer.container).toBe('mp4');
    expect(writer.codecs).toEqual(['H264']);
    expect(writer.files).toMatchObject([{ fileName: 'rec.mp4', state: 'writing' }]);
    const [progress] = await once(writer, 'progress');
    expect(progress).toMatchObject({ fileName: 'rec.mp4', state: 'writing', packetsLost: 0 });
    const ended = once(writer, 'ended');
    await Promise.all([writer.stop(), writer.stop()]);
    expect((await ended)[0]).toBe('stopped');
    expect(writer.files).toMatchObject([{ state: 'finished' }]);
    expect(writer.files[0]!.durationMs).toBeGreaterThan(500);
    expect(tap.closed).toBe(true);
    expect(tap.readers).toBe(0);
    await expect(threads.repair(join(folder, 'rec.mp4'))).resolves.toEqual({
      durationMs: writer.files[0]!.durationMs,
      bytes: writer.files[0]!.bytes,
    });
  });

  test('the end of the stream ends the recording', async () => {
    const tap = camera();
    const writer = await open(tap);
    const ended = once(writer, 'ended');
    tap.end('publisher_gone');
    expect(await ended).toEqual(['stream_ended', 'the stream ended: publisher_gone']);
    await writer.completed();
    expect(writer.files).toMatchObject([{ state: 'finished' }]);
  });

  test('two recordings of one name get two files', async () => {
    const writers = await Promise.all([open(camera()), open(camera())]);
    await Promise.all(writers.map((writer) => writer.stop()));
    expect(readdirSync(folder).toSorted()).toEqual(['rec-2.mp4', 'rec.mp4']);
  });

  test('no key frame within the limit', async () => {
    const tap = new FakeTap([TRACK]);
    await expect(open(tap)).rejects.toMatchObject({ code: 'recording_not_started', reason: 'no_key_frame' });
    expect(tap.closed).toBe(true);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a tap that is closed', async () => {
    const tap = new FakeTap([TRACK]);
    tap.close();
    await expect(open(tap)).rejects.toMatchObject({ reason: 'stream_ended' });
  });

  test('a file that takes long to complete neither holds up recordings nor fails its own', async () => {
    const slow = new SlowThread();
    threads = createRecordThreads({ threads: 1, startMs: 2000 }, silentLogger, (options) => {
      if (workers.length > 0) return slow;
      const worker = spawnRecordThread(options);
      workers.push(worker);
      return worker;
    });
    const writer = await open(camera(), 'long');
    const ended = once(writer, 'ended');
    let stopped = false;
    const stopping = writer.stop().then(() => (stopped = true));
    expect((await ended)[0]).toBe('stopped');
    const other = await open(camera(), 'other');
    await once(other, 'progress');
    expect(stopped).toBe(false);
    expect(writer.files).toMatchObject([{ fileName: 'long.mp4', state: 'writing' }]);
    const [request] = slow.requests;
    if (request?.type !== 'repair') throw new Error('nothing is to be completed');
    expect(request.path).toBe(join(folder, 'long.mp4'));
    slow.emit('message', { type: 'repaired', key: request.key, durationMs: 77, bytes: 88 });
    await stopping;
    expect(writer.files).toMatchObject([{ durationMs: 77, bytes: 88, state: 'finished' }]);
    const otherEnded = once(other, 'ended');
    const otherStopping = other.stop();
    await otherEnded;
    await slow.terminate();
    await otherStopping;
    // Nobody has looked at it: it is to be tried again.
    expect(other.files).toMatchObject([{ state: 'writing' }]);
  });

  test('packets for which a hanging thread had no room are told before its end', async () => {
    const slow = new SlowThread();
    const hanging = createRecordThreads({ threads: 1 }, silentLogger, () => slow);
    const tap = new FakeTap([TRACK]);
    const opening = hanging.open({ tap, directory: folder, baseName: 'rec' });
    await expect.poll(() => tap.readers).toBe(1);
    const { key } = slow.requests[0] as { key: number };
    const sums = { startedAt: 0, durationMs: 0, bytes: 0, packetsIn: 0, packetsLost: 0 };
    const file = { ...sums, fileName: 'rec.mp4', state: 'writing' };
    slow.emit('message', { type: 'begun', key, container: 'mp4', codecs: ['H264'], file });
    const writer = await opening;
    for (let packet = 0; packet < 10_000; packet += 1) tap.send(0, Buffer.alloc(1000, 0x80));
    const stopping = writer.stop();
    expect(slow.requests.slice(-2).map(({ type }) => type)).toEqual(['skipped', 'stop']);
    slow.emit('message', { type: 'ended', key, reason: 'stopped', message: '' });
    await stopping;
    await hanging.close();
  });

  test('a directory that does not exist', async () => {
    const opening = threads.open({ tap: camera(), directory: join(folder, 'none'), baseName: 'rec' });
    await expect(opening).rejects.toMatchObject({ reason: 'write_failed' });
  });

  test('a dying thread ends its recordings with their files complete, and the next one works', async () => {
    const writer = await open(camera());
    await once(writer, 'progress');
    const ended = once(writer, 'ended');
    await workers[0]!.terminate();
    expect((await ended)[0]).toBe('thread_died');
    expect(writer.files).toMatchObject([{ fileName: 'rec.mp4', state: 'finished' }]);
    expect(writer.files[0]!.durationMs).toBeGreaterThan(200);
    const next = await open(camera());
    await next.stop();
    expect(next.files).toMatchObject([{ fileName: 'rec-2.mp4', state: 'finished' }]);
  });

  test('a dead thread is missing until its successor is ready, without new work', async () => {
    const writer = await open(camera());
    const told: string[] = [];
    threads.on('threadDied', ({ index }) => told.push(`died ${index}, missing ${threads.threadsMissing}`));
    threads.on('threadUp', ({ index }) => told.push(`up ${index}, missing ${threads.threadsMissing}`));
    const up = once(threads, 'threadUp');
    await workers[0]!.terminate();
    expect(threads.threadsMissing).toBe(1);
    await up;
    await writer.completed();
    expect(told).toEqual(['died 0, missing 1', 'up 0, missing 0']);
    await threads.close();
    expect(told).toHaveLength(2);
  });

  test('closing finishes all', async () => {
    const writer = await open(camera());
    await threads.close();
    expect(writer.files).toMatchObject([{ state: 'finished' }]);
    await expect(open(camera())).rejects.toMatchObject({ code: 'recording_not_started' });
  });

  test('repair says what it cannot', async () => {
    const path = join(folder, 'other.mp4');
    writeFileSync(path, 'hello');
    await expect(threads.repair(path)).rejects.toMatchObject({ code: 'recording_not_repaired' });
    await expect(threads.repair(join(folder, 'none.mp4'))).rejects.toThrow('ENOENT');
  });
});
