import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { silentLogger } from '../util/index.ts';
import { createSystemdNotifier, type SystemdNotifier } from './notify.ts';

let folder: string;
let told: string;
let notifier: SystemdNotifier | undefined;

/** Stands for systemd-notify: writes down what it is told, and where. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gbrtc-notify-'));
  told = join(folder, 'told');
  const program = join(folder, 'systemd-notify');
  writeFileSync(program, `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >> ${told}\n`);
  chmodSync(program, 0o755);
  vi.stubEnv('PATH', `${folder}${delimiter}${process.env.PATH}`);
  vi.stubEnv('NOTIFY_SOCKET', '/run/test/notify');
});
afterEach(async () => {
  await notifier?.stopping();
  notifier = undefined;
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const open = (environment: Record<string, string>): SystemdNotifier =>
  (notifier = createSystemdNotifier({ environment, healthy: () => true, log: silentLogger }));
const lines = (): string[] => (existsSync(told) ? readFileSync(told, 'utf8').trim().split('\n') : []);
const fed = (): number => lines().filter((line) => line.endsWith(' WATCHDOG=1')).length;
const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 15_000 });
const SOCKET = { NOTIFY_SOCKET: '/run/test/notify' };

test('ready, the watchdog while it is healthy, stopping', async () => {
  const service = open({ ...SOCKET, WATCHDOG_USEC: '600000' });
  service.ready();
  await eventually(lines).toContain('/run/test/notify READY=1 STATUS=Running');
  await eventually(fed).toBeGreaterThan(2);
  await service.stopping();
  expect(lines().at(-1)).toBe('/run/test/notify STOPPING=1 STATUS=Closing');
});

test('an unhealthy gateway feeds nothing, and again when it is well', async () => {
  let asked = 0;
  notifier = createSystemdNotifier({
    environment: { ...SOCKET, WATCHDOG_USEC: '300000' },
    healthy: () => {
      asked += 1;
      return asked > 4;
    },
    log: silentLogger,
  });
  notifier.ready();
  await eventually(() => asked).toBeGreaterThanOrEqual(4);
  if (asked === 4) expect(fed()).toBe(0);
  await eventually(fed).toBeGreaterThan(0);
});

test('without WatchdogSec only ready and stopping are told', async () => {
  const service = open(SOCKET);
  service.ready();
  await eventually(lines).toEqual(['/run/test/notify READY=1 STATUS=Running']);
  await service.stopping();
  expect(lines()).toHaveLength(2);
});

test('nothing happens where systemd is not', async () => {
  const service = open({ WATCHDOG_USEC: '300000' });
  service.ready();
  await service.stopping();
  expect(existsSync(told)).toBe(false);
});

test('a program that is missing, or fails, harms nothing', async () => {
  vi.stubEnv('PATH', join(folder, 'nothing'));
  await open(SOCKET).stopping();
  vi.unstubAllEnvs();
  writeFileSync(join(folder, 'systemd-notify'), '#!/bin/sh\nexit 3\n');
  vi.stubEnv('PATH', `${folder}${delimiter}${process.env.PATH}`);
  await open(SOCKET).stopping();
});
