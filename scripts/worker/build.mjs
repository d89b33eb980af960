// Builds mediasoup-worker from the sources that the mediasoup npm package ships, against the
// distribution's libraries and without a download. Runs on Node >= 20, imports nothing of node_modules.
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { patchSources } from './patches.mjs';

const here = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);

/** Debian and Ubuntu packages that the build needs. */
export const BUILD_PACKAGES = [
  'g++',
  'meson',
  'ninja-build',
  'pkg-config',
  'libssl-dev',
  'libsrtp2-dev',
  'libuv1-dev',
  'libabsl-dev',
  'libflatbuffers-dev',
  'flatbuffers-compiler',
];

/** Meson wraps of the worker that a folder under shims/ replaces by a system library. */
const WRAPS = ['abseil-cpp', 'flatbuffers', 'libsrtp3', 'libuv', 'openssl', 'unordered-dense'];

/** Our AES-GCM of the libsrtp shim against libsrtp itself; a difference would be a black picture. */
function checkGcm(buildDir) {
  const program = path.join(buildDir, 'gcm-check');
  const options = ['--cflags', '--libs', 'libsrtp2', 'libcrypto'];
  const flags = execFileSync('pkg-config', options, { encoding: 'utf8' }).trim().split(/\s+/);
  const include = `-I${path.join(here, 'shims/libsrtp3/include')}`;
  const source = path.join(here, 'check/gcm-check.cpp');
  execFileSync('c++', ['-std=c++20', '-O2', include, source, '-o', program, ...flags], { stdio: 'inherit' });
  execFileSync(program, { stdio: 'inherit' });
}

/**
 * @param {{ packageDir: string, buildDir: string, output: string, jobs?: number, log: (line: string) => void }} options
 */
export function buildWorker({ packageDir, buildDir, output, jobs = os.cpus().length, log }) {
  const source = path.join(buildDir, 'worker');
  const out = path.join(buildDir, 'out');
  fs.rmSync(buildDir, { recursive: true, force: true });
  fs.mkdirSync(buildDir, { recursive: true });
  const generated = ['out', 'prebuild', 'pip_invoke'].map((name) => path.join(packageDir, 'worker', name));
  fs.cpSync(path.join(packageDir, 'worker'), source, {
    recursive: true,
    filter: (file) => !generated.includes(file),
  });

  patchSources(source);
  fs.cpSync(path.join(here, 'source'), source, { recursive: true });

  // Meson does not download a wrap whose folder is there already.
  for (const wrap of WRAPS) {
    const text = fs.readFileSync(path.join(source, 'subprojects', `${wrap}.wrap`), 'utf8');
    const directory = /^directory\s*=\s*(.+)$/m.exec(text)[1].trim();
    fs.cpSync(path.join(here, 'shims', wrap), path.join(source, 'subprojects', directory), { recursive: true });
  }

  log('checking the SRTP shim');
  checkGcm(buildDir);

  const run = (command, args) => execFileSync(command, args, { cwd: source, stdio: ['ignore', 'inherit', 'inherit'] });
  const mesonArgs = process.env.MESON_ARGS?.split(' ').filter(Boolean) ?? [];
  log('configuring');
  run('meson', ['setup', '--wrap-mode', 'nodownload', '--buildtype', 'release', '-Db_ndebug=true', ...mesonArgs, out]);
  log(`compiling with ${jobs} jobs`);
  run('ninja', ['-C', out, '-j', String(jobs), 'mediasoup-worker']);

  fs.mkdirSync(path.dirname(output), { recursive: true });
  fs.copyFileSync(path.join(out, 'mediasoup-worker'), `${output}.tmp`);
  fs.chmodSync(`${output}.tmp`, 0o755);
  fs.renameSync(`${output}.tmp`, output);
}
