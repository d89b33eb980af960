import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';

const CLI = new URL('cli.ts', import.meta.url).pathname;

test('as a service it tells systemd that it runs, feeds the watchdog without its gateway too, and says that it ends', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gbrtc-ice-'));
  const told = join(folder, 'told');
  writeFileSync(join(folder, 'systemd-notify'), `#!/bin/sh\necho "$*" >> ${told}\n`, { mode: 0o755 });
  const lines = (): string[] => (existsSync(told) ? readFileSync(told, 'utf8').trim().split('\n') : []);
  // Nobody listens on the discard port: neither a gateway nor coturn.
  const args = ['--server', 'http://127.0.0.1:9', '--ip', '127.0.0.1', '--turn-port', '9', '--interface', 'lo'];
  const child = spawn(process.execPath, [CLI, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      GBRTC_ICE_TOKEN: 'token',
      GBRTC_ICE_SECRET: 'secret',
      NOTIFY_SOCKET: '/run/test/notify',
      WATCHDOG_USEC: '600000',
      PATH: `${folder}${delimiter}${process.env.PATH}`,
    },
  });
  try {
    const ended = once(child, 'exit');
    await expect.poll(lines).toContain('READY=1 STATUS=Running');
    await expect.poll(lines).toContain('READY=1 WATCHDOG=1');
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(lines().at(-1)).toBe('STOPPING=1 STATUS=Closing');
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
});
