import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Browser } from 'playwright-core';
import { freePort } from '../support/gateway-process.ts';
import { GatewayPlayer } from '../support/page-player.ts';
import { eventually } from '../support/scene.ts';
import type { Chroot } from './chroot.ts';

const CAMERA = '34020000001320000001';

function collect(child: ChildProcess): () => string {
  let text = '';
  const add = (chunk: Buffer): void => {
    text = (text + chunk.toString()).slice(-100_000);
  };
  child.stdout?.on('data', add);
  child.stderr?.on('data', add);
  return () => text;
}

async function end(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  }
  return child.exitCode;
}

/** The gateway that a package has installed, running in its chroot on free ports of 127.0.0.1. */
export class InstalledGateway {
  readonly base: string;
  readonly #chroot: Chroot;
  readonly #child: ChildProcess;
  readonly #output: () => string;
  readonly #sipPort: string;

  private constructor(chroot: Chroot, ports: Readonly<Record<string, string>>, child: ChildProcess) {
    this.#chroot = chroot;
    this.#child = child;
    this.#output = collect(child);
    this.#sipPort = ports['GBRTC_GB28181_PORT'] ?? '';
    this.base = `http://127.0.0.1:${ports['GBRTC_HTTP_LISTEN']}`;
  }

  /** Resolves when /healthz says 200. */
  static async start(chroot: Chroot): Promise<InstalledGateway> {
    const names = [
      'GB28181_PORT',
      'HTTP_LISTEN',
      'HTTP_SRS_LISTEN',
      'RTSP_PORT',
      'PMS_PORT',
      'RECORD_CMDPORT',
      'WEBRTC_PORT',
    ];
    const hosts = [
      'GB28181_HOST',
      'HTTP_HOST',
      'RTSP_HOST',
      'PMS_LISTENIP',
      'RECORD_LISTENIP',
      'WEBRTC_LISTEN',
      'MEDIA_LISTEN',
      'MEDIA_ADDRESS',
    ];
    const environment: Record<string, string> = {};
    for (const name of hosts) environment[`GBRTC_${name}`] = '127.0.0.1';
    for (const name of names) environment[`GBRTC_${name}`] = String(await freePort());
    const child = chroot.start(environment, 'gbrtc start --config /usr/local/gbrtc/conf/config.yaml');
    const gateway = new InstalledGateway(chroot, environment, child);
    try {
      await eventually(
        '200 of /healthz',
        async () => {
          if (child.exitCode !== null) throw new Error(`the gateway ended with ${child.exitCode}`);
          return (await fetch(`${gateway.base}/healthz`).catch(() => undefined))?.status === 200 ? true : undefined;
        },
        30_000,
      );
      // What it prints for the user comes when all is up.
      await eventually('the first screen', () => (gateway.#output().includes('Ctrl-C ends') ? true : undefined));
    } catch (error) {
      await gateway.stop();
      throw new Error(`${gateway.#output()}`, { cause: error });
    }
    return gateway;
  }

  /** The two passwords of the first start. */
  passwords(): { console: string; sip: string } {
    const [console, sip] = [...this.#output().matchAll(/password +([a-z2-9]{10,12})\b/g)].map(([, text]) => text ?? '');
    assert(console !== undefined && sip !== undefined, `no passwords in:\n${this.#output()}`);
    return { console, sip };
  }

  async login(password: string): Promise<string> {
    const response = await fetch(`${this.base}/api/v1/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'admin', password }),
    });
    assert.equal(response.status, 200);
    return ((await response.json()) as { token: string }).token;
  }

  async get<T>(path: string, token: string): Promise<T> {
    const response = await fetch(`${this.base}${path}`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(response.status, 200);
    return (await response.json()) as T;
  }

  /** A virtual camera of the same package, watched in a browser outside the chroot. */
  async playInBrowser(browser: Browser, token: string, sipPassword: string): Promise<string> {
    const options = `--server 127.0.0.1:${this.#sipPort} --password ${sipPassword} --id ${CAMERA}`;
    const camera = this.#chroot.start({}, `gbrtc camera ${options}`);
    const cameraOutput = collect(camera);
    try {
      const channel = await eventually(
        `a channel of the camera`,
        async () => {
          if (camera.exitCode !== null) throw new Error(`the camera ended: ${cameraOutput()}`);
          return (await this.get<{ items: { id: string }[] }>('/api/v1/channels?kind=video', token)).items[0];
        },
        20_000,
      );
      const player = await GatewayPlayer.open(browser, this.base);
      await player.page.setExtraHTTPHeaders({ authorization: `Bearer ${token}` });
      const firstFrameMs = await player.play({ stream: `${CAMERA}_${channel.id}` });
      await player.waitFrames(25);
      const { width, height, cipher } = await player.statistics();
      await player.stop();
      await player.close();
      return `first frame after ${Math.round(firstFrameMs)} ms, ${width}x${height}, ${cipher}`;
    } finally {
      await end(camera);
    }
  }

  /** SIGTERM, as systemd sends it; resolves with the exit code. */
  async stop(): Promise<number | null> {
    return end(this.#child);
  }
}
