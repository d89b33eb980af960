import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Worker } from 'node:worker_threads';
import { afterEach, expect, test } from 'vitest';
import { HOST, SSRC } from '../../../test/support/media-thread-harness.ts';
import { SyntheticPs } from '../../../test/support/synthetic-ps.ts';
import { silentLogger } from '../../util/index.ts';
import { PortsExhaustedError } from '../ports/index.ts';
import type { Ingest, IngestEndReason, IngestOptions, MediaThreads, MediaThreadsOptions } from '../types.ts';
import { MediaBindError, SsrcTakenError, ThreadDiedError } from './errors.ts';
import { createMediaThreads, spawnThread } from './media-threads.ts';

/** An address of its own keeps the fixed port range free of other processes. */
const ADDRESS = `127.${20 + (process.pid % 200)}.${Math.floor(process.pid / 200) % 250}.7`;
const OPTIONS: MediaThreadsOptions = {
  threads: 1,
  listenAddress: ADDRESS,
  portMin: 41_000,
  portMax: 41_007,
  quarantineMs: 60_000,
  mode: 'ports',
  singlePort: 41_100,
  reorderMs: 30,
  receiveBufferBytes: 262_144,
};

const workers: Worker[] = [];
let threads: MediaThreads | undefined;

afterEach(async () => {
  await threads?.close();
  threads = undefined;
  workers.length = 0;
});

async function start(options: Partial<MediaThreadsOptions> = {}): Promise<MediaThreads> {
  threads = await createMediaThreads({ ...OPTIONS, ...options }, silentLogger, (thread) => {
    const worker = spawnThread(thread);
    workers.push(worker);
    return worker;
  });
  return threads;
}

function ingestOptions(options: Partial<IngestOptions> = {}): IngestOptions {
  return { id: 'x', transport: 'udp', ssrc: SSRC, ssrcCheck: 'latch', ...options };
}

function send(packets: readonly Buffer[], port: number): void {
  const sender = createSocket('udp4');
  let left = packets.length;
  for (const packet of packets) {
    sender.send(packet, port, ADDRESS, () => {
      left -= 1;
      if (left === 0) sender.close();
    });
  }
}

function ended(ingest: Ingest): Promise<IngestEndReason> {
  const { promise, resolve } = Promise.withResolvers<IngestEndReason>();
  ingest.once('ended', resolve);
  return promise;
}

test('an ingest in a thread tells its tracks and statistics, and closes once', async () => {
  const media = await start();
  const ingest = await media.openIngest(ingestOptions({ id: 'live/1' }));
  expect(ingest.id).toBe('live/1');
  expect(ingest.localPort % 2).toBe(0);
  expect(media.ingests).toBe(1);
  ingest.setAnswer({ ssrc: SSRC, payloads: [{ payloadType: 96, encoding: 'PS' }] });
  const source = new SyntheticPs({ ssrc: SSRC });
  const keyFrame = once(ingest, 'firstKeyFrame');
  const stats = once(ingest, 'stats');
  send([...source.nextFrame(), ...source.nextFrame()], ingest.localPort);
  await keyFrame;
  await stats;
  expect(ingest.video).toMatchObject({ codec: 'h264', width: 1920 });
  expect(ingest.stats.packets).toBe(5);
  expect(media.usage()).toMatchObject([{ id: '0', ingests: 1 }]);
  const reasons: IngestEndReason[] = [];
  ingest.on('ended', (reason) => reasons.push(reason));
  ingest.close();
  ingest.close();
  expect(ingest.closed).toBe(true);
  expect(reasons).toEqual(['closed']);
  expect(media.ingests).toBe(0);
});

test('quirk: a freed port is not given out again during its quarantine; exhaustion names both numbers', async () => {
  const media = await start();
  const opened: Ingest[] = [];
  for (let index = 0; index < 4; index += 1) opened.push(await media.openIngest(ingestOptions()));
  expect(opened.map((ingest) => ingest.localPort)).toEqual([41_000, 41_002, 41_004, 41_006]);
  opened[0]!.close();
  await expect(media.openIngest(ingestOptions())).rejects.toThrow(new PortsExhaustedError(4, 4).message);
});

test('a closed ingest frees its port where there is no quarantine', async () => {
  const media = await start({ quarantineMs: 0, portMax: 41_000 });
  for (let round = 0; round < 5; round += 1) await expect.poll(() => opensOnce(media)).toBe(41_000);
});

