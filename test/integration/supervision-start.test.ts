import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import { loadConfig } from '../../src/config/index.ts';
import { openGateway } from '../../src/gateway.ts';
import type * as platform from '../../src/gateway-platform.ts';
import { freePort } from '../support/gateway-process.ts';
import { workersOf } from '../support/process-tree.ts';
import { openWebhookSink } from '../support/webhook-sink.ts';

const hook = vi.hoisted(() => ({ beforePlatform: (): Promise<void> => Promise.resolve() }));
vi.mock('../../src/gateway-platform.ts', async (original) => {
  const real = await original<typeof platform>();
  const openPlatform: typeof real.openPlatform = async (...given) => {
    await hook.beforePlatform();
    return real.openPlatform(...given);
  };
  return { ...real, openPlatform };
});

const open: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

test('a worker that dies while the other parts still open is an alert, and counted', async () => {
  const sink = await openWebhookSink();
  open.push(() => sink.close());
  const folder = mkdtempSync(join(tmpdir(), 'gbrtc-supervision-'));
  open.push(() => rmSync(folder, { recursive: true, force: true }));
  const host = '127.0.0.1';
  const httpPort = await freePort();
  const file = join(folder, 'config.yaml');
  writeFileSync(
    file,
    stringify({
      common: { 'data-dir': join(folder, 'data'), 'log-file': join(folder, 'log') },
      gb28181: { host, port: await freePort() },
      http: { host, listen: httpPort, 'srs-listen': 0 },
      media: { listen: host, 'port-min': 43_000, 'port-max': 43_007, threads: 1 },
      webrtc: { listen: host, port: await freePort(), workers: 1 },
      rtsp: { port: 0 },
      pms: { port: 0 },
      record: { recordPath: join(folder, 'record'), cmdPort: 0 },
      rooms: { port: 0 },
      alerts: { webhook: sink.url },
    }),
  );
  const { config } = loadConfig({ config: file }, {});

  let killed = 0;
  hook.beforePlatform = async () => {
    const [worker] = workersOf(process.pid);
    if (worker === undefined) throw new Error('there is no worker');
    killed = worker;
    process.kill(worker, 'SIGKILL');
    await expect.poll(() => workersOf(process.pid).includes(worker)).toBe(false);
  };
  const gateway = await openGateway({ config, demo: false, version: '1.2.3' });
  open.push(() => gateway.close());

  expect(killed).not.toBe(0);
  await expect
    .poll(() => sink.taken.map(({ part, which, event }) => [part, which, event]), { timeout: 20_000 })
    .toEqual([
      ['mediasoup-worker', '0', 'failed'],
      ['mediasoup-worker', '0', 'returned'],
    ]);
  const metrics = await (await fetch(`http://${host}:${httpPort}/metrics`)).text();
  expect(metrics).toMatch(/^gbrtc_worker_deaths_total\{kind="worker"\} 1$/m);
});
