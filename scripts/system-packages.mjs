// Installs Debian packages when that is possible without asking, or says the one command to run.
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { withProgress } from './progress.mjs';

const installed = (name) =>
  spawnSync('dpkg-query', ['-W', '-f', '${Status}', name], { encoding: 'utf8' }).stdout?.includes(
    'install ok installed',
  ) ?? false;

/**
 * @param {string[]} names Debian package names
 * @param {(line: string) => void} log
 * @throws {Error} with the command to run, where this process cannot install them itself
 */
export function ensurePackages(names, log) {
  const debian = fs.existsSync('/etc/debian_version');
  const missing = debian ? names.filter((name) => !installed(name)) : names;
  if (missing.length === 0) return;
  const command = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (!debian) {
    throw new Error(
      `needs these packages (names of Debian): ${missing.join(' ')}; install your distribution's and try again`,
    );
  }
  if (process.getuid?.() !== 0) throw new Error(`missing system packages; run: sudo ${command}`);
  log(`installing ${missing.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (args) => spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
  withProgress('[apt] reading the lists of packages', () => apt(['update', '-qq']));
  const ok = withProgress('[apt] installing system packages', () =>
    apt(['install', '-y', '-qq', '--no-install-recommends', ...missing]),
  );
  if (!ok) throw new Error(`failed: ${command}`);
}
