import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { HOST, MediaThreadHarness, senderReport, SSRC } from '../../../test/support/media-thread-harness.ts';
import { frameForTcp, SyntheticPs } from '../../../test/support/synthetic-ps.ts';

let harness: MediaThreadHarness;

afterEach(() => harness.close());

function framesOf(source: SyntheticPs, count: number): Buffer {
  return frameForTcp(Array.from({ length: count }, () => source.nextFrame()).flat());
}

/** Resolves when the other side has closed the connection. */
async function closed(socket: Socket): Promise<void> {
  socket.resume();
  if (socket.closed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once('close', () => resolve());
  await promise;
}

test('quirk: TCP connect right after 200 OK before ACK, data before the answer is known', async () => {
  harness = await MediaThreadHarness.start();
  const ingest = await harness.open({ transport: 'tcp-passive' });
  const socket = await harness.connect(ingest.port);
  socket.write(framesOf(new SyntheticPs({ ssrc: SSRC }), 3));
  await ingest.fact('firstKeyFrame');
  ingest.answer({ ssrc: SSRC });
  socket.write(framesOf(new SyntheticPs({ ssrc: SSRC }), 1));
  expect((await ingest.fact('firstRtp')).from).toMatchObject({ address: HOST, port: socket.localPort, ssrc: SSRC });
});

test('several connects in a row: the last one with valid data wins, the former is closed', async () => {
  harness = await MediaThreadHarness.start();
  const ingest = await harness.open({ transport: 'tcp-passive' });
  const source = new SyntheticPs({ ssrc: SSRC });
  const first = await harness.connect(ingest.port);
  first.write(framesOf(source, 2));
  await ingest.fact('firstKeyFrame');
  const idle = await harness.connect(ingest.port);
  const second = await harness.connect(ingest.port);
  source.keyFrameNext = true;
  second.write(framesOf(source, 3));
  await closed(first);
  const stats = await ingest.stats(({ keyFrames }) => keyFrames === 2);
  expect(stats).toMatchObject({ lost: 0, wrongSource: 0 });
  expect(idle.destroyed).toBe(false);
});

test('a device that reconnects goes on in the same ingest', async () => {
  harness = await MediaThreadHarness.start();
  const ingest = await harness.open({ transport: 'tcp-passive' });
  const source = new SyntheticPs({ ssrc: SSRC });
  const first = await harness.connect(ingest.port);
  first.write(framesOf(source, 2));
  await ingest.fact('firstKeyFrame');
  first.destroy();
  const second = await harness.connect(ingest.port);
  source.keyFrameNext = true;
  second.write(framesOf(source, 2));
  await ingest.stats(({ keyFrames }) => keyFrames === 2);
  harness.advance(16_000);
  second.write(framesOf(source, 2));
  await ingest.stats(({ frames }) => frames >= 4);
  expect(harness.notices.some(({ type }) => type === 'ended')).toBe(false);
});

test('a device that does not come back ends the ingest with tcp_closed', async () => {
  harness = await MediaThreadHarness.start();
  const ingest = await harness.open({ transport: 'tcp-passive' });
  const socket = await harness.connect(ingest.port);
  socket.write(framesOf(new SyntheticPs({ ssrc: SSRC }), 2));
  await ingest.fact('firstKeyFrame');
  socket.end();
  await closed(socket);
  harness.advance(15_000);
  const ended = await ingest.ended();
  expect(ended.reason).toBe('tcp_closed');
  expect(ended.stats.keyFrames).toBe(1);
});

test('quirk: P3 corruption keeps the socket and resumes', async () => {
  harness = await MediaThreadHarness.start();
  const ingest = await harness.open({ transport: 'tcp-passive' });
  ingest.answer({ ssrc: SSRC });
  const source = new SyntheticPs({ ssrc: SSRC, framesPerGop: 5, keyFrameBytes: 5000, frameBytes: 3000 });
  const socket = await harness.connect(ingest.port);
  socket.write(framesOf(source, 6));
  await ingest.fact('firstKeyFrame');
  // The camera's non-blocking socket overwrote its send buffer: the rest of a frame is missing, another one follows.
  const broken = framesOf(source, 2);
  socket.write(Buffer.concat([broken.subarray(0, 700), broken.subarray(1900)]));
  socket.write(framesOf(source, 12));
  const stats = await ingest.stats(({ keyFrames, resyncs }) => keyFrames >= 4 && resyncs >= 1);
  expect(stats.packets).toBeGreaterThan(40);
  expect(socket.destroyed).toBe(false);
});

test('connections without media of ours are closed after 15 s, and at most four are kept', async () => {
  harness = await MediaThreadHarness.start();
  const ingest = await harness.open({ transport: 'tcp-passive' });
  const sockets: Socket[] = [];
  for (let index = 0; index < 5; index += 1) sockets.push(await harness.connect(ingest.port));
  await closed(sockets[0]!);
  expect(sockets.slice(1).map((socket) => socket.destroyed)).toEqual([false, false, false, false]);
  const source = new SyntheticPs({ ssrc: SSRC });
  sockets[4]!.write(framesOf(source, 2));
  await ingest.fact('firstKeyFrame');
  harness.advance(15_000);
  await Promise.all(sockets.slice(1, 4).map(closed));
  expect(sockets[4]!.destroyed).toBe(false);
});

test('garbage on a connection is bounded and does not disturb another', async () => {
  harness = await MediaThreadHarness.start();
  const ingest = await harness.open({ transport: 'tcp-passive' });
  const source = new SyntheticPs({ ssrc: SSRC });
  const good = await harness.connect(ingest.port);
  const bad = await harness.connect(ingest.port);
  good.write(framesOf(source, 2));
  await ingest.fact('firstKeyFrame');
  const garbage = Buffer.alloc(1_048_576);
  for (let at = 0, state = 7; at < garbage.length; at += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    garbage[at] = state >>> 24;
  }
  const flood = (): void => {
    while (!bad.destroyed && bad.write(garbage));
  };
  bad.on('drain', flood);
  flood();
  await closed(bad);
  good.write(framesOf(source, 2));
  await ingest.stats(({ frames }) => frames >= 3);
  expect(good.destroyed).toBe(false);
});

test('receiver reports go over TCP only to a device that sent RTCP there', async () => {
  harness = await MediaThreadHarness.start();
  const ingest = await harness.open({ transport: 'tcp-passive' });
  const source = new SyntheticPs({ ssrc: SSRC });
  const socket = await harness.connect(ingest.port);
  const received: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => received.push(chunk));
  socket.write(framesOf(source, 2));
  await ingest.fact('firstKeyFrame');
  harness.advance(5000);
  await ingest.stats(({ packets }) => packets > 0);
  expect(received).toEqual([]);
  socket.write(Buffer.concat([frameForTcp([senderReport(SSRC)]), framesOf(source, 1)]));
  await ingest.stats(({ rtcpPackets }) => rtcpPackets === 1);
  harness.advance(5000);
  const report = await harness.poll(() => received[0]);
  expect(report.readUInt16BE(0)).toBe(report.length - 2);
  expect(report[3]).toBe(201);
  expect(report.readUInt32BE(10)).toBe(SSRC);
});

