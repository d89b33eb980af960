import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createPlatform, type Device, type DeviceStore, type Platform } from '../../src/gb28181/index.ts';
import { createSipEngine } from '../../src/sip/index.ts';
import { memoryReportStores, REPORTS } from '../support/report-stores.ts';
import { silentLogger } from '../../src/util/index.ts';
import { requireTool } from '../support/requires.ts';

const SIPP = 'sipp';
const PASSWORD = 'sipp-secret';
const FIXTURES = fileURLToPath(new URL('../fixtures/sipp/', import.meta.url));

const EMPTY_STORE: DeviceStore = {
  loadDevices: () => [],
  loadChannels: () => [],
  saveDevice: () => undefined,
  deleteDevice: () => undefined,
  saveChannels: () => undefined,
  deleteChannels: () => undefined,
};

function deviceIds(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `3402000000118000${String(n + 1).padStart(4, '0')}`);
}

interface SippRun {
  readonly code: number | null;
  readonly output: string;
}

/** SIPp, an independent SIP implementation, as GB/T 28181 devices. */
class Sipp {
  readonly #directory: string;
  readonly #platform: Platform;
  transport: 'udp' | 'tcp' = 'udp';

  constructor(directory: string, platform: Platform) {
    this.#directory = directory;
    this.#platform = platform;
  }

  async run(scenario: string, ids: readonly string[], password = PASSWORD): Promise<SippRun> {
    const port = this.#platform.listening.find(({ protocol }) => protocol === this.transport)?.port;
    const users = join(this.#directory, `${scenario}.csv`);
    const lines = ids.map((id) => `${id};[authentication username=${id} password=${password}]`);
    await writeFile(users, `SEQUENTIAL\n${lines.join('\n')}\n`);
    const args = [
      `127.0.0.1:${port}`,
      '-sf',
      `${FIXTURES}${scenario}.xml`,
      '-inf',
      users,
      '-oocsf',
      `${FIXTURES}out-of-call.xml`,
    ];
    args.push(
      '-m',
      String(ids.length),
      '-l',
      String(ids.length),
      '-r',
      '50',
      '-i',
      '127.0.0.1',
      '-t',
      this.transport === 'udp' ? 'u1' : 't1',
    );
    args.push(
      '-timeout',
      '30s',
      '-timeout_error',
      '-recv_timeout',
      '8000',
      '-nostdin',
      '-trace_err',
      '-error_file',
      join(this.#directory, 'errors'),
    );
    const child = spawn(SIPP, args, { cwd: this.#directory, env: { ...process.env, TERM: 'dumb' } });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text: Buffer) => (output += text.toString('latin1')));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, output: output.slice(-4_000) };
  }
}

describe.runIf(requireTool(SIPP))('SIPp as the device', () => {
  let directory = '';
  let platform: Platform;
  let sipp: Sipp;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'gbrtc-sipp-'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  beforeEach(async () => {
    platform = await createPlatform(
      {
        serial: '34020000002000000001',
        realm: '3402000000',
        listenAddress: '127.0.0.1',
        port: 0,
        auth: { enable: true, password: PASSWORD, algorithms: ['MD5'] },
        admission: 'open',
        allow: [],
        deny: [],
        registerRatePerMinute: 0,
        dateHeader: true,
        keepaliveTimeoutMinSec: 180,
        defaultTransports: ['tcp-passive', 'udp', 'tcp-active'],
        inviteTimeoutMs: 5_000,
        responseTimeoutMs: 5_000,
        traceEntries: 200,
        traceEntriesPerDevice: 200,
        reports: REPORTS,
      },
      { store: EMPTY_STORE, reportStores: memoryReportStores(), createEngine: createSipEngine, log: silentLogger },
    );
    sipp = new Sipp(directory, platform);
  });
  afterEach(() => platform.close());

  test.each([{ transport: 'udp' }, { transport: 'tcp' }] as const)(
    'digest, keepalives, catalogue and information in GB2312 over $transport',
    async ({ transport }) => {
      const [id = ''] = deviceIds(1);
      sipp.transport = transport;
      const states: Device[] = [];
      platform.on('deviceOnline', (device) => states.push(device));
      const { code, output } = await sipp.run('device', [id]);
      expect(code, output).toBe(0);
      expect(states[0]).toMatchObject({ id, online: true, protocol: transport });
      const device = platform.device(id);
      expect(device).toMatchObject({ name: '测试设备', manufacturer: 'SIPp', keepaliveCount: 3 });
      expect(platform.channels(id).map(({ id: channelId, name, address }) => [channelId, name, address])).toEqual([
        ['34020000001310000001', '东门摄像机', '江苏路'],
        ['34020000001310000002', '停车场', '江苏路'],
      ]);
    },
  );

  test('fifty devices at once, and their goodbye', async () => {
    const ids = deviceIds(50);
    const up = await sipp.run('device', ids);
    expect(up.code, up.output).toBe(0);
    expect(platform.devices().filter(({ online }) => online)).toHaveLength(50);
    const down = await sipp.run('unregister', ids);
    expect(down.code, down.output).toBe(0);
    expect(platform.devices().map(({ offlineReason }) => offlineReason)).toEqual(ids.map(() => 'unregistered'));
  });

  test('a wrong password is refused', async () => {
    const { code, output } = await sipp.run('wrong-password', deviceIds(1), 'wrong');
    expect(code, output).toBe(0);
    expect(platform.devices()).toEqual([]);
  });

  test('a keepalive of an unknown device is refused, so that it registers', async () => {
    const { code, output } = await sipp.run('unknown-keepalive', deviceIds(1));
    expect(code, output).toBe(0);
  });
});
