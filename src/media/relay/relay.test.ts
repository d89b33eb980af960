import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HOST, MediaThreadHarness, OutputProbe } from '../../../test/support/media-thread-harness.ts';
import { idr, PPS, slice, SPS_1080 } from '../../../test/support/ps-builder.ts';
import { framed, ownBytes, rtpPacket } from '../../../test/support/relay-packets.ts';
import { mutate, seededRandom } from '../../../test/support/random.ts';
import type { RelayOptions } from '../relay-types.ts';
import { parseRtcp, type RtcpRecord } from '../rtp/rtcp.ts';
import type { RelayNotice, RelayRequest } from './protocol.ts';

const KEY = 7;
const SENT_VIDEO = 1000;
const SENT_AUDIO = 1001;
const FIRST_MEDIA_MS = 10_000;
const SILENCE_MS = 5000;

let harness: MediaThreadHarness;
let probe: OutputProbe;
const sockets: Socket[] = [];

beforeEach(async () => {
  harness = await MediaThreadHarness.start();
});

afterEach(() => {
  harness.close();
  probe.close();
  for (const socket of sockets.splice(0)) socket.close();
});

const request = (sent: RelayRequest): void => harness.request({ type: 'relay', key: KEY, request: sent });

function notice<N extends RelayNotice['name']>(name: N): Promise<Extract<RelayNotice, { name: N }>> {
  return harness.until((entry) =>
    entry.type === 'relay' && entry.key === KEY && entry.notice.name === name
      ? (entry.notice as Extract<RelayNotice, { name: N }>)
      : undefined,
  );
}

function notices<N extends RelayNotice['name']>(name: N): Extract<RelayNotice, { name: N }>[] {
  return harness.notices.flatMap((entry) =>
    entry.type === 'relay' && entry.notice.name === name ? [entry.notice as Extract<RelayNotice, { name: N }>] : [],
  );
}

async function open(understandsBundles = false): Promise<void> {
  probe = await OutputProbe.open({ understandsBundles });
  request({ name: 'open', options: optionsFor(HOST, probe.port) });
  await notice('opened');
}

function optionsFor(address: string, port: number): RelayOptions {
  return {
    id: 'r1',
    tracks: [
      {
        kind: 'video',
        clockRate: 90_000,
        payloadType: 98,
        sentPayloadType: 96,
        sentSsrc: SENT_VIDEO,
        spropParameterSets: [SPS_1080, PPS].map((set) => set.toString('base64')).join(','),
      },
      { kind: 'audio', clockRate: 8000, payloadType: 8, sentPayloadType: 8, sentSsrc: SENT_AUDIO },
    ],
    target: { address, port },
    firstMediaMs: FIRST_MEDIA_MS,
    silenceMs: SILENCE_MS,
  };
}

const audio = (sequence: number): Buffer =>
  rtpPacket(Buffer.alloc(160, 0xd5), { sequence, timestamp: sequence * 160, payloadType: 8, ssrc: 2 });
const video = (sequence: number, payload = slice()): Buffer =>
  rtpPacket(payload, { sequence, timestamp: sequence * 3600 });
const push = (...frames: Buffer[]): void => request({ name: 'push', framed: ownBytes(...frames) });
const pli = (ssrc: number): Buffer => {
  const packet = Buffer.alloc(12);
  packet.set([0x81, 206, 0, 2]);
  packet.writeUInt32BE(ssrc, 8);
  return packet;
};
const recordsOf = (packet: Uint8Array): readonly RtcpRecord[] => {
  const records = parseRtcp(Buffer.from(packet));
  if (typeof records === 'string') throw new Error(records);
  return records;
};
const plisIn = (packets: readonly Uint8Array[]): number =>
  packets.filter((packet) => recordsOf(packet).some(({ type }) => type === 'pli')).length;

/** A source with two ports, as an RTSP client has them. */
async function source(address = HOST) {
  const [rtp, rtcp] = await Promise.all(
    [0, 1].map(async () => {
      const socket = createSocket('udp4');
      sockets.push(socket);
      socket.bind(0, address);
      await once(socket, 'listening');
      return socket;
    }),
  );
  if (rtp === undefined || rtcp === undefined) throw new Error('no sockets');
  const control: Buffer[] = [];
  rtcp.on('message', (message: Buffer) => control.push(message));
  return { rtp, rtcp, control };
}

/** Two free ports next to each other, the first even. */
async function openUdp(track: number, rtcpPort: number): Promise<number> {
  for (let attempt = 0; attempt < 30; attempt += 1) {
    const socket = createSocket('udp4');
    socket.bind(0, HOST);
    await once(socket, 'listening');
    const { port } = socket.address();
    socket.close();
    await once(socket, 'close');
    const before = notices('udp').length;
    request({ name: 'openUdp', track, port: port - (port % 2), remote: { address: HOST, rtcpPort } });
    const answer = await harness.poll(() => notices('udp')[before]);
    if (answer.refusal === undefined) return port - (port % 2);
    expect(answer.refusal.taken).toBe(true);
  }
  throw new Error('no ports');
}

