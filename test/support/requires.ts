import { spawnSync } from 'node:child_process';
import { accessSync, constants, globSync } from 'node:fs';
import { join } from 'node:path';

/** Debian packages that bring the programs which tests run. */
const PACKAGES: Readonly<Record<string, string>> = {
  sipp: 'sip-tester',
  ffmpeg: 'ffmpeg',
  ffprobe: 'ffmpeg',
  chromium: 'chromium',
  'gst-launch-1.0':
    'gstreamer1.0-tools with gstreamer1.0-plugins-base, gstreamer1.0-plugins-good, gstreamer1.0-plugins-bad, gstreamer1.0-libav and gstreamer1.0-rtsp',
  'dpkg-deb': 'dpkg',
  rpmbuild: 'rpm',
  mariadbd: 'mariadb-server',
  'mariadb-install-db': 'mariadb-server',
  postgres: 'postgresql',
  initdb: 'postgresql',
  turnserver: 'coturn',
};

/** Where Debian keeps what the path of a user or of root lacks; looked through before the path. */
const FOLDERS: Readonly<Record<string, string>> = {
  mariadbd: '/usr/sbin',
  postgres: '/usr/lib/postgresql/*/bin',
  initdb: '/usr/lib/postgresql/*/bin',
};

/**
 * The file of a program to run, Debian's before any other, the newest version first; undefined where the machine has
 * none. Tests that use what is not on everybody's path start this file, not the name.
 */
export function toolPath(name: string): string | undefined {
  const folder = FOLDERS[name];
  const debian = folder === undefined ? [] : globSync(join(folder, name)).filter(isProgram);
  const newest = debian.toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true }))[0];
  if (newest !== undefined) return newest;
  const found = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' });
  return found.status === 0 ? found.stdout.trim() : undefined;
}

/**
 * True when the machine has a program, for `test.runIf`. Where it is missing the tests that need it are left out with a
 * line that says so; in CI that is an error, so that nobody takes silence for success.
 */
export function requireTool(name: string): boolean {
  if (toolPath(name) !== undefined) return true;
  const advice = `${name} is missing (Debian package ${PACKAGES[name] ?? name})`;
  if (process.env['CI'] !== undefined) throw new Error(advice);
  process.stderr.write(`${advice}: its tests are left out\n`);
  return false;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
