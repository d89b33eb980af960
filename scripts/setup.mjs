// Brings a fresh checkout to the point where it can run: locked packages, Node 24, mediasoup-worker,
// built console. Each step is skipped when its result is there and its inputs have not changed.
// Runs on Node >= 20 and imports nothing of node_modules.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { withProgress } from './progress.mjs';
import { ensureWorker } from './worker/ensure.mjs';

export const root = path.dirname(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname));
const bin = path.join(root, 'node_modules/.bin');
const MIN_NODE = 24;

const log = (line) => console.log(`[setup] ${line}`);
const majorOf = (node) =>
  Number(/^v(\d+)/.exec(spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[1] ?? 0);

function hashOf(files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(path.relative(root, file)).update('\0').update(fs.readFileSync(file));
  return hash.digest('hex');
}

function filesBelow(folder, skip) {
  return fs
    .readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !skip.includes(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const file = path.join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(file, skip) : [file];
    });
}

/** Runs a step unless its stamp file holds the hash of the inputs. */
function stamped(stamp, hash, step) {
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === hash) return;
  const started = Date.now();
  step();
  fs.mkdirSync(path.dirname(stamp), { recursive: true });
  fs.writeFileSync(stamp, hash);
  log(`done in ${Math.round((Date.now() - started) / 1000)} s`);
}

function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    ...options,
  });
  if (status !== 0)
    throw new Error(`${path.basename(command)} ${args.join(' ')} failed${error ? `: ${error.message}` : ''}`);
}

function installPackages() {
  const stamp = path.join(root, 'node_modules/.gbrtc-packages');
  stamped(stamp, hashOf([path.join(root, 'package-lock.json')]), () => {
    log('installing the locked npm packages (a minute or two)');
    withProgress('[setup] installing packages', () => run('npm', ['ci', '--no-progress', '--loglevel=error']));
  });
}

/** The Node that runs everything after setup: the project's own, or this one where it is new enough. */
export function projectNode() {
  const own = path.join(bin, 'node');
  const node = fs.existsSync(own) ? own : process.execPath;
  if (majorOf(node) >= MIN_NODE) return node;
  if (majorOf(process.execPath) >= MIN_NODE) return process.execPath;
  throw new Error(
    `needs Node ${MIN_NODE}; the one that this project brings is for Linux on x64 only, so install Node ${MIN_NODE} or newer (found ${process.version})`,
  );
}

/** Environment in which `node` is the project's Node and the packages' commands are found. */
export function projectEnvironment() {
  const own = path.dirname(projectNode());
  return { ...process.env, PATH: `${bin}${path.delimiter}${own}${path.delimiter}${process.env.PATH}` };
}

function buildConsole() {
  const web = path.join(root, 'web');
  const inputs = [...filesBelow(web, ['dist']), path.join(root, 'package-lock.json')];
  stamped(path.join(web, 'dist/.gbrtc-built'), hashOf(inputs), () => {
    log('building the console');
    withProgress('[setup] building the console', () =>
      run(path.join(bin, 'vite'), ['build', 'web', '--logLevel', 'warn'], { env: projectEnvironment() }),
    );
  });
}

/** @param {{ worker?: boolean, console?: boolean }} parts what is needed beside the packages */
export function setup({ worker = true, console: withConsole = true } = {}) {
  installPackages();
  projectNode();
  if (worker) ensureWorker(root);
  if (withConsole) buildConsole();
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  try {
    setup();
    log('ready');
  } catch (error) {
    console.error(`[setup] ${error.message}`);
    process.exitCode = 1;
  }
}
