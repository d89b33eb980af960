import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { freePort, startGatewayProcess } from '../support/gateway-process.ts';
import { PmsClient } from '../support/pms-client.ts';
import { Scene, channelsKnown } from '../support/scene.ts';

const MAIN = new URL('../../src/main.ts', import.meta.url).pathname;
const WORKER =
  process.env.MEDIASOUP_WORKER_BIN ??
  new URL('../../node_modules/mediasoup/worker/out/Release/mediasoup-worker', import.meta.url).pathname;
const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function run(yaml: string, args: readonly string[] = []): { status: number | null; text: string } {
  const folder = mkdtempSync(join(tmpdir(), 'gbrtc-main-'));
  folders.push(folder);
  const file = join(folder, 'config.yaml');
  writeFileSync(file, yaml.replace('DATA', join(folder, 'data')));
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, '--config', file, ...args], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  return { status, text: stdout + stderr };
}

describe('the command', () => {
  test('tells every problem of a wrong configuration at once and exits with 2', () => {
    const { status, text } = run(
      'http: {listen: x, colour: red}\nstream: {idle-timeout: soon}\ngb28181: {serial: "1"}\n',
    );
    expect(status).toBe(2);
    for (const path of ['http.listen', 'http.colour', 'stream.idle-timeout', 'gb28181.serial'])
      expect(text).toContain(path);
    expect(text).toContain('4 problems');
  });

  test('tells what is wrong in a pms.conf with its own paths, and exits with 2', () => {
    const folder = mkdtempSync(join(tmpdir(), 'gbrtc-pms-'));
    folders.push(folder);
    const file = join(folder, 'pms.conf');
    writeFileSync(file, '{, "websocket": {"port": "x" "idleTimeout": -1},}');
    const { status, text } = run('http: {listen: y}', ['--pms-conf', file]);
    expect(status).toBe(2);
    for (const path of ['pms.conf: websocket.port', 'pms.conf: websocket.idleTimeout', '  http.listen'])
      expect(text).toContain(path);
  });

  test('refuses unknown options with 2', () => {
    expect(run('', ['--colour']).status).toBe(2);
  });

  test('says what it can', () => {
    const { status, text } = run('', ['--help']);
    expect(status).toBe(0);
    expect(text).toContain('--demo');
  });
});

test('npm start goes through setup to the gateway under the Node of this machine, whatever is first on our PATH', () => {
  const root = new URL('../../', import.meta.url).pathname;
  const path = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.startsWith(join(root, 'node_modules')));
  const { status, stdout, stderr } = spawnSync('npm', ['start', '--', '--help'], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, PATH: path.join(delimiter) },
  });
  expect(status, stderr).toBe(0);
  expect(stdout).toContain('--pms-conf FILE');
});

describe('a port in use is named with its key', () => {
  const cases = [
    { name: 'SIP', key: 'gb28181.port', section: (port: number) => `gb28181: {host: 127.0.0.1, port: ${port}}` },
    {
      name: 'HTTP',
      key: 'http.listen',
      section: (port: number) => `http: {host: 127.0.0.1, listen: ${port}, srs-listen: 0}`,
    },
    {
      name: 'SRS',
      key: 'http.srs-listen',
      section: (port: number) => `http: {host: 127.0.0.1, listen: ${port + 1}, srs-listen: ${port}}`,
    },
    {
      name: 'WebRTC',
      key: 'webrtc.port',
      section: (port: number) => `webrtc: {listen: 127.0.0.1, port: ${port}, workers: 1}`,
    },
    {
      name: 'pms',
      key: 'pms.port',
      section: (port: number) => `pms: {listenIp: 127.0.0.1, port: ${port}}`,
    },
    {
      name: 'rooms',
      key: 'rooms.port',
      section: (port: number) => `rooms: {host: 127.0.0.1, port: ${port}}`,
    },
    {
      name: 'RTSP',
      key: 'rtsp.port',
      section: (port: number) => `rtsp: {host: 127.0.0.1, port: ${port}}`,
    },
    {
      name: 'single media port',
      key: 'media.ingest.port',
      section: (port: number) => `media: {listen: 127.0.0.1, ingest: {mode: single, port: ${port}}}`,
    },
  ];
  test.each(cases)('$name', async ({ key, section }) => {
    const port = await freePort();
    const taken = createServer().listen(port, '127.0.0.1');
    await once(taken, 'listening');
    try {
      const [sip, http, webrtc] = [await freePort(), await freePort(), await freePort()];
      const sections = new Map([
        ['common', 'common: {data-dir: DATA, log-level: error}'],
        ['gb28181', `gb28181: {host: 127.0.0.1, port: ${sip}}`],
        ['http', `http: {host: 127.0.0.1, listen: ${http}, srs-listen: 0}`],
        ['webrtc', `webrtc: {listen: 127.0.0.1, port: ${webrtc}, workers: 1}`],
        ['rtsp', 'rtsp: {port: 0}'],
        ['pms', 'pms: {port: 0}'],
        ['record', 'record: {cmdPort: 0}'],
        ['rooms', 'rooms: {port: 0}'],
      ]);
      sections.set(key.split('.')[0] ?? '', section(port));
      const { status, text } = run([...sections.values()].join('\n'));
      expect(status).toBe(1);
      expect(text).toContain(String(port));
      expect(text).toContain(key);
    } finally {
      taken.close();
    }
  });
});

