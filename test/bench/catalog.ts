// What a catalogue of ten thousand channels takes, and what the main thread does meanwhile.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.ts';

const CAMERA = new URL('../../src/camera/cli.ts', import.meta.url).pathname;
const GIVE_UP_MS = 60_000;

export interface CatalogResult {
  /** From the start of the recorder's process until all channels are in the tree and in the database. */
  readonly seconds: number;
  readonly inTree: number;
  readonly stored: number;
  /** The longest that the main thread did not turn to its events. */
  readonly blockedMs: number;
}

interface Tree {
  readonly branches: ReadonlyArray<{ readonly channels: readonly unknown[] }>;
}

/** @param batch items per MESSAGE */
export async function measureCatalog(
  channels: number,
  batch: number,
  transport: 'udp' | 'tcp',
): Promise<CatalogResult> {
  const gateway = await startGatewayProcess();
  const args = ['--server', `127.0.0.1:${gateway.sipPort}`, '--password', '12345678', '--channels', String(channels)];
  // The gateway's own start is not what is asked for.
  await blockedMs(gateway);
  const started = performance.now();
  const camera = spawn(
    process.execPath,
    [CAMERA, ...args, '--catalog-batch', String(batch), '--sip-transport', transport],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  try {
    let [inTree, stored] = [0, 0];
    while ((inTree < channels || stored < channels) && performance.now() - started < GIVE_UP_MS) {
      await delay(250);
      stored = countStored(gateway.dataDir);
      if (stored > 0) inTree = await countInTree(gateway);
    }
    const seconds = (performance.now() - started) / 1_000;
    return { seconds, inTree, stored, blockedMs: await blockedMs(gateway) };
  } finally {
    const exited = once(camera, 'exit');
    camera.kill('SIGKILL');
    await exited;
    await gateway.stop();
  }
}

async function countInTree(gateway: GatewayProcess): Promise<number> {
  const { branches } = await gateway.json<Tree>('GET', '/api/v1/trees/devices');
  return branches.reduce((sum, { channels }) => sum + channels.length, 0);
}

function countStored(dataDir: string): number {
  const database = new DatabaseSync(join(dataDir, 'gbrtc.db'), { readOnly: true });
  try {
    return Number(database.prepare('SELECT count(*) AS count FROM channel').get()?.['count'] ?? 0);
  } finally {
    database.close();
  }
}

/** Since the last reading: each begins anew. */
async function blockedMs({ base }: GatewayProcess): Promise<number> {
  const text = await (await fetch(`${base}/metrics`)).text();
  const seconds = /^gbrtc_event_loop_delay_seconds\{quantile="1"\} (\S+)$/m.exec(text)?.[1];
  if (seconds === undefined) throw new Error('the metrics have no delay of the event loop');
  return Number(seconds) * 1_000;
}
