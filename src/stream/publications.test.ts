import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CHANNEL_ID, DEVICE_ID, scriptedParts } from '../../test/support/stream-fakes.ts';
import type { Channel } from '../gb28181/index.ts';
import { createStreams } from './streams.ts';
import type { PublishRequest, Streams } from './types.ts';

const REQUEST: PublishRequest = { offer: 'v=0', remoteAddress: '192.0.2.7', userAgent: 'page' };
const VIEWER = { offer: 'v=0', remoteAddress: '192.0.2.8', userAgent: 'player' };
const TIMES = { idleTimeoutMs: 1000, firstPacketTimeoutMs: 1000, silenceTimeoutMs: 1000 };

let parts: ReturnType<typeof scriptedParts>;
let streams: Streams;
let told: unknown[][];

function open(options: Partial<Parameters<typeof createStreams>[0]> = {}): void {
  parts = scriptedParts();
  streams = createStreams({ ...TIMES, ...options }, parts);
  told = [];
  streams.on('publicationClosed', (closed) => told.push(['publicationClosed', closed]));
  streams.on('viewerClosed', (closed) => told.push(['viewerClosed', closed]));
  streams.on('opened', ({ name }) => told.push(['opened', name]));
  streams.on('closed', ({ name }) => told.push(['closed', name]));
}

beforeEach(() => open());
afterEach(() => streams.shutdown());

test('a publication is a stream as any other', async () => {
  const { id, stream, answer } = await streams.publish('desk', { ...REQUEST, maxBitrateBps: 500_000 });
  expect([stream, answer]).toEqual(['live/desk', 'v=0 publication']);
  expect(parts.webrtc.publications[0]?.options).toMatchObject({ id, offer: 'v=0', maxBitrateBps: 500_000 });
  for (const name of ['desk', 'live/desk', '/live/desk']) {
    expect(streams.find(name)).toMatchObject({
      name: 'live/desk',
      source: 'publication',
      state: 'opening',
      deviceId: '',
      video: { codec: 'vp8', playable: true },
      audio: { codec: 'opus', sampleRate: 48_000, channels: 2 },
      stats: { packets: 10, bytes: 1000, bitrateBps: 8000, lost: 0 },
      publisher: { id, remoteAddress: '192.0.2.7', userAgent: 'page', muted: { video: false, audio: false } },
    });
  }
  parts.webrtc.publications[0]?.connect();
  expect(streams.list()).toMatchObject([{ state: 'playing', publisher: { dtlsState: 'connected' } }]);
  expect(streams.trickle(id, 'a=end-of-candidates')).toBe(true);
  expect(streams.plays()[0]?.timeline.map(({ stage }) => stage)).toEqual(['requested', 'ice', 'dtls', 'playing']);
});

test('its viewers are listed, muted, told and closed with it', async () => {
  const { id } = await streams.publish('desk', REQUEST);
  const viewer = await streams.view('live/desk', VIEWER);
  expect(streams.find('desk')?.viewers.map((entry) => entry.id)).toEqual([viewer.id]);
  expect(await streams.mute(viewer.id, { audio: true })).toEqual({ video: false, audio: true });
  const changed: unknown[] = [];
  streams.on('changed', (stream) => changed.push(stream.name, stream.publisher?.muted));
  expect(await streams.mute(id, { video: true })).toEqual({ video: true, audio: false });
  expect(changed).toEqual([streams.list()[0]?.name, { video: true, audio: false }]);
  expect(await streams.mute('nobody', { video: true })).toBeUndefined();
  parts.webrtc.publications[0]?.close('peer_closed');
  expect(told).toEqual([
    ['opened', 'live/desk'],
    ['viewerClosed', { id: viewer.id, stream: 'live/desk', reason: 'publisher_gone' }],
    ['publicationClosed', { id, stream: 'live/desk', reason: 'peer_closed' }],
    ['closed', 'live/desk'],
  ]);
  expect([streams.list(), streams.closePublication(id), streams.closeViewer(viewer.id)]).toEqual([[], false, false]);
});

