// CPU and memory of the whole gateway under load: N cameras with or without viewers.
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.ts';
import { treeCpuMs, treeResidentBytes } from '../support/process-tree.ts';
import { ask, ended } from './child.ts';

const CAMERA = new URL('../../src/camera/cli.ts', import.meta.url).pathname;
const VIEWERS = new URL('./viewers.ts', import.meta.url).pathname;
const FIRST_DEVICE = 34020000001320000001n;

export interface LoadOptions {
  readonly transport: 'tcp' | 'udp';
  readonly streams: number;
  /** WebRTC viewers of each stream. */
  readonly viewersPerStream: number;
  readonly seconds: number;
  readonly clip: string;
}

export interface LoadResult {
  readonly streams: number;
  readonly viewers: number;
  readonly seconds: number;
  readonly cpuMsPerStreamSecond: number;
  readonly cpuMsPerViewerSecond: number;
  readonly residentMbPerStream: number;
  readonly mbitPerStream: number;
  readonly lostPackets: number;
  /** Packets that viewers got, over those that they should have got by the streams' own count of frames. */
  readonly viewerMbit: number;
}

interface StreamsAnswer {
  readonly streams: ReadonlyArray<{ readonly gbrtc: { readonly stats: { bytes: number; lost: number } } }>;
}

const deviceIds = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => String(FIRST_DEVICE + BigInt(index)));

/** Cameras in a process of their own. */
export function startCameras(
  gateway: GatewayProcess,
  { transport, streams, clip }: Pick<LoadOptions, 'transport' | 'streams' | 'clip'>,
): ChildProcess {
  const args = ['--server', `127.0.0.1:${gateway.sipPort}`, '--password', '12345678', '--devices', String(streams)];
  args.push('--id', String(FIRST_DEVICE), '--only', transport, '--clip', clip);
  return spawn(process.execPath, [CAMERA, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
}

export async function waitOnline(gateway: GatewayProcess, count: number): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const { total } = await gateway.json<{ total: number }>('GET', '/api/v1/channels?limit=1&online=true&kind=video');
    if (total >= count) return;
    await delay(100);
  }
  throw new Error(`fewer than ${count} channels are online after a minute`);
}

/** Calls each; returns the streams' names. */
export async function openPlays(gateway: GatewayProcess, count: number): Promise<string[]> {
  const { items } = await gateway.json<{ items: { deviceId: string; id: string }[] }>(
    'GET',
    '/api/v1/channels?limit=500&kind=video',
  );
  const wanted = new Set(deviceIds(count));
  const streams: string[] = [];
  for (const { deviceId, id } of items.filter((channel) => wanted.has(channel.deviceId))) {
    await gateway.json('POST', '/api/v1/plays', { deviceId, channelId: id });
    streams.push(`${deviceId}_${id}`);
  }
  return streams;
}

async function totals(gateway: GatewayProcess): Promise<{ bytes: number; lost: number }> {
  const { streams } = await gateway.json<StreamsAnswer>('GET', '/api/v1/streams?count=1000');
  return streams.reduce(
    (sum, { gbrtc }) => ({ bytes: sum.bytes + gbrtc.stats.bytes, lost: sum.lost + gbrtc.stats.lost }),
    { bytes: 0, lost: 0 },
  );
}

/** Runs one load and measures after a warm-up of three seconds. */
export async function measureLoad(options: LoadOptions): Promise<LoadResult> {
  const gateway = await startGatewayProcess({ config: { stream: { 'idle-timeout': '1h' } } });
  const cameras = startCameras(gateway, options);
  const viewers =
    options.viewersPerStream > 0 ? fork(VIEWERS, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }) : undefined;
  try {
    await waitOnline(gateway, options.streams);
    await delay(1_000);
    const idle = treeResidentBytes(gateway.pid);
    const streams = await openPlays(gateway, options.streams);
    const watched = streams.flatMap((stream) => Array<string>(options.viewersPerStream).fill(stream));
    if (viewers) await ask(viewers, { base: gateway.base, streams: watched });
    await delay(3_000);
    const before = { cpu: treeCpuMs(gateway.pid), at: performance.now(), ...(await totals(gateway)) };
    const seen = viewers ? await ask<{ bytes: number }>(viewers, 'count') : { bytes: 0 };
    await delay(options.seconds * 1_000);
    const after = { cpu: treeCpuMs(gateway.pid), at: performance.now(), ...(await totals(gateway)) };
    const seenAfter = viewers ? await ask<{ bytes: number }>(viewers, 'count') : { bytes: 0 };
    const seconds = (after.at - before.at) / 1_000;
    const cpu = after.cpu - before.cpu;
    return {
      streams: streams.length,
      viewers: watched.length,
      seconds: round(seconds),
      cpuMsPerStreamSecond: round(cpu / seconds / streams.length),
      cpuMsPerViewerSecond: watched.length === 0 ? 0 : round(cpu / seconds / watched.length),
      residentMbPerStream: round((treeResidentBytes(gateway.pid) - idle) / streams.length / 1e6),
      mbitPerStream: round(((after.bytes - before.bytes) * 8) / seconds / streams.length / 1e6),
      lostPackets: after.lost - before.lost,
      viewerMbit:
        watched.length === 0 ? 0 : round(((seenAfter.bytes - seen.bytes) * 8) / seconds / watched.length / 1e6),
    };
  } finally {
    if (viewers) await ended(viewers);
    await ended(cameras);
    await gateway.stop();
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
