import { afterEach, expect, test } from 'vitest';
import { HOST, MediaThreadHarness, senderReport, SSRC } from '../../../test/support/media-thread-harness.ts';
import { SyntheticPs } from '../../../test/support/synthetic-ps.ts';

let harness: MediaThreadHarness;

afterEach(() => harness.close());

test('UDP: first packet, SSRC, pack, track and key frame are told once and counted', async () => {
  harness = await MediaThreadHarness.start();
  const ingest = await harness.open();
  ingest.answer({ ssrc: SSRC });
  const source = new SyntheticPs({ ssrc: SSRC, widthMbs: 40 });
  const sender = await harness.sender();
  for (let frame = 0; frame < 10; frame += 1) {
    for (const packet of source.nextFrame()) sender.send(packet, ingest.port, HOST);
  }
  await ingest.fact('firstKeyFrame');
  const { from } = await ingest.fact('firstRtp');
  expect(from).toEqual({ address: HOST, port: sender.address().port, ssrc: SSRC, payloadType: 96 });
  expect(await ingest.fact('ssrcOk')).toEqual({ name: 'ssrcOk', ssrc: SSRC });
  await ingest.fact('track', 2);
  const tracks = ingest.facts('track').map(({ track }) => track);
  expect(tracks.find(({ kind }) => kind === 'video')).toMatchObject({
    codec: 'h264',
    playable: true,
    profileLevelId: '42e01f',
    width: 640,
    payloadType: 96,
  });
  expect(tracks.find(({ kind }) => kind === 'audio')).toMatchObject({ codec: 'pcma', playable: true, payloadType: 8 });
  const stats = await ingest.stats(({ packets }) => packets === 21);
  expect(stats).toMatchObject({ lost: 0, wrongSsrc: 0, keyFrames: 1, errors: {} });
  expect(stats.bytes).toBeGreaterThan(3000);
  for (const name of ['firstRtp', 'ssrcOk', 'firstPack', 'firstKeyFrame'] as const) {
    expect(ingest.facts(name)).toHaveLength(1);
  }
});

test('UDP: packets out of order are put in order', async () => {
  harness = await MediaThreadHarness.start();
  const ingest = await harness.open();
  const source = new SyntheticPs({ ssrc: SSRC, keyFrameBytes: 9000, audio: false });
  const sender = await harness.sender();
  for (let frame = 0; frame < 5; frame += 1) {
    const packets = source.nextFrame();
    const [first, second] = packets;
    if (frame > 0 || first === undefined || second === undefined) {
      for (const packet of packets) sender.send(packet, ingest.port, HOST);
      continue;
    }
    for (const packet of [first, ...packets.slice(2, 4), second, ...packets.slice(4)]) {
      sender.send(packet, ingest.port, HOST);
    }
  }
  const stats = await ingest.stats(({ frames }) => frames >= 4);
  expect(stats).toMatchObject({ lost: 0, reordered: 1, keyFrames: 1 });
});

test('quirk: RTCP on the RTP port is not taken for RTP, and receiver reports go back every 5 s', async () => {
  harness = await MediaThreadHarness.start();
  const ingest = await harness.open();
  const source = new SyntheticPs({ ssrc: SSRC });
  const sender = await harness.sender();
  const received: Buffer[] = [];
  sender.on('message', (message) => received.push(message));
  sender.send(senderReport(SSRC), ingest.port, HOST);
  for (const packet of source.nextFrame()) sender.send(packet, ingest.port, HOST);
  const { from } = await ingest.fact('firstRtp');
  expect(from.payloadType).toBe(96);
  harness.advance(5000);
  const report = await harness.poll(() => received[0]);
  expect(report[1]).toBe(201);
  expect(report.readUInt32BE(8)).toBe(SSRC);
  harness.advance(5000);
  await harness.poll(() => received[1]);
  const stats = await ingest.stats(({ rtcpPackets }) => rtcpPackets === 1);
  expect(stats.wrongSsrc).toBe(0);
});

test('receiver reports go to the RTP port + 1 of a device that sends no RTCP', async () => {
  harness = await MediaThreadHarness.start();
  const ingest = await harness.open();
  const source = new SyntheticPs({ ssrc: SSRC });
  const { sender, control } = await senderWithControl(harness);
  const received: Buffer[] = [];
  control.on('message', (message) => received.push(message));
  for (const packet of source.nextFrame()) sender.send(packet, ingest.port, HOST);
  await ingest.fact('firstRtp');
  harness.advance(5000);
  const report = await harness.poll(() => received[0]);
  expect(report.readUInt32BE(8)).toBe(SSRC);
});

async function senderWithControl(owner: MediaThreadHarness): Promise<{
  sender: Awaited<ReturnType<MediaThreadHarness['sender']>>;
  control: Awaited<ReturnType<MediaThreadHarness['sender']>>;
}> {
  for (;;) {
    const sender = await owner.sender();
    try {
      return { sender, control: await owner.sender(HOST, sender.address().port + 1) };
    } catch {
      continue;
    }
  }
}

