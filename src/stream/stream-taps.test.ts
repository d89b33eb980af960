import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CHANNEL_ID, DEVICE_ID, playOnAnswer, scriptedParts } from '../../test/support/stream-fakes.ts';
import { createStreams } from './index.ts';
import type { Streams } from './types.ts';

const NAME = `live/${DEVICE_ID}_${CHANNEL_ID}`;
let parts: ReturnType<typeof scriptedParts>;
let streams: Streams;

beforeEach(() => {
  vi.useFakeTimers();
  parts = scriptedParts();
  parts.platform.script = playOnAnswer;
  streams = createStreams({ idleTimeoutMs: 30_000, firstPacketTimeoutMs: 5000, silenceTimeoutMs: 5000 }, parts);
});

afterEach(async () => {
  const ended = streams.shutdown();
  await vi.advanceTimersByTimeAsync(3000);
  await ended;
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

async function tap() {
  const [opened] = await Promise.all([streams.tap(NAME), vi.advanceTimersByTimeAsync(1000)]);
  return opened;
}

test('opens the camera, tells its tracks, and holds the stream until it is closed', async () => {
  const opened = await tap();
  expect(opened.tracks).toEqual([
    {
      kind: 'video',
      encoding: 'H264',
      clockRate: 90_000,
      payloadType: 96,
      ssrc: 1,
      parameters: 'packetization-mode=1; profile-level-id=640028',
    },
  ]);
  await vi.advanceTimersByTimeAsync(600_000);
  expect(streams.list()).toHaveLength(1);
  opened.close();
  opened.close();
  await vi.advanceTimersByTimeAsync(29_000);
  expect(streams.list()).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(2000);
  expect(streams.list()).toEqual([]);
});

test('one INVITE for all', async () => {
  const [first, second] = await Promise.all([streams.tap(NAME), streams.tap(NAME), vi.advanceTimersByTimeAsync(1000)]);
  expect(parts.platform.invites).toHaveLength(1);
  first.close();
  second.close();
});

test('waits a moment for the sound of a camera that has just begun, not of one that runs', async () => {
  let settled = false;
  const opening = streams.tap(NAME).finally(() => (settled = true));
  await vi.advanceTimersByTimeAsync(450);
  expect(settled).toBe(false);
  await vi.advanceTimersByTimeAsync(100);
  (await opening).close();
  (await streams.tap(NAME)).close();
});

test('the end of the stream closes it with the reason', async () => {
  const opened = await tap();
  const reasons: string[] = [];
  opened.on('closed', (reason) => reasons.push(reason));
  await Promise.all([streams.close(NAME), vi.advanceTimersByTimeAsync(2000)]);
  expect([opened.closed, reasons]).toEqual([true, ['closed']]);
});

test('a source that is lost closes it', async () => {
  const opened = await tap();
  const reasons: string[] = [];
  opened.on('closed', (reason) => reasons.push(reason));
  parts.platform.sessions[0]?.emit('ended', 'device_bye');
  await vi.advanceTimersByTimeAsync(2000);
  expect(reasons).toEqual(['device_bye']);
});

test('is listed with who reads it until it is closed', async () => {
  (await tap()).close();
  const reader = { protocol: 'rtsp', remoteAddress: '192.0.2.9', userAgent: 'VLC' } as const;
  const [player, recording] = [await streams.tap(NAME, { reader }), await streams.tap(NAME)];
  expect(streams.find(NAME)?.readers).toMatchObject([reader, { protocol: 'recording', remoteAddress: '' }]);
  player.close();
  expect(streams.find(NAME)?.readers).toMatchObject([{ protocol: 'recording' }]);
  recording.close();
  expect(streams.find(NAME)?.readers).toEqual([]);
});

test('a name of nothing is not found', async () => {
  await expect(streams.tap('nothing')).rejects.toMatchObject({ code: 'stream_not_found' });
});
