import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { GatewayPlayer } from '../support/page-player.ts';
import { requireTool } from '../support/requires.ts';
import { Scene, channelsKnown } from '../support/scene.ts';

const ROOT = new URL('../../', import.meta.url).pathname;
const canBuild = [requireTool('dpkg-deb'), requireTool('rpmbuild')].every(Boolean);
const canWatch = canBuild && requireTool('chromium');

const folder = mkdtempSync(join(tmpdir(), 'gbrtc-packages-'));
const installed = join(folder, 'root');
const home = join(installed, 'usr/local/gbrtc');
let deb = '';
let rpm = '';

const output = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });

beforeAll(() => {
  if (!canBuild) return;
  const args = ['scripts/package/build.mjs', '--out', folder, '--version', '1.2.3'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) throw new Error(`no packages: ${stdout}${stderr}`);
  const find = (ending: string): string =>
    join(folder, readdirSync(folder).find((name) => name.endsWith(ending)) ?? '');
  deb = find('.deb');
  rpm = find('.rpm');
  output('dpkg-deb', '-x', deb, installed);
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.runIf(canBuild)('the packages', () => {
  test('say what they are and what they need', () => {
    expect(output('dpkg-deb', '-f', deb, 'Package', 'Version')).toBe('Package: gbrtc\nVersion: 1.2.3\n');
    expect(output('rpm', '-qp', '--qf', '%{NAME} %{VERSION} %{LICENSE}', rpm)).toBe('gbrtc 1.2.3 MIT');
    expect(output('dpkg-deb', '-f', deb, 'Depends')).toBe(
      'libc6 (>= 2.28), libgcc-s1 (>= 4.2) | libgcc1, libstdc++6 (>= 8), passwd\n',
    );
    const needs = output('rpm', '-qp', '--requires', rpm).split('\n');
    expect(needs.filter((line) => line !== '' && !/^(rpmlib|\/bin\/sh)/.test(line))).toEqual([
      '/usr/sbin/useradd',
      'libc.so.6(GLIBC_2.28)(64bit)',
      'libstdc++.so.6()(64bit)',
    ]);
  });

  test('have the same files, owned by root', () => {
    const entries = output('dpkg-deb', '-c', deb).trim().split('\n');
    const files = new Set(
      entries.filter((line) => !line.startsWith('d')).map((line) => /\.(\/.*?)(?: -> .*)?$/.exec(line)?.[1]),
    );
    const inRpm = output('rpm', '-qp', '--qf', '[%{FILEMODES:perms} %{FILENAMES}\n]', rpm).trim().split('\n');
    expect(new Set(inRpm.filter((line) => !line.startsWith('d')).map((line) => line.slice(11)))).toEqual(files);
    expect(files).toContain('/usr/bin/gbrtc');
    expect(files).toContain('/usr/lib/systemd/system/gbrtc.service');
    expect(files).toContain('/usr/lib/systemd/system/gbrtc-ice-agent.service');
    expect(entries.filter((line) => !line.includes(' root/root '))).toEqual([]);
    expect(entries.filter((line) => /^.{5}w|^.{8}w|^...[sS]/.test(line) && !line.startsWith('l'))).toEqual([]);
  });

  test('leave an edited configuration alone', () => {
    const files = ['config.yaml', 'environment', 'ice-agent'].map((name) => `/usr/local/gbrtc/conf/${name}`);
    expect(output('dpkg-deb', '-I', deb, 'conffiles').trim().split('\n')).toEqual(files);
    expect(output('rpm', '-qp', '--configfiles', rpm).trim().split('\n')).toEqual(files);
    expect(output('rpm', '-qp', '--qf', '[%{FILEFLAGS:fflags} %{FILENAMES}\n]', rpm)).toContain(`cn ${files[0]}`);
    expect(readFileSync(join(home, 'conf/config.yaml'), 'utf8')).toBe(
      readFileSync(join(ROOT, 'conf/config.yaml'), 'utf8'),
    );
  });

  test('bring the packages of production and no others', () => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<
      'dependencies' | 'devDependencies',
      Record<string, string>
    >;
    const has = (name: string): boolean => existsSync(join(home, 'node_modules', name, 'package.json'));
    expect(Object.keys(dependencies).filter((name) => !has(name))).toEqual([]);
    expect(Object.keys(devDependencies).filter(has)).toEqual([]);
    expect(existsSync(join(home, 'dist/main.js'))).toBe(true);
    expect(readdirSync(join(home, 'dist/sip')).filter((name) => name.includes('.test.'))).toEqual([]);
  });

  test('bring every library of the worker, with its licence', () => {
    const worker = join(home, 'node_modules/mediasoup/worker/out/Release');
    const lib = join(worker, 'lib');
    const list = output(
      join(lib, 'mediasoup-worker'),
      '--library-path',
      lib,
      '--list',
      join(worker, 'mediasoup-worker.bin'),
    );
    const elsewhere = list.split('\n').filter((line) => line.includes('=>') && !line.includes(lib));
    expect(elsewhere).toEqual([]);
    for (const name of ['libssl3', 'libc6', 'libstdc++6'])
      expect(readdirSync(join(worker, 'licences'))).toContain(name);
  });

  test('have scripts that a shell can read', () => {
    for (const name of ['postinst', 'prerm', 'postrm']) {
      const { status, stderr } = spawnSync('sh', ['-n'], {
        input: output('dpkg-deb', '-I', deb, name),
        encoding: 'utf8',
      });
      expect({ name, status, stderr }).toEqual({ name, status: 0, stderr: '' });
    }
    for (const tag of ['PREIN', 'POSTIN', 'PREUN', 'POSTUN']) {
      const script = output('rpm', '-qp', '--qf', `%{${tag}}`, rpm);
      expect(script).toContain(tag === 'PREIN' ? 'useradd' : 'systemctl');
      expect({ tag, status: spawnSync('sh', ['-n'], { input: script }).status }).toEqual({ tag, status: 0 });
    }
  });
});

test.runIf(canWatch)('the installed tree runs from where it lies: its cameras play in a browser', async () => {
  await using scene = new Scene();
  const gateway = await scene.gateway({ command: [join(installed, 'usr/bin/gbrtc'), 'start'], demo: true });
  await channelsKnown(gateway, 6);
  const { version } = await gateway.json<{ version: string }>('GET', '/api/v1/session');
  expect(version).toBe('1.2.3');
  const browser = scene.keep(await launchChromium(), (open) => open.close());
  const player = await GatewayPlayer.open(browser, gateway.base);
  const { items } = await gateway.json<{ items: { deviceId: string; id: string }[] }>(
    'GET',
    '/api/v1/channels?kind=video',
  );
  const [first] = items;
  await player.play({ stream: `${first?.deviceId}_${first?.id}` });
  await player.waitFrames(25);
  expect(await player.statistics()).toMatchObject({ width: 1280, height: 720, connectionState: 'connected' });
});

test.runIf(canBuild)('the command of the package knows the virtual camera', () => {
  const command = join(installed, 'usr/bin/gbrtc');
  expect(output(command, 'camera', '--help')).toContain('--server');
  expect(output(command, '--help')).toContain('gbrtc start');
});