test.each([false, true])('interleaved frames leave as RTP of ours, worker understands bundles: %s', async (bundles) => {
  await open(bundles);
  for (let turn = 0; bundles && probe.bundles.length === 0 && turn < 1000; turn += 1) {
    push(framed(0, video(1)));
    await setImmediate();
  }
  push(framed(0, video(2, idr())), framed(2, audio(1)), framed(0, video(3)));
  await harness.poll(() => (probe.video.at(-1)?.readUInt16BE(2) === 4 && probe.audio.length === 1 ? true : undefined));
  const [sets, key, next] = probe.video.slice(-3);
  expect(sets?.[12]).toBe(0x78);
  expect(key?.subarray(12)).toEqual(idr());
  expect([key, next].map((packet) => packet!.readUInt16BE(2))).toEqual([3, 4]);
  expect(probe.video.every((packet) => packet.readUInt32BE(8) === SENT_VIDEO)).toBe(true);
  expect(probe.audio[0]?.readUInt32BE(8)).toBe(SENT_AUDIO);
  if (bundles) expect(probe.bundles.at(-1)).toBe(4);
  expect(notices('firstMedia')).toHaveLength(1);
  const { stats, consumedBytes } = await harness.poll(() => notices('stats').find((entry) => entry.stats.packets >= 3));
  expect(stats).toMatchObject({ lost: 0, errors: {} });
  expect(consumedBytes).toBeGreaterThan(stats.bytes);
});

test('key frame requests of the worker go to the source, merged to one in 500 ms; reports every 5 s', async () => {
  await open();
  push(framed(0, video(1)), framed(2, audio(1)));
  await harness.poll(() => (probe.video.length > 0 ? true : undefined));
  for (let count = 0; count < 5; count += 1) probe.reply(pli(SENT_VIDEO));
  probe.reply(pli(4711));
  probe.reply(pli(SENT_AUDIO));
  const plis = (channel: number): number =>
    plisIn(notices('rtcp').flatMap(({ framed: bytes }) => (bytes[1] === channel ? [bytes.subarray(4)] : [])));
  await harness.poll(() => (plis(3) === 1 ? true : undefined));
  expect(plis(1)).toBe(1);
  harness.advance(600);
  await harness.poll(() => (plis(1) === 2 ? true : undefined));
  harness.advance(5000);
  const reports = (): number[] =>
    notices('rtcp').flatMap(({ framed: bytes }) => (plisIn([bytes.subarray(4)]) > 0 ? [] : [bytes[1] ?? -1]));
  await harness.poll(() => (reports().length === 2 ? true : undefined));
  expect(reports()).toEqual([1, 3]);
  expect([plis(1), plis(3)]).toEqual([2, 1]);
});

test('UDP: from the source only, reports and requests to the port that it named, then to where its RTCP comes from', async () => {
  await open();
  const own = await source();
  const stranger = await source('127.0.0.2');
  const port = await openUdp(0, own.rtcp.address().port);
  own.rtp.send(video(1), port, HOST);
  await harness.poll(() => (probe.video.length === 1 ? true : undefined));
  stranger.rtp.send(video(2), port, HOST);
  stranger.rtcp.send(Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 1]), port + 1, HOST);
  await harness.poll(() => notices('stats').find(({ stats }) => stats.errors['wrong_source'] === 2));
  probe.reply(pli(SENT_VIDEO));
  await harness.poll(() => (plisIn(own.control) === 1 ? true : undefined));
  const moved = await source();
  moved.rtcp.send(Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 1]), port + 1, HOST);
  await harness.poll(() => notices('stats').find(({ stats }) => stats.rtcpPackets === 1));
  harness.advance(5000);
  await harness.poll(() => (moved.control.length > 0 ? true : undefined));
  expect(recordsOf(moved.control[0]!)[0]).toMatchObject({ type: 'rr' });
  expect(probe.video).toHaveLength(1);
  request({ name: 'openUdp', track: 0, port: 0, remote: { address: HOST } });
  request({ name: 'openUdp', track: 9, port: 0, remote: { address: HOST } });
  await harness.poll(() =>
    notices('udp').filter(({ refusal }) => refusal?.taken === false).length === 2 ? true : undefined,
  );
});

test('UDP of a server: ports that are named later get a packet that opens the way for theirs', async () => {
  await open();
  const own = await source();
  await openUdp(0, 0);
  const [rtpPort, rtcpPort] = [own.rtp.address().port, own.rtcp.address().port];
  request({ name: 'setRemote', track: 0, remote: { address: HOST, rtpPort, rtcpPort } });
  await harness.poll(() => (own.control.length > 0 ? true : undefined));
  expect(recordsOf(own.control[0]!)).toEqual([{ type: 'rr', ssrc: expect.any(Number) }]);
});

