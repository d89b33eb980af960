import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stringify } from 'yaml';

const ROOT = new URL('../../', import.meta.url).pathname;
/** As `npm start` does it. */
const NODE = JSON.parse(readFileSync(join(ROOT, 'scripts/node-flags.json'), 'utf8')) as {
  readonly flags: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
};

/** Below the media ports and those that the system gives out by itself. */
const PORTS = { min: 20_000, max: 29_000, step: 10 } as const;

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  // SIP and WebRTC want the same number of UDP.
  const socket = createSocket('udp4');
  socket.bind(port, '127.0.0.1');
  const free = await once(socket, 'listening').then(
    () => true,
    () => false,
  );
  socket.close();
  server.close();
  await once(server, 'close');
  return free;
}

/** Given out lately: nobody listens there yet. */
const given: number[] = [];

/** A port of 127.0.0.1 that is free now, with room for nine neighbours. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = PORTS.min + PORTS.step * Math.floor(Math.random() * ((PORTS.max - PORTS.min) / PORTS.step));
    if (given.includes(port)) continue;
    given.push(port);
    if (given.length > 100) given.shift();
    if (await isFree(port)) return port;
  }
  throw new Error('no free port');
}

export interface GatewayProcess {
  readonly pid: number;
  readonly sipPort: number;
  readonly httpPort: number;
  /** Of the first worker. */
  readonly webrtcPort: number;
  readonly base: string;
  readonly dataDir: string;
  /** Everything that it has printed. */
  output(): string;
  json<T>(method: string, path: string, body?: unknown): Promise<T>;
  /** Resolves when it is gone, however. */
  ended(): Promise<void>;
  /** SIGINT; resolves with the exit code. */
  stop(): Promise<number | null>;
}

type Section = Record<string, unknown>;

export interface GatewayProcessOptions {
  /** Sections merged over a configuration for 127.0.0.1 with free ports and no login. */
  readonly config?: Record<string, Section>;
  /** Other gateways that it asks. */
  readonly pull?: readonly Section[];
  /** With three virtual cameras. */
  readonly demo?: boolean;
  /** Instead of Node and src/main.ts: a command that takes the options of the gateway, e.g. an installed one. */
  readonly command?: readonly [string, ...string[]];
  /** Further options of the command line. */
  readonly args?: readonly string[];
  /** Kept between runs; a new folder that goes away at the end where absent. */
  readonly dataDir?: string;
}

async function configFor(options: GatewayProcessOptions, dataDir: string): Promise<Record<string, Section>> {
  const [sip, http, webrtc] = [await freePort(), await freePort(), await freePort()];
  const base: Record<string, Section> = {
    common: { 'data-dir': dataDir, 'log-level': process.env.GBRTC_TEST_LOG ?? 'warn' },
    gb28181: { host: '127.0.0.1', port: sip, auth: { password: '12345678' }, 'register-rate': 0 },
    http: { host: '127.0.0.1', listen: http, 'srs-listen': 0, auth: { enable: false } },
    media: { listen: '127.0.0.1', address: '127.0.0.1' },
    rtsp: { port: 0, host: '127.0.0.1', auth: { enable: false } },
    pms: { listenIp: '127.0.0.1', port: 0 },
    rooms: { host: '127.0.0.1', port: 0 },
    record: { listenIp: '127.0.0.1', cmdPort: 0, recordPath: join(dataDir, 'record'), minFreeBytes: 0 },
    webrtc: { listen: '127.0.0.1', candidate: ['127.0.0.1'], port: webrtc },
  };
  for (const [name, section] of Object.entries(options.config ?? {})) base[name] = { ...base[name], ...section };
  return base;
}

async function healthy(base: string, child: ChildProcess, output: () => string): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (child.exitCode !== null) throw new Error(`the gateway ended with ${child.exitCode}:\n${output()}`);
    const ok = await fetch(`${base}/healthz`).then(
      (response) => response.ok,
      () => false,
    );
    if (ok) return;
    await delay(50);
  }
  throw new Error(`the gateway is not healthy after 15 s:\n${output()}`);
}

/** Starts the gateway as users do, in a process of its own, and waits until /healthz says 200. */
export async function startGatewayProcess(options: GatewayProcessOptions = {}): Promise<GatewayProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'gbrtc-run-'));
  const dataDir = options.dataDir ?? join(folder, 'data');
  const config = await configFor(options, dataDir);
  const file = join(folder, 'config.yaml');
  writeFileSync(file, stringify({ ...config, pull: options.pull ?? [] }));
  const [program, ...first] = options.command ?? [process.execPath, ...NODE.flags, join(ROOT, 'src/main.ts')];
  const further = [...(options.demo === true ? ['--demo'] : []), ...(options.args ?? [])];
  const child = spawn(program, [...first, '--config', file, ...further], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...NODE.environment },
  });
  let text = '';
  const collect = (chunk: Buffer): void => {
    text = (text + chunk.toString()).slice(-200_000);
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const ended = once(child, 'exit').then(() => undefined);
  const httpPort = config.http?.listen as number;
  const base = `http://127.0.0.1:${httpPort}`;
  await healthy(base, child, () => text);
  return {
    pid: child.pid ?? 0,
    sipPort: config.gb28181?.port as number,
    httpPort,
    webrtcPort: config.webrtc?.port as number,
    base,
    dataDir,
    output: () => text,
    ended: () => ended,
    async json<T>(method: string, path: string, body?: unknown): Promise<T> {
      const response = await fetch(`${base}${path}`, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
      return (await response.json()) as T;
    },
    async stop() {
      child.kill('SIGINT');
      await ended;
      rmSync(folder, { recursive: true, force: true });
      return child.exitCode;
    },
  };
}
