import { fork } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import type { GarbageOrder, GarbageReport } from '../support/garbage.ts';
import type { Camera } from '../../src/camera/index.ts';
import { freePort, type GatewayProcess } from '../support/gateway-process.ts';
import { treeResidentBytes } from '../support/process-tree.ts';
import { Scene, channelsKnown, streamOf } from '../support/scene.ts';

const THROWER = new URL('../support/garbage.ts', import.meta.url).pathname;
const SECONDS = 60;
const MAX_GROWTH_BYTES = 50_000_000;
const WARM_UP_SECONDS = 5;

interface StreamsAnswer {
  readonly streams: ReadonlyArray<{
    readonly name: string;
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

/** A camera's play, and how far it has come. */
async function play(gateway: GatewayProcess, camera: Camera): Promise<() => Promise<number>> {
  const [deviceId, channelId] = [camera.deviceIds[0], camera.channelIds()[0]];
  await gateway.json('POST', '/api/v1/plays', { deviceId, channelId });
  return async () => {
    const { streams } = await gateway.json<StreamsAnswer>('GET', '/api/v1/streams?count=10');
    return streams.find(({ name }) => name === streamOf(camera))?.gbrtc.stats.frames ?? 0;
  };
}

const LOOPBACK_MEDIA = { listen: '127.0.0.1', address: '127.0.0.1' };
/** Nobody watches the plays. */
const WITHOUT_VIEWERS = { stream: { 'idle-timeout': '10m' } };

test(
  'garbage on every port for a minute: no crash, no growth, and running plays go on',
  async () => {
    await using scene = new Scene();
    const [singlePort, mediaPort, rtsp, pms, rooms, record] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ];
    const single = await scene.gateway({
      config: { media: { ...LOOPBACK_MEDIA, ingest: { mode: 'single', port: singlePort } }, ...WITHOUT_VIEWERS },
    });
    // By default each camera has ports of its own: RTP and RTCP of two cameras, and those of an attempt that was refused.
    const mediaPorts = [0, 1, 2, 3, 4, 5].map((offset) => mediaPort + offset);
    const gateway = await scene.gateway({
      config: {
        media: { ...LOOPBACK_MEDIA, 'port-min': mediaPort, 'port-max': mediaPort + 5 },
        rtsp: { port: rtsp },
        pms: { port: pms },
        rooms: { port: rooms },
        record: { cmdPort: record },
        ...WITHOUT_VIEWERS,
      },
    });
    const cameras = [
      await scene.camera(single, { only: ['tcp-passive'] }),
      await scene.camera(gateway, { only: ['tcp-passive'] }),
      await scene.camera(gateway, { only: ['udp'], id: '34020000001320000002' }),
    ] as const;
    await channelsKnown(single, 1);
    await channelsKnown(gateway, 2);
    const frames = [
      await play(single, cameras[0]),
      await play(gateway, cameras[1]),
      await play(gateway, cameras[2]),
    ] as const;
    const order = {
      udpPorts: [gateway.sipPort, gateway.webrtcPort, ...mediaPorts, singlePort],
      tcpPorts: [
        gateway.sipPort,
        gateway.webrtcPort,
        gateway.httpPort,
        rtsp,
        pms,
        rooms,
        record,
        ...mediaPorts,
        singlePort,
      ],
      webSockets: [
        { port: pms, path: '/' },
        { port: rooms, path: '/meeting' },
        { port: rooms, path: '/ws' },
      ],
      sources: ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'],
    };
    // Buffers and code that the first garbage brings to life are no growth.
    await throwGarbage({ ...order, seconds: WARM_UP_SECONDS, seed: 1 });
    const measure = async (): Promise<{ resident: number[]; frames: number[] }> => ({
      resident: [single, gateway].map(({ pid }) => treeResidentBytes(pid)),
      frames: await Promise.all(frames.map((read) => read())),
    });
    const before = await measure();
    const report = await throwGarbage({ ...order, seconds: SECONDS, seed: 2 });
    expect(report.datagrams).toBeGreaterThan(10_000);
    expect(report.connections).toBeGreaterThan(100);
    expect(report.upgrades).toBeGreaterThan(100);
    const after = await measure();
    for (const [at, resident] of after.resident.entries())
      expect(resident - (before.resident[at] ?? 0)).toBeLessThan(MAX_GROWTH_BYTES);
    // Half of each camera's frames at least: the senders of garbage take the processor, too.
    for (const [at, count] of after.frames.entries())
      expect(count - (before.frames[at] ?? 0)).toBeGreaterThan((SECONDS * 25) / 2);
    for (const one of [single, gateway]) {
      expect(await one.json('GET', '/healthz')).toEqual({ status: 'ok' });
    }
    for (const camera of cameras) expect(camera.sessions).toHaveLength(1);
  },
  (SECONDS + WARM_UP_SECONDS + 60) * 1_000,
);
