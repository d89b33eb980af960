// The mediasoup worker with the shared libraries that it needs, so that it runs where other versions of them are.
import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';

/** NSS, which Debian's libsrtp2 uses, loads these by name, so ldd does not list them. */
const LOADED_BY_NSS = ['libsoftokn3.so', 'libfreebl3.so', 'libfreeblpriv3.so'];

/** Shared libraries of a program or library: file names, where they are. */
function sharedLibraries(file) {
  const output = execFileSync('ldd', [file], { encoding: 'utf8' });
  if (output.includes('not found')) throw new Error(`${file} lacks libraries:\n${output}`);
  return [...output.matchAll(/^\s+(?:\S+ => )?(\/\S+) \(0x/gm)].map(([, library]) => library);
}

function closure(binary) {
  const found = new Map();
  const visit = (file) => {
    for (const library of sharedLibraries(file)) found.set(path.basename(library), library);
  };
  visit(binary);
  const nss = found.get('libnss3.so');
  if (nss !== undefined) {
    for (const name of LOADED_BY_NSS) {
      const file = [path.join(path.dirname(nss), name), path.join(path.dirname(nss), 'nss', name)].find(fs.existsSync);
      if (file === undefined) continue;
      found.set(name, file);
      visit(file);
      // Its checksum, which NSS asks for where the system is in FIPS mode.
      const checksum = file.replace(/so$/, 'chk');
      if (fs.existsSync(checksum)) found.set(path.basename(checksum), checksum);
    }
  }
  return found;
}

/** Debian package of a file, under the name that dpkg knows it by, with or without /usr. */
function packageOf(file) {
  const real = fs.realpathSync(file);
  for (const name of [real, real.replace(/^\/usr/, ''), `/usr${real}`]) {
    const { status, stdout } = spawnSync('dpkg-query', ['-S', name], { encoding: 'utf8' });
    if (status === 0) return stdout.split(/[:,]/)[0];
  }
  throw new Error(`no Debian package has ${real}; packages are built on Debian`);
}

function copyLicences(libraries, folder) {
  fs.mkdirSync(folder, { recursive: true });
  const lines = new Set();
  for (const name of new Set([...libraries].map(packageOf))) {
    fs.copyFileSync(path.join('/usr/share/doc', name, 'copyright'), path.join(folder, name));
    const version = execFileSync('dpkg-query', ['-W', '-f', '${source:Package} ${source:Version}', name], {
      encoding: 'utf8',
    });
    lines.add(`${name}: Debian source package ${version}`);
  }
  fs.writeFileSync(path.join(folder, 'SOURCES'), `${[...lines].toSorted((a, b) => (a < b ? -1 : 1)).join('\n')}\n`);
}

/**
 * @param {string} binary
 * @param {string} folder where mediasoup looks for `mediasoup-worker`
 * @param {string} launcher text of the script that starts it
 */
export function bundleWorker(binary, folder, launcher) {
  const lib = path.join(folder, 'lib');
  fs.mkdirSync(lib, { recursive: true });
  fs.copyFileSync(binary, path.join(folder, 'mediasoup-worker.bin'));
  fs.chmodSync(path.join(folder, 'mediasoup-worker.bin'), 0o755);
  const libraries = closure(binary);
  const loader = [...libraries.keys()].find((name) => name.startsWith('ld-linux'));
  if (loader === undefined) throw new Error(`${binary} is linked to no loader that is known here`);
  for (const [name, file] of libraries) {
    // The loader is what runs, so its name is the process's.
    const target = path.join(lib, name === loader ? 'mediasoup-worker' : name);
    fs.copyFileSync(fs.realpathSync(file), target);
    fs.chmodSync(target, name === loader ? 0o755 : 0o644);
  }
  copyLicences(libraries.values(), path.join(folder, 'licences'));
  const script = path.join(folder, 'mediasoup-worker');
  fs.writeFileSync(script, launcher, { mode: 0o755 });
  // A working worker exits with 41 when MEDIASOUP_VERSION is absent (mediasoup's own self-test).
  const { status } = spawnSync(script, [], { env: {}, stdio: 'ignore' });
  if (status !== 41) throw new Error(`the bundled worker does not run: exit ${status}`);
}
