import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { createMediaThreads, type FramedPackets, type MediaThreads, type PlayerOutput } from '../../src/media/index.ts';
import { isKeyFrame } from '../../src/media/rtp/key-frame.ts';
import { createRtpView, isRtcp, parseRtp } from '../../src/media/rtp/rtp-packet.ts';
import { silentLogger } from '../../src/util/index.ts';
import { createWebRtc, type Publication, type WebRtc } from '../../src/webrtc/index.ts';
import { NativePublisher } from '../support/native-publisher.ts';
import { makeClip } from '../support/rtp-clip.ts';
import { eventually } from '../support/scene.ts';

const HOST = '127.0.0.1';

let webrtc: WebRtc;
let media: MediaThreads;
let publisher: NativePublisher;
let publication: Publication;
const closers: { close(): void }[] = [];

beforeAll(async () => {
  const ports = { portMin: 39_000, portMax: 39_010, quarantineMs: 0, mode: 'ports', singlePort: 0 } as const;
  [webrtc, media] = await Promise.all([
    createWebRtc({ workers: 1, listenAddress: HOST, basePort: 0, announcedAddresses: [HOST] }, silentLogger),
    createMediaThreads(
      { ...ports, threads: 1, listenAddress: HOST, reorderMs: 100, receiveBufferBytes: 1_048_576 },
      silentLogger,
    ),
  ]);
  publisher = new NativePublisher(makeClip('baseline'));
  const answered = await webrtc.createPublication({ id: 'p', offer: await publisher.offer() });
  publication = answered;
  await publisher.answer(answered.answer);
});

afterEach(() => {
  for (const open of closers.splice(0)) open.close();
});

afterAll(async () => {
  publisher.close();
  await Promise.all([webrtc.close(), media.close()]);
});

interface Receiver {
  readonly socket: Socket;
  readonly port: number;
  readonly packets: { readonly bytes: Buffer; readonly from: number }[];
}

async function receiver(): Promise<Receiver> {
  const socket = createSocket('udp4');
  const packets: Receiver['packets'] = [];
  socket.on('message', (bytes, { port }) => packets.push({ bytes, from: port }));
  socket.bind(0, HOST);
  await once(socket, 'listening');
  closers.push(socket);
  return { socket, port: socket.address().port, packets };
}

async function openUdp(kind: 'video' | 'audio'): Promise<{ output: PlayerOutput; rtp: Receiver; rtcp: Receiver }> {
  const [rtp, rtcp] = [await receiver(), await receiver()];
  const target = { address: HOST, localAddress: HOST, rtpPort: rtp.port, rtcpPort: rtcp.port };
  const output = await webrtc.openPackets(publication, { kinds: [kind], ...target });
  closers.push(output);
  return { output, rtp, rtcp };
}

test('over UDP: from the ports that were told, with the SSRC that was told, from a key frame on, only while playing', async () => {
  const { output, rtp, rtcp } = await openUdp('video');
  expect([output.ports.rtp % 2, output.ports.rtcp - output.ports.rtp]).toEqual([0, 1]);
  expect(rtp.packets).toEqual([]);
  output.setPlaying(true);
  await eventually('packets', () => (rtp.packets.length > 50 ? true : undefined));
  const view = createRtpView();
  const payloadType = publication.tracks.find(({ kind }) => kind === 'video')?.payloadType;
  for (const { bytes, from } of rtp.packets) {
    expect([parseRtp(bytes, view), from]).toEqual([undefined, output.ports.rtp]);
    expect([view.ssrc, view.payloadType]).toEqual([output.ssrc, payloadType]);
  }
  const first = rtp.packets[0]!.bytes;
  parseRtp(first, view);
  expect(isKeyFrame('h264', first, view.payloadStart, view.payloadEnd)).toBe(true);
  await eventually('sender report', () => (rtcp.packets.length > 0 ? true : undefined));
  const [report] = rtcp.packets;
  expect([report?.bytes[1], report?.bytes.readUInt32BE(4), report?.from]).toEqual([
    200,
    output.ssrc,
    output.ports.rtcp,
  ]);
  output.setPlaying(false);
  const stopped = await eventually('silence', async () => {
    const before = rtp.packets.length;
    await new Promise((resolve) => setTimeout(resolve, 300));
    return rtp.packets.length === before ? before : undefined;
  });
  output.setPlaying(true);
  await eventually('packets again', () => (rtp.packets.length > stopped + 10 ? true : undefined));
  const again = rtp.packets[stopped]!.bytes;
  parseRtp(again, view);
  expect(isKeyFrame('h264', again, view.payloadStart, view.payloadEnd)).toBe(true);
});