test('UDP of a server with one port for both: requests come from our RTP port, its reports are taken there', async () => {
  await open();
  const own = await source();
  const port = await openUdp(0, 0);
  const received: { message: Buffer; from: number }[] = [];
  own.rtp.on('message', (message: Buffer, from) => received.push({ message, from: from.port }));
  const rtpPort = own.rtp.address().port;
  request({ name: 'setRemote', track: 0, remote: { address: HOST, rtpPort, rtcpPort: rtpPort } });
  own.rtp.send(video(1), port, HOST);
  own.rtp.send(Buffer.from([0x80, 200, 0, 6, 0, 0, 0, 1, ...Array.from({ length: 20 }, () => 0)]), port, HOST);
  await harness.poll(() => notices('stats').find(({ stats }) => stats.rtcpPackets === 1));
  probe.reply(pli(SENT_VIDEO));
  await harness.poll(() => (plisIn(received.map(({ message }) => message)) === 1 ? true : undefined));
  expect(new Set(received.map(({ from }) => from))).toEqual(new Set([port]));
  expect(own.control).toEqual([]);
});

test('a source that goes on over TCP is answered there, and no more where its UDP was', async () => {
  await open();
  const own = await source();
  const port = await openUdp(0, own.rtcp.address().port);
  own.rtp.send(video(1), port, HOST);
  await harness.poll(() => (probe.video.length === 1 ? true : undefined));
  push(framed(0, video(2)));
  await harness.poll(() => (probe.video.length === 2 ? true : undefined));
  probe.reply(pli(SENT_VIDEO));
  await harness.poll(() =>
    plisIn(notices('rtcp').map(({ framed: bytes }) => bytes.subarray(4))) === 1 ? true : undefined,
  );
  request({ name: 'setRemote', track: 0, remote: { address: HOST, rtcpPort: own.rtcp.address().port } });
  harness.advance(600);
  probe.reply(pli(SENT_VIDEO));
  await harness.poll(() => (plisIn(own.control) === 1 ? true : undefined));
});

test('no media ends the relay only while media is expected; silence ends it later, told with the counters', async () => {
  await open();
  harness.advance(FIRST_MEDIA_MS * 2);
  request({ name: 'expect', expecting: true });
  harness.advance(FIRST_MEDIA_MS - 1000);
  push(framed(0, video(1)));
  await notice('firstMedia');
  harness.advance(SILENCE_MS - 1000);
  push(framed(0, video(2)));
  await harness.poll(() => (probe.video.length > 1 ? true : undefined));
  expect(notices('ended')).toEqual([]);
  request({ name: 'expect', expecting: false });
  harness.advance(SILENCE_MS * 2);
  request({ name: 'expect', expecting: true });
  harness.advance(SILENCE_MS);
  const ended = await notice('ended');
  expect(ended).toMatchObject({ reason: 'silent', stats: { lost: 0 } });
  expect(ended.stats.packets).toBeGreaterThan(1);
});

test('a port that cannot be opened ends the relay at once', async () => {
  probe = await OutputProbe.open({});
  // The system lets nobody connect to the broadcast address without asking for it.
  request({ name: 'open', options: optionsFor('255.255.255.255', 9) });
  expect(await notice('ended')).toMatchObject({ reason: 'failed' });
});

test('a source that never sends ends the relay with no_media', async () => {
  await open();
  request({ name: 'expect', expecting: true });
  harness.advance(FIRST_MEDIA_MS);
  expect(await notice('ended')).toMatchObject({ reason: 'no_media' });
  push(framed(0, video(1)));
});

test.each([
  ['a length beyond the end', Buffer.from([0x24, 0, 0xff, 0xff, 1, 2]), 'frame_malformed'],
  ['no dollar', Buffer.from('GET / HTTP/1.0'), 'frame_malformed'],
  ['half a header', Buffer.from([0x24, 0]), 'frame_malformed'],
  ['a channel of no track', framed(8, video(1)), 'unknown_channel'],
  ['RTP on the channel of RTCP', framed(1, video(1)), 'rtp_on_rtcp_channel'],
  ['RTCP on the channel of RTP', framed(0, Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 1])), 'rtcp_on_rtp_channel'],
  ['an empty packet', framed(0, Buffer.alloc(0)), 'rtp_too_short'],
  ['the other track', framed(0, audio(1)), 'wrong_payload_type'],
])('%s is counted, and what follows is taken', async (_name, bytes, fault) => {
  await open();
  push(framed(2, audio(1)), bytes);
  push(framed(2, audio(2)));
  await harness.poll(() => (probe.audio.length === 2 ? true : undefined));
  const { stats } = await harness.poll(() => notices('stats').find((entry) => entry.stats.packets === 2));
  expect(stats.errors).toEqual({ [fault]: 1 });
});

test('100,000 mutated frames do not disturb the packets between', async () => {
  await open();
  const random = seededRandom(11);
  const seed = Buffer.concat([
    framed(0, video(1, idr(60))),
    framed(1, pli(1)),
    framed(2, audio(1)),
    framed(0, video(2)),
  ]);
  const target = Buffer.alloc(seed.length + 100);
  for (let round = 0; round < 100_000; round += 1) {
    push(target.subarray(0, mutate(seed, target, random)));
    if (round % 1000 === 0) await setImmediate();
  }
  harness.advance(2000);
  const before = notices('stats').at(-1)?.stats.packets ?? 0;
  push(framed(2, audio(70)));
  await harness.poll(() => notices('stats').find(({ stats }) => stats.packets > before));
  expect(notices('ended')).toEqual([]);
});
