import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { rtp } from '../../../test/support/ps-builder.ts';
import { silentLogger } from '../../util/index.ts';
import type { FramedPackets, Framing, FramingOptions, MediaThreads } from '../types.ts';
import { ThreadDiedError } from './errors.ts';
import { createMediaThreads, spawnThread } from './media-threads.ts';

const HOST = '127.0.0.1';
/** First packet of a key frame in flexible mode, RFC 9628, with one byte of picture. */
const VP9_KEY = Buffer.from('9b914610028001e082', 'hex');
const VP9_FRAME = Buffer.from('d9914702860040', 'hex');

let media: MediaThreads;
const workers: Worker[] = [];
const closers: { close(): void }[] = [];

beforeAll(async () => {
  media = await createMediaThreads(
    {
      threads: 1,
      listenAddress: HOST,
      portMin: 41_200,
      portMax: 41_210,
      quarantineMs: 0,
      mode: 'ports',
      singlePort: 0,
      reorderMs: 30,
      receiveBufferBytes: 262_144,
    },
    silentLogger,
    (options) => {
      const worker = spawnThread(options);
      workers.push(worker);
      return worker;
    },
  );
});
afterEach(() => {
  for (const open of closers.splice(0)) open.close();
});
afterAll(() => media.close());

async function socket(): Promise<Socket> {
  const opened = createSocket('udp4');
  opened.bind(0, HOST);
  await once(opened, 'listening');
  closers.push(opened);
  return opened;
}

async function open(output: FramingOptions['output']): Promise<Framing> {
  const tracks = [{ kind: 'video', codec: 'vp9', payloadType: 98 }] as const;
  const framing = await media.openFraming({ id: 'x', tracks, output });
  closers.push(framing);
  return framing;
}

const packet = (sequenceNumber: number, payload: Buffer): Buffer =>
  rtp(payload, { payloadType: 98, sequenceNumber, timestamp: sequenceNumber * 3000, marker: true });

test('frames: told, counted, closed once', async () => {
  const told: FramedPackets[] = [];
  const framing = await open({ kind: 'frames', onFrames: (frames) => told.push(frames) });
  expect(framing.ports).toEqual({ rtp: 0, rtcp: 0 });
  const sender = await socket();
  for (const bytes of [packet(1, VP9_KEY), packet(2, VP9_FRAME), Buffer.from('rubbish')]) {
    sender.send(bytes, framing.port, HOST);
  }
  await expect.poll(() => told.map(({ keyFrame }) => keyFrame)).toEqual([true, false]);
  await expect.poll(() => framing.stats).toMatchObject({ packets: 3, keyFrames: 1, errors: { rtp_too_short: 1 } });
  framing.close();
  framing.close();
  expect(framing.closed).toBe(true);
});

test('UDP: packets without flexible mode from the ports that were told; what the player sends back', async () => {
  const [rtpSocket, rtcpSocket] = [await socket(), await socket()];
  const framing = await open({
    kind: 'udp',
    address: HOST,
    rtpPort: rtpSocket.address().port,
    rtcpPort: rtcpSocket.address().port,
    localAddress: HOST,
  });
  expect([framing.ports.rtp % 2, framing.ports.rtcp - framing.ports.rtp]).toEqual([0, 1]);
  const sender = await socket();
  const arrived = once(rtpSocket, 'message');
  sender.send(packet(1, VP9_FRAME), framing.port, HOST);
  const [bytes, from] = (await arrived) as [Buffer, { port: number }];
  expect([bytes.subarray(12).toString('hex'), from.port]).toEqual(['c99147860040', framing.ports.rtp]);
  const alive = once(framing, 'alive');
  rtcpSocket.send(Buffer.from('80c9000100000001', 'hex'), framing.ports.rtcp, HOST);
  await alive;
  const afterPli = once(framing, 'keyFrameRequested');
  rtcpSocket.send(Buffer.from('81ce00020000000100000009', 'hex'), framing.ports.rtcp, HOST);
  await afterPli;
  const afterLoss = once(framing, 'keyFrameRequested');
  rtcpSocket.send(Buffer.from(`81c90007000000010000000940000003${'00'.repeat(16)}`, 'hex'), framing.ports.rtcp, HOST);
  await afterLoss;
});

test('an address that is not ours is refused', async () => {
  const output = { kind: 'udp', address: HOST, rtpPort: 9, rtcpPort: 10, localAddress: '192.0.2.77' } as const;
  await expect(open(output)).rejects.toMatchObject({ code: 'media_framing_failed' });
});

test('a thread that dies ends them', async () => {
  const framing = await open({ kind: 'frames', onFrames: () => undefined });
  const ended = once(framing, 'ended');
  void workers.at(-1)?.terminate();
  await ended;
  expect(framing.closed).toBe(true);
  await media.close();
  await expect(open({ kind: 'frames', onFrames: () => undefined })).rejects.toThrow(ThreadDiedError);
});
