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

/** Waits until every device has been asked for its subscriptions, whatever it has said. */
async function subscribed(base: string, devices: number): Promise<void> {
  for (let [before, tries] = [0, 0]; tries < 120; tries++) {
    const metrics = await (await fetch(`${base}/metrics`)).text();
    const events = /^gbrtc_subscription_events_total\{event="(?:subscribed|failed)"\} (\d+)$/gm;
    const asked = Array.from(metrics.matchAll(events), ([, count]) => Number(count)).reduce((sum, one) => sum + one, 0);
    if (asked >= devices && asked === before) return;
    before = asked;
    await delay(3_000);
  }
  throw new Error('devices are still asked for subscriptions after six minutes');
}

/** Registers the devices, waits until catalogues are in and devices are subscribed to, then measures. */
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
    await subscribed(gateway.base, devices);
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