test('quirk: SSRC 0 is accepted on a port of our own', async () => {
  harness = await MediaThreadHarness.start();
  const ingest = await harness.open({ ssrcCheck: 'strict' });
  ingest.answer({ ssrc: SSRC });
  const source = new SyntheticPs({ ssrc: 0 });
  const sender = await harness.sender();
  for (let frame = 0; frame < 3; frame += 1) {
    for (const packet of source.nextFrame()) sender.send(packet, ingest.port, HOST);
  }
  expect((await ingest.fact('ssrcOk')).ssrc).toBe(0);
  await ingest.fact('firstKeyFrame');
});

test('another SSRC is told at most once a second, counted and not taken while strict', async () => {
  harness = await MediaThreadHarness.start();
  const ingest = await harness.open({ ssrcCheck: 'strict' });
  ingest.answer({ ssrc: SSRC });
  const source = new SyntheticPs({ ssrc: 77 });
  const sender = await harness.sender();
  for (let frame = 0; frame < 4; frame += 1) {
    for (const packet of source.nextFrame()) sender.send(packet, ingest.port, HOST);
  }
  const stats = await ingest.stats(({ wrongSsrc }) => wrongSsrc === 9);
  expect(stats.packets).toBe(0);
  expect(ingest.facts('wrongSsrc')).toEqual([{ name: 'wrongSsrc', seen: { ssrc: 77, expected: SSRC, address: HOST } }]);
  expect(ingest.facts('firstRtp')).toEqual([]);
});

test('another source address is counted and told, and taken over only after silence', async () => {
  harness = await MediaThreadHarness.start();
  const ingest = await harness.open();
  const source = new SyntheticPs({ ssrc: SSRC, audio: false, keyFrameBytes: 500 });
  const sender = await harness.sender();
  const other = await harness.sender('127.0.0.2');
  const send = (from: typeof sender): void => {
    for (const packet of source.nextFrame()) from.send(packet, ingest.port, HOST);
  };
  send(sender);
  await ingest.fact('firstRtp');
  harness.advance(1500);
  send(other);
  expect((await ingest.fact('wrongSource')).seen).toEqual({ address: '127.0.0.2', expected: HOST });
  harness.advance(3001);
  send(other);
  const stats = await ingest.stats(({ packets }) => packets === 2);
  expect(stats.wrongSource).toBe(1);
});

test('strict: the right SSRC from an address that is not the device’s is told and not taken', async () => {
  harness = await MediaThreadHarness.start();
  const ingest = await harness.open({ ssrcCheck: 'strict' });
  ingest.answer({ ssrc: SSRC, remoteAddress: '10.0.0.9', deviceAddresses: ['10.0.0.9', HOST] });
  const source = new SyntheticPs({ ssrc: SSRC });
  const stranger = await harness.sender('127.0.0.2');
  for (const packet of source.nextFrame()) stranger.send(packet, ingest.port, HOST);
  const { seen } = await ingest.fact('wrongSource');
  expect(seen).toEqual({ address: '127.0.0.2', expected: `10.0.0.9 or ${HOST}` });
  expect(ingest.facts('firstRtp')).toEqual([]);
  const sender = await harness.sender();
  for (const packet of source.nextFrame()) sender.send(packet, ingest.port, HOST);
  expect((await ingest.fact('firstRtp')).from.address).toBe(HOST);
});

test('silence is told every silenceMs, and the first packet after it', async () => {
  harness = await MediaThreadHarness.start();
  const ingest = await harness.open({ silenceMs: 2000 });
  const source = new SyntheticPs({ ssrc: SSRC, audio: false, keyFrameBytes: 500 });
  const sender = await harness.sender();
  for (const packet of source.nextFrame()) sender.send(packet, ingest.port, HOST);
  await ingest.fact('firstRtp');
  harness.advance(2000);
  expect((await ingest.fact('silent')).silentMs).toBeGreaterThanOrEqual(2000);
  harness.advance(2000);
  expect((await ingest.fact('silent', 2)).silentMs).toBeGreaterThanOrEqual(4000);
  expect(ingest.facts('resumed')).toEqual([]);
  for (const packet of source.nextFrame()) sender.send(packet, ingest.port, HOST);
  await ingest.fact('resumed');
});

test('quirk: the answer of a device that rewrites the SSRC counts, and the stale sender does not', async () => {
  harness = await MediaThreadHarness.start();
  const ingest = await harness.open();
  ingest.answer({ ssrc: 302 });
  const stale = new SyntheticPs({ ssrc: 555 });
  const source = new SyntheticPs({ ssrc: 302 });
  const sender = await harness.sender();
  for (const packet of stale.nextFrame()) sender.send(packet, ingest.port, HOST);
  await ingest.fact('wrongSsrc');
  for (const packet of source.nextFrame()) sender.send(packet, ingest.port, HOST);
  expect((await ingest.fact('ssrcOk')).ssrc).toBe(302);
});
