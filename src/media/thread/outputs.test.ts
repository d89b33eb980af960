import { afterEach, expect, test } from 'vitest';
import type { Socket } from 'node:dgram';
import { ALAW_TO_ULAW } from '../codec/g711.ts';
import {
  fullIntraRequest,
  HOST,
  MediaThreadHarness,
  OutputProbe,
  pictureLossIndication,
  SSRC,
  type IngestHandle,
} from '../../../test/support/media-thread-harness.ts';
import { frameForTcp, SyntheticPs } from '../../../test/support/synthetic-ps.ts';

let harness: MediaThreadHarness;
const probes: OutputProbe[] = [];

afterEach(() => {
  harness.close();
  for (const probe of probes.splice(0)) probe.close();
});

async function openProbe(understandsBundles = false): Promise<OutputProbe> {
  const probe = await OutputProbe.open({ understandsBundles });
  probes.push(probe);
  return probe;
}

interface Camera {
  readonly ingest: IngestHandle;
  readonly source: SyntheticPs;
  readonly sender: Socket;
  send(frames?: number): void;
}

async function openCamera(options: Partial<ConstructorParameters<typeof SyntheticPs>[0]> = {}): Promise<Camera> {
  harness = await MediaThreadHarness.start();
  const ingest = await harness.open();
  const source = new SyntheticPs({ ssrc: SSRC, ...options });
  const sender = await harness.sender();
  const send = (frames = 1): void => {
    for (let frame = 0; frame < frames; frame += 1) {
      for (const packet of source.nextFrame()) sender.send(packet, ingest.port, HOST);
    }
  };
  return { ingest, source, sender, send };
}

/** Type of the NAL unit, looking into STAP-A and FU-A (RFC 6184 §5.7, §5.8). */
function nalType(packet: Buffer): number {
  const type = packet[12]! & 0x1f;
  return type === 24 ? packet[15]! & 0x1f : type === 28 ? packet[13]! & 0x1f : type;
}

function isContinuous(sequenceNumbers: readonly number[]): boolean {
  return sequenceNumbers.every(
    (number, index) => index === 0 || ((number - sequenceNumbers[index - 1]!) & 0xffff) === 1,
  );
}

test('an output that joins within 400 ms of a key frame gets it at once, then what follows, without a hole', async () => {
  const camera = await openCamera();
  camera.send(3);
  await camera.ingest.fact('firstKeyFrame');
  const probe = await openProbe();
  camera.ingest.addOutput({ port: probe.port, audioCodec: 'pcma' });
  await harness.poll(() => probe.video[0]);
  expect(nalType(probe.video[0]!)).toBe(7);
  camera.send(5);
  await harness.poll(() => (probe.video.length >= 7 ? true : undefined));
  expect(isContinuous(probe.sequenceNumbers)).toBe(true);
  expect(camera.ingest.facts('keyFrameRequested')).toEqual([]);
});

test('an output that joins later asks for a key frame, starts with it, and has audio at once', async () => {
  const camera = await openCamera();
  camera.send(3);
  await camera.ingest.fact('firstKeyFrame');
  harness.advance(500);
  const probe = await openProbe();
  camera.ingest.addOutput({ port: probe.port, audioCodec: 'pcma' });
  await camera.ingest.fact('keyFrameRequested');
  camera.send(3);
  await harness.poll(() => (probe.audio.length >= 6 ? true : undefined));
  expect(probe.video).toEqual([]);
  camera.source.keyFrameNext = true;
  camera.send(2);
  await harness.poll(() => (probe.video.length >= 3 ? true : undefined));
  expect(nalType(probe.video[0]!)).toBe(7);
  expect(isContinuous(probe.sequenceNumbers)).toBe(true);
});

test('outputs of one ingest share packets; A-law is converted for those that want µ-law', async () => {
  const camera = await openCamera();
  const first = await openProbe();
  const second = await openProbe();
  camera.ingest.addOutput({ port: first.port, audioCodec: 'pcma' });
  camera.ingest.addOutput({ port: second.port, audioCodec: 'pcmu' });
  await camera.ingest.fact('keyFrameRequested');
  camera.send(4);
  await harness.poll(() => (first.video.length >= 4 && second.video.length >= 4 ? true : undefined));
  await harness.poll(() => (first.audio.length >= 6 && second.audio.length >= 6 ? true : undefined));
  expect(second.video.slice(0, 4)).toEqual(first.video.slice(0, 4));
  expect(first.audio[0]![1]! & 0x7f).toBe(8);
  expect(first.audio[0]![12]).toBe(0xd5);
  expect(second.audio[0]![1]! & 0x7f).toBe(0);
  expect(second.audio[0]![12]).toBe(ALAW_TO_ULAW[0xd5]);
});

