import { afterEach, beforeEach, expect, test } from 'vitest';
import { CHANNEL_ID, DEVICE_ID, scriptedParts } from '../../test/support/stream-fakes.ts';
import type { RtpPublishRequest } from './rtp-publication-types.ts';
import { createStreams } from './streams.ts';
import type { Streams } from './types.ts';

const REQUEST: RtpPublishRequest = {
  tracks: [
    {
      kind: 'video',
      encoding: 'H264',
      clockRate: 90_000,
      payloadType: 98,
      parameters: 'packetization-mode=1; sprop-parameter-sets=Z0LAKA==,aMuD; profile-level-id=42C028',
    },
    { kind: 'audio', encoding: 'PCMA', clockRate: 8000, payloadType: 8 },
  ],
  source: 'rtsp',
  remoteAddress: '192.0.2.7',
  userAgent: 'Lavf',
};
const TIMES = { idleTimeoutMs: 1000, firstPacketTimeoutMs: 1000, silenceTimeoutMs: 4000, mediaTimeoutMs: 9000 };

let parts: ReturnType<typeof scriptedParts>;
let streams: Streams;
let told: unknown[][];

function open(options: Partial<Parameters<typeof createStreams>[0]> = {}): void {
  parts = scriptedParts();
  streams = createStreams({ ...TIMES, ...options }, parts);
  told = [];
  streams.on('publicationClosed', ({ stream, reason }) => told.push(['publicationClosed', stream, reason]));
  streams.on('viewerClosed', ({ reason }) => told.push(['viewerClosed', reason]));
}

beforeEach(() => open());
afterEach(() => streams.shutdown());

test('a stream that comes as RTP is a publication as any other', async () => {
  const publication = await streams.publishRtp('gate', REQUEST);
  const [relay] = parts.media.relays;
  expect(relay?.options).toEqual({
    id: publication.id,
    tracks: [
      {
        kind: 'video',
        clockRate: 90_000,
        payloadType: 98,
        sentPayloadType: 98,
        sentSsrc: 100,
        spropParameterSets: 'Z0LAKA==,aMuD',
      },
      { kind: 'audio', clockRate: 8000, payloadType: 8, sentPayloadType: 8, sentSsrc: 101 },
    ],
    target: { address: '127.0.0.1', port: 40_000 },
    firstMediaMs: 9000,
    silenceMs: 4000,
  });
  expect(streams.find('gate')).toMatchObject({
    name: 'live/gate',
    source: 'publication',
    transport: 'rtsp',
    state: 'opening',
    video: { codec: 'h264', playable: true },
    audio: { codec: 'pcma', sampleRate: 8000, channels: 1 },
    stats: { packets: 5, bytes: 500, lost: 1, errors: { wrong_ssrc: 1 } },
    publisher: { id: publication.id, remoteAddress: '192.0.2.7', userAgent: 'Lavf' },
  });
  expect(streams.find('gate')?.publisher).not.toHaveProperty('iceState');
  const events: unknown[] = [];
  publication.on('rtcp', (framed) => events.push(framed));
  publication.on('firstMedia', () => events.push('firstMedia'));
  publication.restart();
  expect(relay?.restarts).toBe(1);
  publication.setExpecting(true);
  relay?.emit('firstMedia');
  const report = new Uint8Array([0x24, 1, 0, 0]);
  relay?.emit('rtcp', report);
  expect([events, relay?.expecting]).toEqual([['firstMedia', report], true]);
  expect(await publication.openUdp(1, { address: '192.0.2.7' })).toEqual({ rtp: 50_002, rtcp: 50_003 });
  expect(streams.find('gate')?.state).toBe('playing');
  expect(streams.plays()[0]).toMatchObject({ transport: 'rtsp' });
  expect(await streams.mute(publication.id, { audio: true })).toEqual({ video: false, audio: true });
});

test.each([
  ['closed', 'peer_closed', 'closed'],
  ['no_media', 'no_media', 'failed'],
  ['silent', 'media_lost', 'closed'],
  ['thread_died', 'media_lost', 'closed'],
] as const)('a relay that ends with %s ends publication and players', async (ended, reason, state) => {
  const publication = await streams.publishRtp('gate', REQUEST);
  const reasons: string[] = [];
  publication.on('closed', (closed) => reasons.push(closed));
  await streams.view('live/gate', { offer: 'v=0', remoteAddress: '', userAgent: '' });
  if (ended === 'closed') publication.close('peer_closed');
  else parts.media.relays[0]?.end(ended);
  publication.close();
  expect(reasons).toEqual([reason]);
  expect(told).toEqual([
    ['viewerClosed', 'publisher_gone'],
    ['publicationClosed', 'live/gate', reason],
  ]);
  expect([publication.closed, parts.media.relays[0]?.closed, parts.webrtc.plainPublications[0]?.closed]).toEqual([
    true,
    true,
    true,
  ]);
  expect(streams.find('gate')).toBeUndefined();
  expect(streams.plays()[0]?.state).toBe(state);
});

