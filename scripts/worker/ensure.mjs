// Makes sure that the mediasoup-worker of the installed mediasoup package exists where mediasoup
// looks for it. In order: MEDIASOUP_WORKER_BIN; in place; cache; official prebuilt; local build.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { withProgress } from '../progress.mjs';
import { ensurePackages } from '../system-packages.mjs';
import { BUILD_PACKAGES, buildWorker } from './build.mjs';

const here = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);
const log = (line) => console.log(`[worker] ${line}`);

/** A working worker exits with 41 when MEDIASOUP_VERSION is absent (mediasoup's own self-test). */
const works = (binary) => fs.existsSync(binary) && spawnSync(binary, [], { env: {}, stdio: 'ignore' }).status === 41;

function install(from, target) {
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.copyFileSync(from, `${target}.tmp`);
  fs.chmodSync(`${target}.tmp`, 0o755);
  fs.renameSync(`${target}.tmp`, target);
}

/** Hash of everything that decides what the local build produces. */
function recipeHash() {
  const hash = createHash('sha256');
  const add = (file) => {
    if (fs.statSync(file).isDirectory()) {
      for (const name of fs.readdirSync(file).sort()) add(path.join(file, name));
    } else {
      hash.update(path.relative(here, file)).update(fs.readFileSync(file));
    }
  };
  for (const name of ['build.mjs', 'patches.mjs', 'source', 'check', 'shims']) add(path.join(here, name));
  hash.update(process.env.MESON_ARGS ?? '');
  return hash.digest('hex').slice(0, 12);
}

function cacheDir(version) {
  const root =
    process.env.MEDIASOUP_WORKER_CACHE ??
    path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'), 'mediasoup-worker');
  return path.join(root, `${version}-${os.platform()}-${os.arch()}-${recipeHash()}`);
}

function tryPrebuilt(packageDir) {
  if (process.env.MEDIASOUP_SKIP_WORKER_PREBUILT_DOWNLOAD) return;
  log('asking for the official prebuilt');
  // PYTHON starts mediasoup's own local build; a command that fails at once turns that off.
  const options = { cwd: packageDir, env: { ...process.env, PYTHON: 'false' }, stdio: 'ignore', timeout: 60_000 };
  withProgress('[worker] waiting for the official prebuilt, 60 s at most', () =>
    spawnSync(process.execPath, ['npm-scripts.mjs', 'postinstall'], options),
  );
}

/** @param {string} root the project's folder @returns {void} */
export function ensureWorker(root) {
  const configured = process.env.MEDIASOUP_WORKER_BIN;
  if (configured) {
    if (!works(configured)) throw new Error(`MEDIASOUP_WORKER_BIN=${configured} does not run`);
    return;
  }
  const packageDir = path.join(root, 'node_modules/mediasoup');
  const { version } = JSON.parse(fs.readFileSync(path.join(packageDir, 'package.json'), 'utf8'));
  const target = path.join(packageDir, 'worker/out/Release/mediasoup-worker');
  if (works(target)) return;

  const cache = cacheDir(version);
  const cached = path.join(cache, 'mediasoup-worker');
  if (works(cached)) {
    install(cached, target);
    return log(`${version} taken from ${cache}`);
  }

  tryPrebuilt(packageDir);
  if (works(target)) return log(`${version} prebuilt installed`);

  log(
    `no prebuilt for this machine; building ${version} against the system's libraries, which takes 5 to 25 minutes once`,
  );
  ensurePackages(BUILD_PACKAGES, log);
  const buildDir = path.join(cache, `build-${process.pid}`);
  try {
    buildWorker({ packageDir, buildDir, output: cached, log });
  } finally {
    fs.rmSync(buildDir, { recursive: true, force: true });
  }
  if (!works(cached)) throw new Error('the built mediasoup-worker does not run');
  install(cached, target);
  log(`${version} built and kept in ${cache}`);
}