test('sequence numbers and timestamps go on across a gap without outputs', async () => {
  const camera = await openCamera();
  const first = await openProbe();
  const outputId = camera.ingest.addOutput({ port: first.port, audioCodec: 'pcma' });
  await camera.ingest.fact('keyFrameRequested');
  camera.send(3);
  await harness.poll(() => (first.video.length >= 3 ? true : undefined));
  camera.ingest.removeOutput(outputId);
  harness.advance(600);
  camera.send(20);
  const second = await openProbe();
  camera.ingest.addOutput({ port: second.port, audioCodec: 'pcma' });
  await camera.ingest.fact('keyFrameRequested', 2);
  await camera.ingest.stats(({ frames }) => frames >= 22);
  camera.source.keyFrameNext = true;
  camera.send(2);
  const again = await harness.poll(() => second.video[0]);
  const last = first.video.at(-1)!;
  expect(again.readUInt32BE(8)).toBe(last.readUInt32BE(8));
  expect((again.readUInt16BE(2) - last.readUInt16BE(2)) & 0xffff).toBe(1);
  expect((again.readUInt32BE(4) - last.readUInt32BE(4)) >>> 0).toBe(21 * 3600);
});

test.each([
  { name: 'PLI', request: pictureLossIndication },
  { name: 'FIR', request: fullIntraRequest },
])('$name becomes keyFrameRequested, at most once in 500 ms', async ({ request }) => {
  const camera = await openCamera();
  camera.send(2);
  await camera.ingest.fact('firstKeyFrame');
  const probe = await openProbe();
  camera.ingest.addOutput({ port: probe.port, audioCodec: 'pcma' });
  const packet = await harness.poll(() => probe.video[0]);
  probe.reply(request(packet.readUInt32BE(8)));
  await camera.ingest.fact('keyFrameRequested');
  probe.reply(request(packet.readUInt32BE(8)));
  camera.send(1);
  await harness.poll(() => (probe.audio.length >= 2 ? true : undefined));
  expect(camera.ingest.facts('keyFrameRequested')).toHaveLength(1);
  harness.advance(500);
  await camera.ingest.fact('keyFrameRequested', 2);
});

test('sender reports follow the first packets at once, then every second, on one time line', async () => {
  const camera = await openCamera();
  const probe = await openProbe();
  camera.ingest.addOutput({ port: probe.port, audioCodec: 'pcma' });
  await camera.ingest.fact('keyFrameRequested');
  camera.send(2);
  await harness.poll(() => (probe.reports.length >= 2 ? true : undefined));
  const ssrcs = new Set(probe.reports.map((report) => report.readUInt32BE(4)));
  expect(ssrcs).toEqual(new Set([probe.video[0]!.readUInt32BE(8), probe.audio[0]!.readUInt32BE(8)]));
  const before = probe.reports.length;
  harness.advance(1000);
  await harness.poll(() => (probe.reports.length >= before + 2 ? true : undefined));
  const [video] = probe.reports.slice(before);
  expect(video!.readUInt32BE(20)).toBeGreaterThan(0);
  // NTP seconds count from 1900.
  expect(Math.abs(video!.readUInt32BE(8) - 2_208_988_800 - Date.now() / 1000)).toBeLessThan(5);
});

test.each([
  { receiver: 'that takes packets', understandsBundles: false },
  { receiver: 'that takes bundles', understandsBundles: true },
])('a large key frame to a receiver $receiver is paced and complete', async ({ understandsBundles }) => {
  const camera = await openCamera({ keyFrameBytes: 400_000 });
  const probe = await openProbe(understandsBundles);
  camera.ingest.addOutput({ port: probe.port, audioCodec: 'pcma' });
  await camera.ingest.fact('keyFrameRequested');
  const socket = await harness.connect(camera.ingest.port);
  socket.write(frameForTcp([...camera.source.nextFrame(), ...camera.source.nextFrame(), ...camera.source.nextFrame()]));
  await harness.poll(() => (probe.video.length > 335 ? true : undefined));
  expect(isContinuous(probe.sequenceNumbers)).toBe(true);
  const markers = probe.video.filter((packet) => (packet[1]! & 0x80) !== 0);
  expect(markers.length).toBeGreaterThanOrEqual(2);
  expect(nalType(probe.video[0]!)).toBe(7);
});