test('the ports of a pms.conf answer, WebSocket and HTTP, and what is not used is said', async () => {
  await using scene = new Scene();
  const folder = mkdtempSync(join(tmpdir(), 'gbrtc-pms-'));
  folders.push(folder);
  const [webSocket, http] = [await freePort(), await freePort()];
  const file = join(folder, 'pms.conf');
  writeFileSync(
    file,
    `{,"websocket": {"port": ${webSocket}, // ws\n"location": "/x",}, "http": {"port": ${http}}, "log": {"workerTags": []}}`,
  );
  const gateway = await scene.gateway({ args: ['--pms-conf', file] });
  expect(gateway.output()).toContain('not used: log.workerTags:');
  for (const port of [webSocket, http]) {
    const body = JSON.stringify({ version: '1.0', method: 'stream.play', stream: 'desk', data: {} });
    const reply = await (await fetch(`http://127.0.0.1:${port}/x`, { method: 'POST', body })).json();
    expect(reply).toMatchObject({ err: -1, method: 'stream.play', stream: 'desk' });
  }
  const client = scene.keep(await PmsClient.connect(`ws://127.0.0.1:${webSocket}/x`), async (open) => open.close());
  expect(await client.ask({ method: 'stream.nothing' })).toMatchObject({ err: -1 });
});

test('Ctrl-C while parts are being opened: those that are open are closed, exit 0', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gbrtc-main-'));
  folders.push(folder);
  const [config, slowWorker, pidFile] = ['config.yaml', 'worker', 'pid'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const [sip, http, webrtc] = [await freePort(), await freePort(), await freePort()];
  writeFileSync(
    config,
    `common: {data-dir: ${join(folder, 'data')}}\ngb28181: {host: 127.0.0.1, port: ${sip}}\n` +
      `http: {host: 127.0.0.1, listen: ${http}, srs-listen: 0}\nwebrtc: {listen: 127.0.0.1, port: ${webrtc}, workers: 1}\n`,
  );
  // The signal comes while the gateway waits for its worker: threads and database are open, SIP is not.
  writeFileSync(
    slowWorker,
    `#!/bin/sh\necho $$ > ${pidFile}.new && mv ${pidFile}.new ${pidFile}\nsleep 0.5\nexec ${WORKER} "$@"\n`,
    { mode: 0o755 },
  );
  const child = spawn(process.execPath, [MAIN, '--config', config], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, MEDIASOUP_WORKER_BIN: slowWorker },
  });
  let text = '';
  for (const output of [child.stdout, child.stderr]) output.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ended = once(child, 'close');
  await expect.poll(() => existsSync(pidFile)).toBe(true);
  child.kill('SIGINT');
  expect(await ended, text).toEqual([0, null]);
  expect(text).toContain('closing');
  expect(text).not.toContain('http://');
  const workerPid = Number(readFileSync(pidFile, 'utf8'));
  await expect.poll(() => existsSync(`/proc/${workerPid}`)).toBe(false);
});

test('Ctrl-C: the camera gets its BYE, everything closes within 3 s, exit 0', async () => {
  await using scene = new Scene();
  const gateway = await startGatewayProcess();
  const camera = await scene.camera(gateway);
  await channelsKnown(gateway, 1);
  await gateway.json('POST', '/api/v1/plays', { deviceId: camera.deviceIds[0], channelId: camera.channelIds()[0] });
  const ended = once(camera, 'sessionEnded');
  const at = Date.now();
  expect(await gateway.stop()).toBe(0);
  expect(Date.now() - at).toBeLessThan(3_000);
  const [, reason] = (await ended) as [unknown, string];
  expect(reason).toBe('remote_bye');
});
