import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { scriptedParts } from '../../test/support/stream-fakes.ts';
import { createStreams } from './index.ts';
import type { Streams } from './types.ts';

const OPUS = { kind: 'audio', codec: 'opus', payloadType: 111, ssrc: 2 } as const;
const H264 = { kind: 'video', codec: 'h264', payloadType: 102, ssrc: 1, profileLevelId: '42e01f' } as const;
const SETS = { profileLevelId: '64001f', spropParameterSets: 'Z2QAHw==,aOs=', width: 1280, height: 720 };

let parts: ReturnType<typeof scriptedParts>;
let streams: Streams;

beforeEach(() => {
  vi.useFakeTimers();
  parts = scriptedParts();
  streams = createStreams({ idleTimeoutMs: 1000, firstPacketTimeoutMs: 1000, silenceTimeoutMs: 1000 }, parts);
});

afterEach(async () => {
  const ended = streams.shutdown();
  await vi.advanceTimersByTimeAsync(3000);
  await ended;
  expect(parts.media.framings.every(({ closed }) => closed)).toBe(true);
  expect(parts.webrtc.packets.every(({ closed }) => closed)).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

async function publish(tracks?: (typeof parts.webrtc.publications)[number]['tracks']) {
  await streams.publish('desk', { offer: 'v=0', remoteAddress: '192.0.2.7', userAgent: 'page' });
  const publication = parts.webrtc.publications[0]!;
  if (tracks !== undefined) publication.tracks = tracks;
  return publication;
}

test('tells the tracks of a publication, video first', async () => {
  await publish([
    { ...OPUS, parameters: 'minptime=10;sprop-stereo=1' },
    { ...H264, codec: 'vp8', payloadType: 96 },
  ]);
  const tap = await streams.tap('desk');
  expect(tap.tracks).toEqual([
    { kind: 'video', encoding: 'VP8', clockRate: 90_000, payloadType: 96 },
    {
      kind: 'audio',
      encoding: 'OPUS',
      clockRate: 48_000,
      channels: 2,
      payloadType: 111,
      parameters: 'sprop-stereo=1',
    },
  ]);
  expect(parts.media.framings).toEqual([]);
});

test('H.264 is described from its key frame; the next tap knows it already', async () => {
  await publish([OPUS, H264]);
  const opening = streams.tap('live/desk');
  await vi.advanceTimersByTimeAsync(10);
  const [framing] = parts.media.framings;
  expect(framing?.options.tracks).toEqual([
    { kind: 'audio', codec: 'opus', payloadType: 111 },
    { kind: 'video', codec: 'h264', payloadType: 102 },
  ]);
  expect(parts.webrtc.packets).toMatchObject([
    { target: { kinds: ['video', 'audio'], address: '127.0.0.1', rtpPort: 42_000 }, playing: true },
  ]);
  framing?.emit('described', SETS);
  const tap = await opening;
  expect(tap.tracks[0]?.parameters).toBe(
    'packetization-mode=1; profile-level-id=64001F; sprop-parameter-sets=Z2QAHw==,aOs=',
  );
  // What was opened for that is closed when nobody takes it.
  await vi.advanceTimersByTimeAsync(3000);
  expect(framing?.closed).toBe(true);
  expect((await streams.tap('desk')).tracks).toEqual(tap.tracks);
  expect(parts.media.framings).toHaveLength(1);
});

test('no key frame within 2 s: described as offered', async () => {
  await publish([H264]);
  const opening = streams.tap('desk');
  await vi.advanceTimersByTimeAsync(2000);
  expect((await opening).tracks[0]?.parameters).toBe('packetization-mode=1; profile-level-id=42E01F');
});

test('framed packets go to every reader from one framing, which ends with the last', async () => {
  await publish();
  const [one, two] = [await streams.tap('desk'), await streams.tap('desk')];
  const seen: string[] = [];
  await one.openFrames(() => void seen.push('one'));
  await two.openFrames(() => void seen.push('two'));
  const [framing] = parts.media.framings;
  framing?.tell({ data: new Uint8Array(4), keyFrame: true });
  expect(seen).toEqual(['one', 'two']);
  expect([parts.media.framings.length, parts.webrtc.packets[0]?.keyFrameRequests]).toEqual([1, 1]);
  one.close();
  expect(framing?.closed).toBe(false);
  two.close();
  await vi.advanceTimersByTimeAsync(0);
  expect(framing?.closed).toBe(true);
});

test('readers are listed and told as viewers are', async () => {
  await publish();
  const told: number[] = [];
  streams.on('viewers', ({ readers }) => told.push(readers.length));
  const reader = { protocol: 'rtsp', remoteAddress: '192.0.2.9', userAgent: 'VLC' } as const;
  const tap = await streams.tap('desk', { reader });
  expect(streams.find('desk')?.readers).toMatchObject([reader]);
  tap.close();
  expect(told).toEqual([1, 0]);
});

test('requests for key frames are merged', async () => {
  await publish();
  const frames = await (await streams.tap('desk')).openFrames(() => undefined);
  for (let count = 0; count < 10; count += 1) frames.requestKeyFrame();
  await vi.advanceTimersByTimeAsync(500);
  expect(parts.webrtc.packets[0]?.keyFrameRequests).toBe(2);
});

test('a player over UDP gets one track from mediasoup', async () => {
  await publish();
  const tap = await streams.tap('desk');
  const target = { address: '192.0.2.9', rtpPort: 5000, rtcpPort: 5001, localAddress: '192.0.2.1' };
  const output = await tap.openUdp({ track: 'audio', ...target });
  expect(parts.webrtc.packets).toMatchObject([{ target: { kinds: ['audio'], ...target }, playing: false }]);
  expect([output.ports, output.ssrc]).toEqual([{ rtp: 41_000, rtcp: 41_001 }, 77]);
  tap.close();
  expect(parts.webrtc.packets[0]?.closed).toBe(true);
});

test('a player of VP9 over UDP gets it by way of a media thread', async () => {
  await publish([OPUS, { ...H264, codec: 'vp9', payloadType: 98 }]);
  const tap = await streams.tap('desk');
  const target = { address: '192.0.2.9', rtpPort: 5000, rtcpPort: 5001, localAddress: '192.0.2.1' };
  const output = await tap.openUdp({ track: 'video', ...target });
  const [framing, packets] = [parts.media.framings[0], parts.webrtc.packets[0]];
  expect(framing?.options).toMatchObject({ tracks: [{ codec: 'vp9' }], output: { kind: 'udp', ...target } });
  expect(packets?.target).toMatchObject({ kinds: ['video'], address: '127.0.0.1', rtpPort: 42_000 });
  expect([output.ports, output.ssrc]).toEqual([{ rtp: 43_000, rtcp: 43_001 }, 77]);
  const alive = vi.fn();
  output.on('alive', alive);
  output.setPlaying(true);
  framing?.emit('alive');
  framing?.emit('keyFrameRequested');
  expect([packets?.playing, packets?.keyFrameRequests, alive.mock.calls.length]).toEqual([true, 1, 1]);
  tap.close();
});

test.each([
  { name: 'the publisher', reason: 'publisher_gone', end: () => parts.webrtc.publications[0]?.close('peer_closed') },
  { name: 'the media thread', reason: 'thread_died', end: () => parts.media.framings[0]?.emit('ended') },
])('closes with $name', async ({ reason, end }) => {
  await publish();
  const tap = await streams.tap('desk');
  const reasons: string[] = [];
  tap.on('closed', (told) => reasons.push(told));
  await tap.openFrames(() => undefined);
  end();
  expect([tap.closed, reasons]).toEqual([true, [reason]]);
});

test('a media thread that dies while mediasoup opens is told, and nothing stays open', async () => {
  await publish();
  const tap = await streams.tap('desk');
  const openPackets = parts.webrtc.openPackets.bind(parts.webrtc);
  parts.webrtc.openPackets = async (publication, target) => {
    const packets = await openPackets(publication, target);
    parts.media.framings[0]?.close();
    return packets;
  };
  await expect(tap.openFrames(() => undefined)).rejects.toMatchObject({ code: 'closed' });
  expect(parts.webrtc.packets[0]?.closed).toBe(true);
  parts.webrtc.openPackets = openPackets;
  await tap.openFrames(() => undefined);
});

test('a framing that cannot be opened is told, and tried again by the next', async () => {
  await publish();
  const tap = await streams.tap('desk');
  parts.media.failure = new Error('no port');
  await expect(tap.openFrames(() => undefined)).rejects.toThrow('no port');
  parts.media.failure = undefined;
  await tap.openFrames(() => undefined);
  expect(parts.media.framings).toHaveLength(1);
});
