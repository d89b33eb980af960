import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const ROOT = new URL('../../', import.meta.url).pathname;

export interface IceAgentProcess {
  /** Its log, and what it says at its end. */
  output(): string;
  /** SIGTERM, as systemd does it; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL, as a power cut does it. */
  kill(): Promise<void>;
}

/** `npx gbrtc ice-agent …`, looking at the load of `lo`. */
export function startIceAgent(args: readonly string[]): IceAgentProcess {
  const child = spawn(process.execPath, [join(ROOT, 'bin/gbrtc.mjs'), 'ice-agent', '--interface', 'lo', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const collect = (chunk: Buffer): void => {
    text = (text + chunk.toString()).slice(-100_000);
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const ended = once(child, 'exit');
  return {
    output: () => text,
    async stop() {
      child.kill('SIGTERM');
      await ended;
      return child.exitCode;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
