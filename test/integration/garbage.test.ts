import { fork } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import type { GarbageOrder, GarbageReport } from '../support/garbage.ts';
import { freePort } from '../support/gateway-process.ts';
import { treeResidentBytes } from '../support/process-tree.ts';
import { Scene, channelsKnown } from '../support/scene.ts';

const THROWER = new URL('../support/garbage.ts', import.meta.url).pathname;
const SECONDS = 60;
const MAX_GROWTH_BYTES = 50_000_000;
const WARM_UP_SECONDS = 5;

interface StreamsAnswer {
  readonly streams: ReadonlyArray<{
    readonly gbrtc: { readonly stats: { readonly keyFrames: number; readonly frames: number } };
  }>;
}

async function throwGarbage(order: GarbageOrder): Promise<GarbageReport> {
  const child = fork(THROWER);
  child.send(order);
  const [report] = (await once(child, 'message')) as [GarbageReport];
  await once(child, 'exit');
  return report;
}

test(
  'garbage on every port for a minute: no crash, no growth, and a running play goes on',
  async () => {
    await using scene = new Scene();
    const singlePort = await freePort();
    const gateway = await scene.gateway({
      config: {
        media: { listen: '127.0.0.1', address: '127.0.0.1', ingest: { mode: 'single', port: singlePort } },
        // Nobody watches the play.
        stream: { 'idle-timeout': '10m' },
      },
    });
    const camera = await scene.camera(gateway, { only: ['tcp-passive'] });
    await channelsKnown(gateway, 1);
    await gateway.json('POST', '/api/v1/plays', { deviceId: camera.deviceIds[0], channelId: camera.channelIds()[0] });
    const order = {
      udpPorts: [gateway.sipPort, singlePort, gateway.webrtcPort],
      tcpPorts: [gateway.sipPort, singlePort, gateway.webrtcPort, gateway.httpPort],
      sources: ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'],
    };
    // Buffers and code that the first garbage brings to life are no growth.
    await throwGarbage({ ...order, seconds: WARM_UP_SECONDS, seed: 1 });
    const framesOf = async (): Promise<number> => {
      const { streams } = await gateway.json<StreamsAnswer>('GET', '/api/v1/streams?count=10');
      return streams[0]?.gbrtc.stats.frames ?? 0;
    };
    const before = { resident: treeResidentBytes(gateway.pid), frames: await framesOf() };
    const report = await throwGarbage({ ...order, seconds: SECONDS, seed: 2 });
    expect(report.datagrams).toBeGreaterThan(10_000);
    expect(report.connections).toBeGreaterThan(100);
    const after = { resident: treeResidentBytes(gateway.pid), frames: await framesOf() };
    expect(after.resident - before.resident).toBeLessThan(MAX_GROWTH_BYTES);
    // Half of the camera's frames at least: the senders of garbage take the processor, too.
    expect(after.frames - before.frames).toBeGreaterThan((SECONDS * 25) / 2);
    const health = await gateway.json<{ status: string }>('GET', '/healthz');
    expect(health.status).toBe('ok');
    expect(camera.sessions).toHaveLength(1);
  },
  (SECONDS + WARM_UP_SECONDS + 60) * 1_000,
);