describe('a live name', () => {
  test('is taken over: the old publication and its viewers are closed', async () => {
    const old = await streams.publish('desk', REQUEST);
    await streams.view('desk', VIEWER);
    const next = await streams.publish('live/desk', REQUEST);
    expect(parts.webrtc.publications.map(({ closed }) => closed)).toEqual([true, false]);
    expect(told).toContainEqual(['publicationClosed', { id: old.id, stream: 'live/desk', reason: 'replaced' }]);
    expect(streams.list()).toMatchObject([{ publisher: { id: next.id }, viewers: [] }]);
  });

  test('is refused where that is configured, also in a race', async () => {
    await streams.shutdown();
    open({ republish: 'refuse' });
    const both = await Promise.allSettled([streams.publish('desk', REQUEST), streams.publish('desk', REQUEST)]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    await expect(streams.publish('desk', REQUEST)).rejects.toMatchObject({ code: 'stream_taken' });
    expect(parts.webrtc.publications.filter(({ closed }) => !closed)).toHaveLength(1);
  });

  test("a camera's name is not to be had", async () => {
    await expect(streams.publish(`${DEVICE_ID}_${CHANNEL_ID}`, REQUEST)).rejects.toMatchObject({
      code: 'stream_taken',
    });
  });

  test('names that lead to a camera, also under another app or by the channel alone', () => {
    const name = `${DEVICE_ID}_${CHANNEL_ID}`;
    for (const given of [name, `live/${name}`, `x/${name}`, `live/${name}_1`]) {
      expect([given, streams.isCamera(given)]).toEqual([given, true]);
    }
    vi.spyOn(parts.platform, 'findChannel').mockReturnValue({ deviceId: DEVICE_ID, id: CHANNEL_ID } as Channel);
    expect([CHANNEL_ID, `live/${CHANNEL_ID}`].map((given) => streams.isCamera(given))).toEqual([true, true]);
    expect(streams.isCamera('live/other_device')).toBe(false);
  });

  test('a publication has the owner that published it, until it ends', async () => {
    const { id } = await streams.publish('desk', { ...REQUEST, owner: 'm1' });
    expect(['live/desk', 'desk', 'live/other'].map((name) => streams.ownerOf(name))).toEqual([
      'm1',
      undefined,
      undefined,
    ]);
    streams.closePublication(id);
    expect(streams.ownerOf('live/desk')).toBeUndefined();
  });
});

test.each(['', '..', 'a/b/c', 'a b', 'a\\b', '../x', 'x/..', 'a?b', 'x'.repeat(200), 'a\u0000'])(
  '%j is no name',
  async (name) => {
    await expect(streams.publish(name, REQUEST)).rejects.toMatchObject({ code: 'stream_name_invalid' });
    expect(parts.webrtc.publications).toEqual([]);
  },
);

test('a publisher that never connects ends as ice_failed', async () => {
  await streams.publish('desk', REQUEST);
  parts.webrtc.publications[0]?.close('ice_failed');
  expect(streams.plays()[0]).toMatchObject({ state: 'failed', failure: { code: 'ice_failed' } });
});

test.each([
  {
    reason: 'no_media' as const,
    ended: { state: 'failed', failure: { code: 'no_rtp', message: 'no RTP of the publisher at 192.0.2.7 arrived' } },
  },
  { reason: 'media_lost' as const, ended: { state: 'closed' } },
])(
  'a publisher that is connected and sends nothing ends as $reason, and its name is free',
  async ({ reason, ended }) => {
    await streams.shutdown();
    open({ republish: 'refuse' });
    const { id } = await streams.publish('desk', REQUEST);
    parts.webrtc.publications[0]?.connect();
    parts.webrtc.publications[0]?.close(reason);
    expect(told).toContainEqual(['publicationClosed', { id, stream: 'live/desk', reason }]);
    expect(streams.plays()[0]).toMatchObject(ended);
    expect(streams.plays()[0]?.timeline.at(-1)?.detail).toContain(reason === 'no_media' ? 'no_rtp' : 'media_lost');
    expect((await streams.publish('desk', REQUEST)).stream).toBe('live/desk');
  },
);

test('shutdown ends all', async () => {
  await streams.publish('desk', REQUEST);
  await streams.shutdown();
  expect(parts.webrtc.publications[0]?.closed).toBe(true);
  await expect(streams.publish('desk', REQUEST)).rejects.toMatchObject({ code: 'stream_limit' });
});
