import { afterEach, expect, test } from 'vitest';
import { HOST, MediaThreadHarness, senderReport, SSRC } from '../../../test/support/media-thread-harness.ts';
import { frameForTcp, SyntheticPs } from '../../../test/support/synthetic-ps.ts';

let harness: MediaThreadHarness;

afterEach(() => harness.close());

test('single port over UDP: packets go to the ingest of their SSRC, unknown ones nowhere', async () => {
  harness = await MediaThreadHarness.start({ mode: 'single' });
  const first = await harness.open({ ssrc: 1 });
  const second = await harness.open({ ssrc: 2 });
  expect(second.port).toBe(first.port);
  const sender = await harness.sender();
  const sources = [1, 2, 3].map(
    (ssrc) => new SyntheticPs({ ssrc, widthMbs: 10 * ssrc, audio: false, keyFrameBytes: 600 }),
  );
  for (let frame = 0; frame < 4; frame += 1) {
    for (const source of sources) for (const packet of source.nextFrame()) sender.send(packet, first.port, HOST);
  }
  await first.fact('firstKeyFrame');
  await second.fact('firstKeyFrame');
  expect((await first.fact('track')).track).toMatchObject({ width: 160 });
  expect((await second.fact('track')).track).toMatchObject({ width: 320 });
  expect((await second.stats(({ packets }) => packets === 4)).wrongSsrc).toBe(0);
});

test('single port over TCP: a connection belongs to the ingest of its first SSRC; an unknown one is closed', async () => {
  harness = await MediaThreadHarness.start({ mode: 'single' });
  const ingest = await harness.open({ ssrc: 7, transport: 'tcp-passive' });
  const stranger = await harness.connect(ingest.port);
  const closed = new Promise<void>((resolve) => {
    stranger.once('close', () => resolve());
  });
  stranger.resume();
  stranger.write(frameForTcp(new SyntheticPs({ ssrc: 8 }).nextFrame()));
  await closed;
  const socket = await harness.connect(ingest.port);
  const source = new SyntheticPs({ ssrc: 7 });
  socket.write(frameForTcp([senderReport(7), ...source.nextFrame(), ...source.nextFrame()]));
  await ingest.fact('firstKeyFrame');
  expect(socket.destroyed).toBe(false);
});

test('single port: the SSRC of the answer counts beside the offered one', async () => {
  harness = await MediaThreadHarness.start({ mode: 'single' });
  const ingest = await harness.open({ ssrc: 102 });
  ingest.answer({ ssrc: 302 });
  const sender = await harness.sender();
  const source = new SyntheticPs({ ssrc: 302 });
  for (const packet of [...source.nextFrame(), ...source.nextFrame()]) sender.send(packet, ingest.port, HOST);
  expect((await ingest.fact('ssrcOk')).ssrc).toBe(302);
});

test('single port: an unknown SSRC from the address of a waiting device is told to its ingest', async () => {
  harness = await MediaThreadHarness.start({ mode: 'single' });
  const ingest = await harness.open({ ssrc: 102 });
  ingest.answer({ ssrc: 102, remoteAddress: HOST });
  const sender = await harness.sender();
  for (const packet of new SyntheticPs({ ssrc: 999 }).nextFrame()) sender.send(packet, ingest.port, HOST);
  expect((await ingest.fact('wrongSsrc')).seen).toEqual({ ssrc: 999, expected: 102, address: HOST });
});

test('single port: connections that never say who they are are closed', async () => {
  harness = await MediaThreadHarness.start({ mode: 'single' });
  const ingest = await harness.open({ ssrc: 7 });
  const idle = await harness.connect(ingest.port);
  const loud = await harness.connect(ingest.port);
  const closed = [idle, loud].map(
    (socket) =>
      new Promise<void>((resolve) => {
        socket.once('close', () => resolve());
        socket.resume();
      }),
  );
  loud.write(Buffer.alloc(300_000, 0x11));
  await closed[1];
  expect(idle.destroyed).toBe(false);
  harness.advance(15_000);
  await closed[0];
});

test.each(['ports', 'single'] as const)(
  'garbage datagrams are counted and leave a running stream alone: %s',
  async (mode) => {
    harness = await MediaThreadHarness.start({ mode });
    const ingest = await harness.open({ ssrc: SSRC });
    ingest.answer({ ssrc: SSRC });
    const sender = await harness.sender();
    const noise = await harness.sender();
    const source = new SyntheticPs({ ssrc: SSRC });
    for (const packet of source.nextFrame()) sender.send(packet, ingest.port, HOST);
    await ingest.fact('firstRtp');
    let state = 9;
    for (let round = 0; round < 2000; round += 1) {
      const garbage = Buffer.alloc(round % 80);
      for (let at = 0; at < garbage.length; at += 1) {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
        garbage[at] = state >>> 24;
      }
      if (garbage.length > 1 && round % 2 === 0) garbage[0] = 0x80;
      noise.send(garbage, ingest.port, HOST);
    }
    source.keyFrameNext = true;
    for (let frame = 0; frame < 3; frame += 1) {
      for (const packet of source.nextFrame()) sender.send(packet, ingest.port, HOST);
    }
    const stats = await ingest.stats(({ keyFrames }) => keyFrames === 2);
    expect(stats.lost).toBe(0);
    expect(Object.keys(stats.errors).length).toBeLessThan(20);
  },
);
