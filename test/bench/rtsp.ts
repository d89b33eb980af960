// What RTSP players over TCP cost: a camera and a browser's publication, fifty players each.
import { fork, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, type GatewayProcess } from '../support/gateway-process.ts';
import { NativePublisher } from '../support/native-publisher.ts';
import { treeCpuMs } from '../support/process-tree.ts';
import { readClip } from '../support/rtp-clip.ts';
import { channelsKnown, Scene } from '../support/scene.ts';
import { ask, ended } from './child.ts';
import { benchClip } from './clip.ts';

const CAMERA = new URL('../../src/camera/cli.ts', import.meta.url).pathname;
const READERS = new URL('./rtsp-readers.ts', import.meta.url).pathname;
const DEVICE = '34020000001320000001';

export interface RtspLoad {
  readonly cpuMsPerPlayerSecond: number;
  /** What each player got. */
  readonly mbitPerPlayer: number;
  readonly open: number;
}

interface Counted {
  readonly bytes: number;
  readonly open: number;
}

/** The name of a stream of 4 Mbit/s. */
async function openStream(source: 'camera' | 'publication', scene: Scene, gateway: GatewayProcess): Promise<string> {
  if (source === 'publication') {
    const clip = readClip(readFileSync(benchClip()));
    const publisher = scene.keep(new NativePublisher(clip), async (open) => open.close());
    await publisher.publish(gateway.base, 'bench');
    return 'bench';
  }
  const args = ['--server', `127.0.0.1:${gateway.sipPort}`, '--password', '12345678', '--id', DEVICE];
  const camera = spawn(process.execPath, [CAMERA, ...args, '--clip', benchClip()], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  scene.keep(camera, ended);
  await channelsKnown(gateway, 1);
  const { items } = await gateway.json<{ items: { id: string }[] }>('GET', '/api/v1/channels?kind=video');
  return `${DEVICE}_${items[0]?.id ?? ''}`;
}

/** CPU of the whole gateway while so many players read one stream, after a warm-up of three seconds. */
export async function measureRtsp(
  source: 'camera' | 'publication',
  players: number,
  seconds: number,
): Promise<RtspLoad> {
  await using scene = new Scene();
  const port = await freePort();
  const gateway = await scene.gateway({ config: { rtsp: { port, host: '127.0.0.1', auth: { enable: false } } } });
  const stream = await openStream(source, scene, gateway);
  const readers = scene.keep(fork(READERS, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }), ended);
  await ask(readers, { url: `rtsp://127.0.0.1:${port}/live/${stream}`, players });
  await delay(3_000);
  const before = { cpu: treeCpuMs(gateway.pid), at: performance.now(), ...(await ask<Counted>(readers, 'count')) };
  await delay(seconds * 1_000);
  const passed = (performance.now() - before.at) / 1_000;
  const cpu = treeCpuMs(gateway.pid) - before.cpu;
  const { bytes, open } = await ask<Counted>(readers, 'count');
  return {
    cpuMsPerPlayerSecond: cpu / passed / players,
    mbitPerPlayer: ((bytes - before.bytes) * 8) / passed / players / 1e6,
    open,
  };
}
