// What many registered devices with keepalives cost while nobody watches.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { startGatewayProcess } from '../support/gateway-process.ts';
import { treeCpuMs, treeResidentBytes } from '../support/process-tree.ts';

const CAMERA = new URL('../../src/camera/cli.ts', import.meta.url).pathname;

export interface RegisteredResult {
  readonly devices: number;
  readonly keepaliveSec: number;
  readonly online: number;
  readonly registeredWithinSec: number;
  /** Of one core, while only keepalives come. */
  readonly cpuPercent: number;
  readonly residentMb: number;
}

/** Registers the devices, waits until catalogues are in, then measures. */
export async function measureRegistered(devices: number, seconds: number): Promise<RegisteredResult> {
  const gateway = await startGatewayProcess();
  const started = performance.now();
  const args = ['--server', `127.0.0.1:${gateway.sipPort}`, '--password', '12345678', '--devices', String(devices)];
  const camera = spawn(process.execPath, [CAMERA, ...args, '--keepalive', '60'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const count = async (query: string): Promise<number> =>
    (await gateway.json<{ total: number }>('GET', `/api/v1/${query}`)).total;
  try {
    let online = 0;
    let channels = 0;
    for (let tries = 0; tries < 180 && (online < devices || channels < devices); tries++) {
      await delay(500);
      online = await count('devices?limit=1&online=true');
      channels = await count('channels?limit=1&kind=video');
    }
    const registeredWithinSec = Math.round((performance.now() - started) / 100) / 10;
    await delay(5_000);
    const [cpu, at] = [treeCpuMs(gateway.pid), performance.now()];
    await delay(seconds * 1_000);
    const cpuPercent = (100 * (treeCpuMs(gateway.pid) - cpu)) / (performance.now() - at);
    return {
      devices,
      keepaliveSec: 60,
      online: await count('devices?limit=1&online=true'),
      registeredWithinSec,
      cpuPercent: Math.round(cpuPercent * 10) / 10,
      residentMb: Math.round(treeResidentBytes(gateway.pid) / 1e6),
    };
  } finally {
    const exited = once(camera, 'exit');
    camera.kill('SIGKILL');
    await exited;
    await gateway.stop();
  }
}