test('a player that sends receiver reports and nothing else is alive', async () => {
  const { output, rtp, rtcp } = await openUdp('audio');
  output.setPlaying(true);
  await eventually('packets', () => (rtp.packets.length > 10 ? true : undefined));
  const alive = once(output, 'alive');
  // RFC 3550 §6.4.2 without report blocks.
  const report = Buffer.from('80c9000100000001', 'hex');
  rtcp.socket.send(report, output.ports.rtcp, HOST);
  await alive;
});

test('a player that reports loss gets a key frame', async () => {
  const { output, rtp, rtcp } = await openUdp('video');
  output.setPlaying(true);
  await eventually('packets', () => (rtp.packets.length > 10 ? true : undefined));
  const report = Buffer.alloc(32);
  report.set([0x81, 201, 0, 7, 0, 0, 0, 9]);
  report.writeUInt32BE(output.ssrc ?? 0, 8);
  report.writeUInt32BE((64 << 24) | 5, 12);
  const requested = vi.spyOn(output, 'requestKeyFrame');
  rtcp.socket.send(report, output.ports.rtcp, HOST);
  await expect.poll(() => requested.mock.calls.length, { timeout: 20_000 }).toBe(1);
});

test('through a media thread: framed, complete, both tracks with their sender reports, described', async () => {
  const told: FramedPackets[] = [];
  const tracks = publication.tracks.map(({ kind, codec, payloadType }) => ({ kind, codec, payloadType }));
  const onFrames = (frames: FramedPackets): void => void told.push(frames);
  const framing = await media.openFraming({ id: 'p', tracks, output: { kind: 'frames', onFrames } });
  closers.push(framing);
  const described = once(framing, 'described');
  const output = await webrtc.openPackets(publication, {
    kinds: ['video', 'audio'],
    address: HOST,
    localAddress: HOST,
    rtpPort: framing.port,
  });
  closers.push(output);
  output.setPlaying(true);
  expect((await described)[0]).toMatchObject({ width: 320, height: 240, profileLevelId: /^42/ });
  const channels = await eventually('both sender reports', () => {
    const seen = new Map<number, Buffer[]>();
    for (const { data } of told) {
      const bytes = Buffer.from(data);
      for (let at = 0; at < bytes.length; at += 4 + bytes.readUInt16BE(at + 2)) {
        const packet = bytes.subarray(at + 4, at + 4 + bytes.readUInt16BE(at + 2));
        seen.set(bytes[at + 1]!, [...(seen.get(bytes[at + 1]!) ?? []), packet]);
      }
    }
    return seen.has(1) && seen.has(3) && (seen.get(0)?.length ?? 0) > 50 ? seen : undefined;
  });
  expect([...channels.keys()].toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3]);
  for (const [channel, packets] of channels) expect(packets.every((bytes) => isRtcp(bytes))).toBe(channel % 2 === 1);
  for (const channel of [0, 2]) {
    const numbers = channels.get(channel)?.map((bytes) => bytes.readUInt16BE(2)) ?? [];
    expect(numbers.every((number, at) => at === 0 || ((number - numbers[at - 1]!) & 0xffff) === 1)).toBe(true);
  }
  expect(told.some(({ keyFrame }) => keyFrame)).toBe(true);
  await eventually('counters', () => (framing.stats.packets > 50 ? true : undefined));
  expect(framing.stats).toMatchObject({ lost: 0, errors: {} });
});

test('the end of the publication ends what it feeds, and nothing more can be opened', async () => {
  const other = new NativePublisher(makeClip('baseline'));
  const ending = await webrtc.createPublication({ id: 'q', offer: await other.offer() });
  await other.answer(ending.answer);
  const { port } = await receiver();
  const target = { kinds: ['video'], address: HOST, localAddress: HOST, rtpPort: port } as const;
  const output = await webrtc.openPackets(ending, target);
  ending.close();
  output.setPlaying(true);
  output.requestKeyFrame();
  output.close();
  await expect(webrtc.openPackets(ending, target)).rejects.toMatchObject({ code: 'webrtc_unavailable' });
  other.close();
});
