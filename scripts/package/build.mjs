// `npm run package`: the Debian package and the RPM, into packages/. Needs what setup.mjs brings, dpkg-deb and rpmbuild.
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { projectEnvironment, projectNode, root } from '../setup.mjs';
import { buildDeb } from './deb.mjs';
import { buildRpm } from './rpm.mjs';
import { assembleTree } from './tree.mjs';

const DESCRIPTION = {
  synopsis: 'gateway that puts GB/T 28181 cameras into the browser over WebRTC',
  lines: [
    'A SIP platform that cameras and recorders register with. It takes their media and',
    'hands it to browsers over WebRTC and to players over RTSP, with a web console.',
    'Brings its own Node and mediasoup worker.',
  ],
};
const KINDS = {
  deb: { tool: 'dpkg-deb', from: 'dpkg', build: buildDeb },
  rpm: { tool: 'rpmbuild', from: 'rpm', build: buildRpm },
};

const log = (line) => console.log(`[package] ${line}`);

function run(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: root,
    env: projectEnvironment(),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${error?.message ?? stdout + stderr}`);
}

function requireTools(kinds) {
  const missing = kinds.filter(({ tool }) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).status !== 0);
  if (missing.length === 0) return;
  const names = missing.map(({ from }) => from).join(' ');
  throw new Error(`${missing.map(({ tool }) => tool).join(', ')} missing; run: sudo apt-get install -y ${names}`);
}

function main() {
  const { version: ours } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
  const { values } = parseArgs({
    options: {
      version: { type: 'string', default: ours },
      out: { type: 'string', default: path.join(root, 'packages') },
      only: { type: 'string', multiple: true, default: Object.keys(KINDS) },
    },
  });
  const { version, only } = values;
  if (!/^\d+\.\d+\.\d+(-[A-Za-z0-9.]+)?$/.test(version)) throw new Error(`--version ${version} is not like 1.2.3`);
  const kinds = only.map((name) => {
    if (!Object.hasOwn(KINDS, name)) throw new Error(`--only ${name}: one of ${Object.keys(KINDS).join(', ')}`);
    return KINDS[name];
  });
  requireTools(kinds);
  const out = path.resolve(values.out);
  fs.mkdirSync(out, { recursive: true });
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'gbrtc-package-'));
  try {
    const stage = path.join(work, 'root');
    const timed = (what, step) => {
      const started = Date.now();
      const result = step();
      log(`${what} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
      return result;
    };
    const node = fs.realpathSync(projectNode());
    timed('tree assembled', () => assembleTree({ root, stage, node, version, run }));
    for (const { tool, build } of kinds) {
      let file;
      timed(`${tool} done`, () => (file = build({ stage, work, out, version, description: DESCRIPTION, run })));
      log(`${file} (${(fs.statSync(file).size / 1e6).toFixed(1)} MB)`);
    }
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}

try {
  main();
} catch (error) {
  console.error(`[package] ${error.message}`);
  process.exitCode = 1;
}
