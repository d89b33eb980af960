// `npm run package:check [-- --suite NAME]`: the packages in fresh Debian chroots: install, start, play, upgrade, remove.
// Needs root, debootstrap, rpm and chromium, and a mount namespace of its own, which scripts/run.mjs gives it.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Browser } from 'playwright-core';
import { launchChromium } from '../support/chromium.ts';
import { Chroot } from './chroot.ts';
import { InstalledGateway } from './installed-gateway.ts';
import { checkService } from './service-check.ts';

const ROOT = new URL('../../', import.meta.url).pathname;
const CONFIG = '/usr/local/gbrtc/conf/config.yaml';
const RECORD = '/var/lib/gbrtc/record';
const EDITED = 'idle-timeout: 31s';

/** How one kind of package is handled in a chroot. */
interface Handling {
  readonly file: (version: string) => string;
  install(chroot: Chroot, file: string): string;
  remove(chroot: Chroot): string;
}

const log = (text: string): void => {
  process.stdout.write(`[check] ${text.trimEnd().replaceAll('\n', '\n[check]   ')}\n`);
};

function build(folder: string, version: string): void {
  const args = ['scripts/package/build.mjs', '--out', folder, '--version', version];
  log(execFileSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' }));
}

const deb = (folder: string): Handling => ({
  file: (version) => join(folder, readdirSync(folder).find((name) => name.startsWith(`gbrtc_${version}_`)) ?? ''),
  install(chroot, file) {
    return chroot.run('dpkg', '-i', chroot.bring(file));
  },
  remove: (chroot) => chroot.run('dpkg', '-r', 'gbrtc'),
});

function runRpm(root: string, ...args: string[]): string {
  return execFileSync('rpm', ['--root', root, '--dbpath', '/var/lib/rpm', ...args], { encoding: 'utf8' });
}

const rpm = (folder: string): Handling => ({
  file: (version) => join(folder, readdirSync(folder).find((name) => name.startsWith(`gbrtc-${version}-`)) ?? ''),
  // From outside, since a Debian chroot has no rpm; its scripts run inside. Debian's packages are no RPMs: --nodeps.
  install: ({ root }, file) => runRpm(root, '--nodeps', '-Uv', file),
  remove: ({ root }) => runRpm(root, '-ev', 'gbrtc'),
});

async function lifeOf(chroot: Chroot, handling: Handling, browser: Browser): Promise<void> {
  const inside = (path: string): string => join(chroot.root, path);
  log(`install:\n${handling.install(chroot, handling.file('1.0.0'))}`);
  assert.equal(chroot.run('stat', '-c', '%U:%G %a', CONFIG).trim(), 'root:gbrtc 640');
  assert.equal(chroot.run('stat', '-c', '%U:%G %a', '/var/lib/gbrtc').trim(), 'gbrtc:gbrtc 750');

  const first = await InstalledGateway.start(chroot);
  const passwords = first.passwords();
  const token = await first.login(passwords.console);
  log(`started: /healthz 200, log in works; ${await first.playInBrowser(browser, token, passwords.sip)}`);
  assert.equal(await first.stop(), 0);

  writeFileSync(inside(CONFIG), readFileSync(inside(CONFIG), 'utf8').replace('idle-timeout: 30s', EDITED));
  log(`upgrade:\n${handling.install(chroot, handling.file('1.0.1'))}`);
  assert(readFileSync(inside(CONFIG), 'utf8').includes(EDITED), 'the edited configuration is there');
  assert.equal(chroot.run('stat', '-c', '%U:%G %a', CONFIG).trim(), 'root:gbrtc 640');
  const second = await InstalledGateway.start(chroot);
  const again = await second.login(passwords.console);
  const { version } = await second.get<{ version: string }>('/api/v1/session', again);
  const { total } = await second.get<{ total: number }>('/api/v1/devices', again);
  assert.deepEqual({ version, total }, { version: '1.0.1', total: 1 });
  assert.equal(await second.stop(), 0);
  log('version 1.0.1 runs with the edited configuration, the old password and the known camera');

  log(`remove:\n${handling.remove(chroot)}`);
  assert(!existsSync(inside('/usr/bin/gbrtc')) && !existsSync(inside('/usr/local/gbrtc/dist')));
  assert(existsSync(inside('/var/lib/gbrtc/data/gbrtc.db')), 'the data is kept');
}

/** Purges with a recording there. */
function keepsRecordings(chroot: Chroot): void {
  chroot.run('sh', '-c', `mkdir -p ${RECORD} && touch ${RECORD}/a.mp4 && chown -R gbrtc: ${RECORD}`);
  const output = chroot.run('dpkg', '-P', 'gbrtc');
  assert.match(output, /recordings in \/var\/lib\/gbrtc\/record.* are kept/);
  assert.equal(chroot.run('ls', '-A', '/var/lib/gbrtc').trim(), 'record');
  assert.equal(chroot.run('stat', '-c', '%U', `${RECORD}/a.mp4`).trim(), 'gbrtc');
  log(`purge with recordings:\n${output}`);
}

const left = (chroot: Chroot, before: ReadonlySet<string>): string[] =>
  [...chroot.paths()].filter((path) => !before.has(path));

async function check(folder: string, suite: string): Promise<void> {
  for (const version of ['1.0.0', '1.0.1']) build(folder, version);
  const forDeb = Chroot.bootstrap(join(folder, 'deb'), suite);
  const forRpm = forDeb.copy(join(folder, 'rpm'));
  const forService = forDeb.copy(join(folder, 'service'));
  const before = forDeb.paths();
  log(`chroots of ${suite}: ${before.size} files, ${forDeb.run('ldd', '--version').split('\n')[0]}`);
  const browser = await launchChromium();
  try {
    await lifeOf(forDeb, deb(folder), browser);
    keepsRecordings(forDeb);
    log(`install again:\n${forDeb.run('dpkg', '-i', forDeb.bring(deb(folder).file('1.0.1')))}`);
    forDeb.run('rm', '-r', RECORD);
    log(`purge:\n${forDeb.run('dpkg', '-P', 'gbrtc')}`);
    assert.deepEqual(left(forDeb, before), []);
    assert.doesNotMatch(forDeb.run('cat', '/etc/passwd', '/etc/group', '/etc/shadow'), /gbrtc/);
    log('Debian package: nothing is left, neither file nor user');

    await lifeOf(forRpm, rpm(folder), browser);
    const kept = left(forRpm, before).filter((path) => !path.startsWith('/var/lib/gbrtc'));
    assert.deepEqual(kept, ['/usr/local/gbrtc', '/usr/local/gbrtc/conf', `${CONFIG}.rpmsave`]);
    log('RPM: the data and the edited configuration are left, as RPMs do');

    if (spawnSync('systemd-nspawn', ['--version']).status === 0) await checkServiceIn(forService, deb(folder));
    else log('the service is left out: systemd-nspawn is missing (Debian package systemd-container)');
  } finally {
    await browser.close();
  }
}

async function checkServiceIn(chroot: Chroot, { file }: Handling): Promise<void> {
  const [first, second] = [chroot.bring(file('1.0.0')), chroot.bring(file('1.0.1'))];
  await checkService(chroot, { first, second }, log);
}

const { values } = parseArgs({ options: { suite: { type: 'string', default: 'bookworm' } } });
const folder = mkdtempSync(join(tmpdir(), 'gbrtc-package-check-'));
try {
  await check(folder, values.suite);
  log('passed');
} finally {
  for (const name of ['deb', 'rpm', 'service']) {
    if (existsSync(join(folder, name, 'proc/self'))) execFileSync('umount', [join(folder, name, 'proc')]);
  }
  rmSync(folder, { recursive: true, force: true });
}
