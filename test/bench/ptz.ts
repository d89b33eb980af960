// How many PTZ commands a second pass through the gateway: REST in, MESSAGE to the camera, its 200 back.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.ts';
import { treeCpuMs } from '../support/process-tree.ts';
import { percentiles } from './percentiles.ts';

const CAMERA = new URL('../../src/camera/cli.ts', import.meta.url).pathname;
const CONNECTIONS = 64;
/** Pace of the run that measures the time of a command: half of what must pass. */
const PACED_PER_SECOND = 500;
const PACED_SECONDS = 5;

export interface PtzResult {
  readonly commandsPerSecond: number;
  /** Of all processes of the gateway. */
  readonly cpuMsPerCommand: number;
  readonly p95Ms: number;
  readonly failed: number;
}

interface Channel {
  readonly deviceId: string;
  readonly id: string;
}

/** Sends moves as fast as answers come, then at a pace. */
export async function measurePtz(devices: number, seconds: number): Promise<PtzResult> {
  const gateway = await startGatewayProcess();
  const args = ['--server', `127.0.0.1:${gateway.sipPort}`, '--password', '12345678', '--devices', String(devices)];
  const camera = spawn(process.execPath, [CAMERA, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  try {
    const channels = await channelsOf(gateway, devices);
    const mover = new Mover(gateway.httpPort, agent, channels);
    await mover.run({ seconds: 1 });
    const before = treeCpuMs(gateway.pid);
    const { sent, elapsedMs, failed } = await mover.run({ seconds });
    const cpuMs = treeCpuMs(gateway.pid) - before;
    const paced = await mover.run({ seconds: PACED_SECONDS, perSecond: PACED_PER_SECOND });
    return {
      commandsPerSecond: Math.round((1_000 * sent) / elapsedMs),
      cpuMsPerCommand: Math.round((1_000 * cpuMs) / sent) / 1_000,
      p95Ms: percentiles(paced.timesMs).p95,
      failed: failed + paced.failed,
    };
  } finally {
    agent.destroy();
    const exited = once(camera, 'exit');
    camera.kill('SIGKILL');
    await exited;
    await gateway.stop();
  }
}

async function channelsOf(gateway: GatewayProcess, devices: number): Promise<readonly Channel[]> {
  for (let tries = 0; tries < 120; tries += 1) {
    const query = '/api/v1/channels?kind=video&limit=500';
    const { items } = await gateway.json<{ items: Channel[] }>('GET', query);
    if (items.length >= devices) return items;
    await delay(500);
  }
  throw new Error('the cameras did not register');
}

interface Run {
  readonly sent: number;
  readonly failed: number;
  readonly elapsedMs: number;
  readonly timesMs: number[];
}

class Mover {
  readonly #port: number;
  readonly #agent: Agent;
  readonly #channels: readonly Channel[];
  #next = 0;

  constructor(port: number, agent: Agent, channels: readonly Channel[]) {
    this.#port = port;
    this.#agent = agent;
    this.#channels = channels;
  }

  async run({ seconds, perSecond = 0 }: { seconds: number; perSecond?: number }): Promise<Run> {
    const started = performance.now();
    const until = started + seconds * 1_000;
    const timesMs: number[] = [];
    let failed = 0;
    let taken = 0;
    const worker = async (): Promise<void> => {
      for (;;) {
        const due = perSecond === 0 ? 0 : started + (taken * 1_000) / perSecond;
        taken += 1;
        const wait = due - performance.now();
        if (Math.max(due, performance.now()) >= until) return;
        if (wait > 0) await delay(wait);
        const at = performance.now();
        if (await this.#move()) timesMs.push(performance.now() - at);
        else failed += 1;
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, worker));
    return { sent: timesMs.length, failed, elapsedMs: performance.now() - started, timesMs };
  }

  async #move(): Promise<boolean> {
    const number = this.#next;
    this.#next += 1;
    const { deviceId, id } = this.#channels[number % this.#channels.length]!;
    const body = JSON.stringify({ direction: number % 2 === 0 ? 'left' : 'stop', speed: 31 });
    const outgoing = request({
      port: this.#port,
      host: '127.0.0.1',
      agent: this.#agent,
      method: 'POST',
      path: `/api/v1/devices/${deviceId}/channels/${id}/ptz`,
      headers: { 'Content-Type': 'application/json', 'Content-Length': body.length },
    });
    outgoing.end(body);
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    response.resume();
    await once(response, 'end');
    return response.statusCode === 202;
  }
}
