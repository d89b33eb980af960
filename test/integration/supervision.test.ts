import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterEach, expect, test } from 'vitest';
import { healthOf } from '../../src/gateway-health.ts';
import { Supervision } from '../../src/gateway-supervision.ts';
import { createMediaThreads } from '../../src/media/index.ts';
import { spawnThread } from '../../src/media/thread/media-threads.ts';
import { createRecordThreads } from '../../src/record/index.ts';
import { spawnRecordThread } from '../../src/record/thread/record-threads.ts';
import { silentLogger } from '../../src/util/index.ts';
import { createWebRtc } from '../../src/webrtc/index.ts';
import { startGatewayProcess } from '../support/gateway-process.ts';
import { workersOf } from '../support/process-tree.ts';
import { openWebhookSink } from '../support/webhook-sink.ts';

const open: Array<() => Promise<unknown>> = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});
const keep = <T extends { close(): Promise<unknown> }>(part: T): T => {
  open.push(() => part.close());
  return part;
};

test('a mediasoup worker that is killed is an alert, and another one when it is back', async () => {
  const sink = keep(await openWebhookSink());
  const gateway = await startGatewayProcess({
    config: { alerts: { webhook: sink.url, 'mail-to': [] }, webrtc: { workers: 1 } },
  });
  open.push(() => gateway.stop());
  const [worker, ...others] = workersOf(gateway.pid);
  if (worker === undefined || others.length > 0) throw new Error('there is no worker, or not one alone');
  process.kill(worker, 'SIGKILL');
  await expect
    .poll(() => sink.taken.map(({ part, which, event }) => [part, which, event]), { timeout: 20_000 })
    .toEqual([
      ['mediasoup-worker', '0', 'failed'],
      ['mediasoup-worker', '0', 'returned'],
    ]);
  const [failed, returned] = sink.taken;
  expect(failed).toMatchObject({ text: 'a mediasoup worker died', droppedBefore: 0 });
  expect(returned).toMatchObject({ failedAt: failed?.['at'] });
  const [next] = workersOf(gateway.pid);
  expect(next).not.toBe(worker);
  expect((await fetch(`${gateway.base}/healthz`)).status).toBe(200);
  const metrics = await (await fetch(`${gateway.base}/metrics`)).text();
  expect(metrics).toMatch(/^gbrtc_worker_deaths_total\{kind="worker"\} 1$/m);
  expect(metrics).toMatch(/^gbrtc_workers_missing\{kind="worker"\} 0$/m);
});

test('/healthz and alerts name a worker or thread while it is missing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gbrtc-supervision-'));
  open.push(async () => rmSync(folder, { recursive: true, force: true }));
  const mediaWorkers: Worker[] = [];
  const recordWorkers: Worker[] = [];
  const webrtc = keep(
    await createWebRtc({ workers: 1, listenAddress: '127.0.0.1', basePort: 0, announcedAddresses: [] }, silentLogger),
  );
  const ports = { portMin: 42_000, portMax: 42_007, quarantineMs: 0, mode: 'ports', singlePort: 0 } as const;
  const media = keep(
    await createMediaThreads(
      { threads: 2, listenAddress: '127.0.0.1', ...ports, reorderMs: 30, receiveBufferBytes: 0 },
      silentLogger,
      (options) => {
        const worker = spawnThread(options);
        mediaWorkers.push(worker);
        return worker;
      },
    ),
  );
  const threads = keep(
    createRecordThreads({ threads: 1 }, silentLogger, (options) => {
      const worker = spawnRecordThread(options);
      recordWorkers.push(worker);
      return worker;
    }),
  );
  const told: string[] = [];
  const supervision = new Supervision({
    raise: ({ part, which }) => void told.push(`${part} ${which} failed`),
    clear: ({ part, which }) => void told.push(`${part} ${which} returned`),
  });
  supervision.workers(webrtc);
  supervision.mediaThreads(media);
  supervision.recordThreads(threads);
  const sipListening = [{ protocol: 'udp' as const, address: '127.0.0.1', port: 5060 }];
  const health = () => healthOf({ webrtc, media, threads, platform: { listening: sipListening }, sipListening });
  const [well, problems] = [{ ok: true, problems: [] }, (text: string) => ({ ok: false, problems: [text] })];
  expect(health()).toEqual(well);

  // It starts with its first work: this one.
  await expect(threads.repair(join(folder, 'none.mp4'))).rejects.toThrow('ENOENT');
  expect(recordWorkers).toHaveLength(1);
  let up = once(threads, 'threadUp');
  await recordWorkers[0]?.terminate();
  expect(health()).toEqual(problems('record threads are down: 1'));
  await up;
  expect(health()).toEqual(well);

  up = once(media, 'threadUp');
  await mediaWorkers[1]?.terminate();
  expect(health()).toEqual(problems('1 of 2 media threads are down'));
  await up;
  expect(health()).toEqual(well);

  const died = once(webrtc, 'workerDied');
  up = once(webrtc, 'workerUp');
  process.kill((await webrtc.usage())[0]?.pid ?? 0, 'SIGKILL');
  await died;
  expect(health()).toEqual(problems('1 of 1 mediasoup workers are down'));
  await up;
  expect(health()).toEqual(well);

  expect(told).toEqual([
    'record-thread 1 failed',
    'record-thread 1 returned',
    'media-thread 1 failed',
    'media-thread 1 returned',
    'mediasoup-worker 0 failed',
    'mediasoup-worker 0 returned',
  ]);
  expect(supervision.usage()).toEqual([
    { kind: 'worker', deaths: 1, missing: 0 },
    { kind: 'media_thread', deaths: 1, missing: 0 },
    { kind: 'record_thread', deaths: 1, missing: 0 },
  ]);
});