test('a dead worker, the console and the end of the gateway close it', async () => {
  for (const end of [
    () => parts.webrtc.plainPublications.at(-1)?.close('worker_died'),
    () => streams.close('live/gate'),
    (id: string) => streams.closePublication(id),
    () => streams.shutdown(),
  ]) {
    const publication = await streams.publishRtp('gate', REQUEST);
    await end(publication.id);
    expect([publication.closed, parts.media.relays.at(-1)?.closed]).toEqual([true, true]);
  }
  await expect(streams.publishRtp('gate', REQUEST)).rejects.toMatchObject({ code: 'stream_limit' });
});

test('readers over RTSP are told at once what the publisher has said of its parameter sets', async () => {
  await streams.publishRtp('gate', REQUEST);
  const tap = await streams.tap('live/gate', { reader: { protocol: 'rtsp', remoteAddress: '', userAgent: '' } });
  expect(tap.tracks).toMatchObject([
    { encoding: 'H264', parameters: expect.stringContaining('sprop-parameter-sets=Z0LAKA==,aMuD') as string },
    { encoding: 'PCMA', clockRate: 8000 },
  ]);
  expect(parts.media.framings).toEqual([]);
  tap.close();
});

test('a reader whose description is awaited counts as a watcher', async () => {
  const [video] = REQUEST.tracks;
  const bare = { ...video!, parameters: 'packetization-mode=1' };
  const publication = await streams.publishRtp('gate', { ...REQUEST, tracks: [bare] });
  const watchers: number[] = [];
  publication.on('watchers', (count) => watchers.push(count));
  const opening = streams.tap('live/gate');
  expect(publication.watchers).toBe(1);
  await expect.poll(() => parts.media.framings.length).toBe(1);
  const sets = { profileLevelId: '42c028', spropParameterSets: 'Z0LAKA==,aMuD', width: 1920, height: 1080 };
  parts.media.framings[0]?.emit('described', sets);
  (await opening).close();
  expect(watchers).toEqual([1, 0]);
});

test('names: those of cameras are refused, live ones are taken over or refused as configured', async () => {
  await expect(streams.publishRtp('a b', REQUEST)).rejects.toMatchObject({ code: 'stream_name_invalid' });
  await expect(streams.publishRtp(`${DEVICE_ID}_${CHANNEL_ID}`, REQUEST)).rejects.toMatchObject({
    code: 'stream_taken',
  });
  const first = await streams.publishRtp('gate', REQUEST);
  const second = await streams.publishRtp('gate', REQUEST);
  expect([first.closed, second.closed, told]).toEqual([true, false, [['publicationClosed', 'live/gate', 'replaced']]]);
  // What we fetch by ourselves takes no name over.
  const pull = { ...REQUEST, source: 'pull' } as const;
  await expect(streams.publishRtp('gate', pull)).rejects.toMatchObject({ code: 'stream_taken' });
  expect(streams.find('gate')?.transport).toBe('rtsp');
  await streams.publish('gate', { offer: 'v=0', remoteAddress: '', userAgent: '' });
  expect([second.closed, streams.find('gate')?.transport]).toEqual([true, 'webrtc']);
  await streams.shutdown();
  open({ republish: 'refuse' });
  await streams.publishRtp('gate', REQUEST);
  await expect(streams.publishRtp('gate', REQUEST)).rejects.toMatchObject({ code: 'stream_taken' });
  expect(parts.webrtc.plainPublications).toHaveLength(1);
});

test.each([
  ['the worker', () => parts.webrtc.plainPublications[0]?.close('worker_died')],
  ['the media thread', () => parts.media.relays[0]?.end('thread_died')],
])('%s that dies while the relay opens is told to who publishes', async (_name, die) => {
  const openRelay = parts.media.openRelay.bind(parts.media);
  parts.media.openRelay = async (options) => {
    const relay = await openRelay(options);
    die();
    return relay;
  };
  await expect(streams.publishRtp('gate', REQUEST)).rejects.toMatchObject({ code: 'closed' });
  expect([parts.media.relays[0]?.closed, streams.list()]).toEqual([true, []]);
});

test('nothing stays open where a part fails', async () => {
  parts.media.failure = new Error('no thread');
  await expect(streams.publishRtp('gate', REQUEST)).rejects.toThrow('no thread');
  expect(parts.webrtc.plainPublications[0]?.closed).toBe(true);
  expect(streams.list()).toEqual([]);
});