test('TCP active: connects to the answer, retries after a refusal, and media flows', async () => {
  harness = await MediaThreadHarness.start();
  const ingest = await harness.open({ transport: 'tcp-active' });
  const device = createServer();
  device.listen(0, HOST);
  await once(device, 'listening');
  const address = device.address();
  const remotePort = address !== null && typeof address === 'object' ? address.port : 0;
  device.close();
  await once(device, 'close');
  ingest.answer({ ssrc: SSRC, remoteAddress: HOST, remotePort });
  harness.advance(1000);
  const again = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write(framesOf(new SyntheticPs({ ssrc: SSRC }), 3));
  });
  again.listen(remotePort, HOST);
  await once(again, 'listening');
  harness.advance(1000);
  try {
    await ingest.fact('firstKeyFrame');
    expect((await ingest.fact('firstRtp')).from.port).toBe(remotePort);
  } finally {
    again.close();
  }
});

test.each([
  { name: 'nobody listens', answer: { remoteAddress: '127.0.0.9', remotePort: 9 } },
  { name: 'the answer has no address', answer: {} },
  { name: 'the port is 0', answer: { remoteAddress: HOST, remotePort: 0 } },
])('TCP active ends with connect_failed: $name', async ({ answer }) => {
  harness = await MediaThreadHarness.start();
  const ingest = await harness.open({ transport: 'tcp-active' });
  ingest.answer(answer);
  const pushing = setInterval(() => harness.advance(1000), 20);
  try {
    expect((await ingest.ended()).reason).toBe('connect_failed');
  } finally {
    clearInterval(pushing);
  }
});

test('a device that answered UDP but connects over TCP is taken', async () => {
  harness = await MediaThreadHarness.start();
  const ingest = await harness.open({ transport: 'udp' });
  const socket = await harness.connect(ingest.port);
  socket.write(framesOf(new SyntheticPs({ ssrc: SSRC }), 2));
  await ingest.fact('firstKeyFrame');
});
