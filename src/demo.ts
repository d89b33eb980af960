import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Config } from './config/index.ts';
import type { Gateway } from './gateway.ts';

/** The demo keeps its own data, asks for no login and lets only cameras of this machine in. */
export function demoConfig(config: Config): Config {
  return {
    ...config,
    common: { ...config.common, 'data-dir': join(config.common['data-dir'], 'demo') },
    gb28181: {
      ...config.gb28181,
      host: '127.0.0.1',
      'advertised-host': '',
      admission: 'open',
      // One of the cameras drives around.
      subscriptions: { ...config.gb28181.subscriptions, 'mobile-position': true },
    },
    media: { ...config.media, listen: '127.0.0.1', address: '127.0.0.1' },
    http: { ...config.http, auth: { ...config.http.auth, enable: false } },
    // Nobody publishes into the demo, and the fewer ports it needs the surer it starts.
    pms: { ...config.pms, port: 0, sslPort: 0, httpPort: 0, httpSslPort: 0 },
    rtsp: { ...config.rtsp, port: 0 },
    record: { ...config.record, cmdPort: 0, recordPath: join(config.common['data-dir'], 'demo', 'record') },
  };
}

const CAMERAS = [
  [
    '--id',
    '34020000001320000001',
    '--name',
    'Gate (TCP)',
    '--only',
    'tcp',
    '--sip-transport',
    'tcp',
    '--at',
    '118.372,31.335',
  ],
  ['--id', '34020000001320000002', '--name', 'Yard (UDP)', '--only', 'udp', '--at', '118.38,31.33', '--moving'],
  [
    '--id',
    '34020000001180000003',
    '--name',
    'Recorder',
    '--channels',
    '4',
    '--at',
    '118.374,31.326',
    '--alarm-every',
    '60',
  ],
] as const;

/** Starts three virtual cameras as processes of their own, as real ones would be. */
export function startDemoCameras({ facts, log }: Gateway): { close(): Promise<void> } {
  const entry = new URL(`./camera/cli${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url).pathname;
  const common = ['--server', `127.0.0.1:${facts.sipPort}`, '--server-id', facts.serial, '--domain', facts.realm];
  const children = CAMERAS.map((args): ChildProcess => {
    const child = spawn(process.execPath, [entry, ...common, '--password', facts.sipPassword, ...args], {
      // The channel tells a camera when the gateway is gone without a word.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    child.on('error', (error) => log.error({ error: error.message }, 'demo camera did not start'));
    return child;
  });
  return {
    async close() {
      await Promise.all(
        children.map(async (child) => {
          if (child.exitCode !== null || child.signalCode !== null) return;
          const exited = once(child, 'exit');
          child.kill('SIGTERM');
          const killer = setTimeout(() => child.kill('SIGKILL'), 1_000);
          await exited;
          clearTimeout(killer);
        }),
      );
    },
  };
}