test('a receiver that says so gets the packets of a frame as one datagram; another beside it gets packets', async () => {
  const camera = await openCamera({ audio: false, frameBytes: 6000 });
  const bundled = await openProbe(true);
  const plain = await openProbe();
  camera.ingest.addOutput({ port: plain.port, audioCodec: 'pcma' });
  camera.ingest.addOutput({ port: bundled.port, audioCodec: 'pcma' });
  await camera.ingest.fact('keyFrameRequested');
  await harness.poll(() => {
    camera.send(1);
    return bundled.bundles.length >= 3 ? true : undefined;
  });
  const count = await harness.poll(() =>
    plain.video.length === bundled.video.length ? plain.video.length : undefined,
  );
  expect(bundled.video).toEqual(plain.video);
  expect(isContinuous(bundled.sequenceNumbers)).toBe(true);
  expect(bundled.bundles.every((packets) => packets >= 6 && packets <= 32)).toBe(true);
  expect(plain.bundles).toEqual([]);
  harness.advance(1000);
  const report = await harness.poll(() => bundled.reports.find((packet) => packet.readUInt32BE(20) >= count));
  const payload = bundled.video.reduce((sum, packet) => sum + packet.length - 12, 0);
  expect([report.readUInt32BE(20), report.readUInt32BE(24)]).toEqual([bundled.video.length, payload]);
});

test('several frames in one TCP read keep their own bytes on the way out', async () => {
  const camera = await openCamera({ audio: false, frameBytes: 900 });
  const probe = await openProbe();
  camera.ingest.addOutput({ port: probe.port, audioCodec: 'pcma' });
  await camera.ingest.fact('keyFrameRequested');
  const socket = await harness.connect(camera.ingest.port);
  socket.write(frameForTcp(Array.from({ length: 20 }, () => camera.source.nextFrame()).flat()));
  await harness.poll(() => (probe.video.length >= 20 ? true : undefined));
  expect(isContinuous(probe.sequenceNumbers)).toBe(true);
  const stamps = probe.video.filter((packet) => (packet[1]! & 0x80) !== 0).map((packet) => packet.readUInt32BE(4));
  expect(new Set(stamps).size).toBe(stamps.length);
});

test('quirk: audio that appears mid-stream is told and sent', async () => {
  const camera = await openCamera({ audio: false });
  const probe = await openProbe();
  camera.ingest.addOutput({ port: probe.port, audioCodec: 'pcma' });
  await camera.ingest.fact('keyFrameRequested');
  camera.send(3);
  await camera.ingest.fact('track');
  expect(camera.ingest.facts('track').map(({ track }) => track.kind)).toEqual(['video']);
  const late = new SyntheticPs({ ssrc: SSRC, firstSequenceNumber: 1004 });
  for (let frame = 0; frame < 4; frame += 1) {
    for (const packet of late.nextFrame()) camera.sender.send(packet, camera.ingest.port, HOST);
  }
  await camera.ingest.fact('track', 2);
  await harness.poll(() => (probe.audio.length >= 2 ? true : undefined));
});

test('a receiver that is gone does not disturb the ingest', async () => {
  const camera = await openCamera();
  const gone = await openProbe();
  const { port } = gone;
  probes.splice(probes.indexOf(gone), 1);
  gone.close();
  camera.ingest.addOutput({ port, audioCodec: 'pcma' });
  await camera.ingest.fact('keyFrameRequested');
  camera.send(20);
  await camera.ingest.stats(({ frames }) => frames >= 18);
  const ended = await camera.ingest.close();
  expect(ended.reason).toBe('closed');
});

test('an ingest that nobody watches goes on counting, and a late output starts with the next key frame', async () => {
  const camera = await openCamera();
  camera.send(2);
  await camera.ingest.fact('firstKeyFrame');
  harness.advance(5000);
  await camera.ingest.stats(({ frames }) => frames >= 1);
  camera.source.keyFrameNext = true;
  camera.send(10);
  const idle = await camera.ingest.stats(({ frames }) => frames >= 11);
  expect(idle).toMatchObject({ keyFrames: 2, droppedFrames: 0 });
  const probe = await openProbe();
  camera.ingest.addOutput({ port: probe.port, audioCodec: 'pcma' });
  await camera.ingest.fact('keyFrameRequested');
  camera.send(2);
  camera.source.keyFrameNext = true;
  camera.send(3);
  await harness.poll(() => (probe.video.length >= 3 ? true : undefined));
  expect(nalType(probe.video[0]!)).toBe(7);
  expect(isContinuous(probe.sequenceNumbers)).toBe(true);
});
