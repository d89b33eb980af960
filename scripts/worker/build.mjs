// Builds mediasoup-worker from the sources that the mediasoup npm package ships, against the
// distribution's libraries and without a download. Runs on Node >= 20, imports nothing of node_modules.
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';

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

function patch(file, from, to) {
  const before = fs.readFileSync(file, 'utf8');
  const after = before.replace(from, to);
  if (after === before) throw new Error(`cannot patch ${path.basename(file)}: text not found`);
  fs.writeFileSync(file, after);
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

  // Debian 12 ships Meson 1.0.1; nothing newer is used.
  patch(path.join(source, 'meson.build'), /meson_version: '>= [\d.]+'/, "meson_version: '>= 1.0.0'");

  // Distribution builds of OpenSSL have kernel TLS compiled in and ask the BIO whether it is active
  // (BIO_CTRL_GET_KTLS_SEND). The callback must pass through the result of every *_RETURN operation,
  // or OpenSSL skips allocating its write buffer and crashes in the first DTLS handshake.
  patch(
    path.join(source, 'src/RTC/DtlsTransport.cpp'),
    '(operationType == BIO_CB_RETURN) ? static_cast<long>(ret) : 1',
    '((operationType & BIO_CB_RETURN) != 0) ? static_cast<long>(ret) : 1',
  );

  // Meson does not download a wrap whose folder is there already.
  for (const wrap of WRAPS) {
    const text = fs.readFileSync(path.join(source, 'subprojects', `${wrap}.wrap`), 'utf8');
    const directory = /^directory\s*=\s*(.+)$/m.exec(text)[1].trim();
    fs.cpSync(path.join(here, 'shims', wrap), path.join(source, 'subprojects', directory), { recursive: true });
  }

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
