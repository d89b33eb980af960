import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { askBinding } from '../../src/ice-agent/binding.ts';

/** Neither those that tests listen at nor the gateway's media. */
const RELAY_PORTS = { min: 29_100, max: 29_900 } as const;

export interface Coturn {
  readonly port: number;
  /** Everything that it has printed: sessions with their accounts, allocations, bytes relayed. */
  output(): string;
  /** Ends it and waits. Idempotent. */
  stop(): Promise<void>;
}

export interface CoturnOptions {
  readonly port: number;
  readonly secret: string;
}

/** Debian's coturn on 127.0.0.1 with accounts by shared secret, as docs/turn.md has it; answers when this resolves. */
export async function startCoturn({ port, secret }: CoturnOptions): Promise<Coturn> {
  const folder = mkdtempSync(join(tmpdir(), 'gbrtc-coturn-'));
  const child = spawn(
    'turnserver',
    [
      // Without the configuration of the system's service.
      '-n',
      '--listening-ip=127.0.0.1',
      '--relay-ip=127.0.0.1',
      `--listening-port=${port}`,
      `--min-port=${RELAY_PORTS.min}`,
      `--max-port=${RELAY_PORTS.max}`,
      '--use-auth-secret',
      `--static-auth-secret=${secret}`,
      '--realm=gbrtc.test',
      '--fingerprint',
      '--allow-loopback-peers',
      '--no-cli',
      '--no-tls',
      '--no-dtls',
      '--verbose',
      '--log-file=stdout',
      `--pidfile=${join(folder, 'pid')}`,
      `--userdb=${join(folder, 'db')}`,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let text = '';
  const collect = (chunk: Buffer): void => {
    text = (text + chunk.toString()).slice(-500_000);
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const ended = once(child, 'exit');
  const coturn: Coturn = {
    port,
    output: () => text,
    async stop() {
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
  const never = new AbortController().signal;
  for (let tries = 0; tries < 100; tries++) {
    if (child.exitCode !== null) break;
    if ((await askBinding('127.0.0.1', port, never, [100])) !== undefined) return coturn;
    await delay(50);
  }
  await coturn.stop();
  throw new Error(`coturn does not answer at port ${port}:\n${text}`);
}