/** The port of an ingest that is closed at once; the error's name while the thread still closes the one before. */
async function opensOnce(media: MediaThreads): Promise<number | string> {
  try {
    const ingest = await media.openIngest(ingestOptions());
    ingest.close();
    return ingest.localPort;
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

test('ports that another process uses over UDP or TCP are skipped', async () => {
  const udp = createSocket('udp4');
  udp.bind(41_000, ADDRESS);
  const tcp = createServer();
  tcp.listen(41_002, ADDRESS);
  await Promise.all([once(udp, 'listening'), once(tcp, 'listening')]);
  try {
    const media = await start();
    expect((await media.openIngest(ingestOptions())).localPort).toBe(41_004);
  } finally {
    udp.close();
    tcp.close();
  }
});

test('a thread that dies ends its ingests with thread_died and is replaced', async () => {
  const media = await start();
  const ingest = await media.openIngest(ingestOptions());
  const end = ended(ingest);
  await workers[0]!.terminate();
  expect(await end).toBe('thread_died');
  expect(ingest.closed).toBe(true);
  ingest.setAnswer({ payloads: [] });
  ingest.addOutput({ address: HOST, port: 9, audioCodec: 'pcma' }).close();
  const next = await media.openIngest(ingestOptions());
  expect(workers).toHaveLength(2);
  expect(next.localPort).not.toBe(ingest.localPort);
  const source = new SyntheticPs({ ssrc: SSRC });
  const keyFrame = once(next, 'firstKeyFrame');
  send([...source.nextFrame(), ...source.nextFrame()], next.localPort);
  await keyFrame;
  const rejected = expect(media.openIngest(ingestOptions())).rejects.toThrow(ThreadDiedError);
  await workers[1]!.terminate();
  await rejected;
});

test('a dead thread is missing until its successor is ready, and both are told once', async () => {
  const media = await start({ threads: 2 });
  const told: string[] = [];
  media.on('threadDied', ({ index }) => told.push(`died ${index}, missing ${media.threadsMissing}`));
  media.on('threadUp', ({ index }) => told.push(`up ${index}, missing ${media.threadsMissing}`));
  expect([media.threadsTotal, media.threadsMissing]).toEqual([2, 0]);
  const up = once(media, 'threadUp');
  await workers[1]!.terminate();
  expect(media.threadsMissing).toBe(1);
  await up;
  expect(told).toEqual(['died 1, missing 1', 'up 1, missing 0']);
  await media.close();
  expect(told).toHaveLength(2);
});

test('ingests are spread over the threads; close ends them and may be called twice', async () => {
  const media = await start({ threads: 2 });
  const ingest = await media.openIngest(ingestOptions());
  await media.openIngest(ingestOptions());
  expect(media.usage().map(({ ingests }) => ingests)).toEqual([1, 1]);
  const end = ended(ingest);
  await Promise.all([media.close(), media.close()]);
  expect(await end).toBe('closed');
  await expect(media.openIngest(ingestOptions())).rejects.toThrow(ThreadDiedError);
});

test('an address that is not ours is a bind error with address and port', async () => {
  const media = await start({ listenAddress: '192.0.2.1' });
  await expect(media.openIngest(ingestOptions())).rejects.toThrow(MediaBindError);
  await expect(media.openIngest(ingestOptions())).rejects.toThrow(/192\.0\.2\.1:41002/);
});

test('single port: ingests share it by SSRC, a second one with the same SSRC is refused', async () => {
  const media = await start({ mode: 'single', threads: 2 });
  const first = await media.openIngest(ingestOptions());
  const second = await media.openIngest(ingestOptions({ ssrc: SSRC + 1 }));
  expect([first.localPort, second.localPort]).toEqual([41_100, 41_100]);
  await expect(media.openIngest(ingestOptions())).rejects.toThrow(SsrcTakenError);
  first.close();
  await expect.poll(() => media.openIngest(ingestOptions()).then(() => 'opened', String)).toBe('opened');
});

test('single port that is taken: the start fails and names it', async () => {
  const held = createSocket('udp4');
  held.bind(41_100, ADDRESS);
  await once(held, 'listening');
  try {
    await expect(start({ mode: 'single' })).rejects.toThrow(`cannot bind media port ${ADDRESS}:41100`);
  } finally {
    held.close();
  }
});
