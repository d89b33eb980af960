// What the npm scripts do, each after the part of the setup that it needs. Runs on Node >= 20.
import { spawn, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { projectEnvironment, projectNode, root, setup } from './setup.mjs';

const [task, ...args] = process.argv.slice(2);

/** Runs to the end and returns the exit code. */
function run(command, commandArgs) {
  const { status } = spawnSync(command, commandArgs, { cwd: root, stdio: 'inherit', env: projectEnvironment() });
  return status ?? 1;
}

/** Long-running: signals of the terminal reach the child by its process group, others are handed on. */
function runForeground(command, commandArgs, environment = {}) {
  const env = { ...projectEnvironment(), ...environment };
  const child = spawn(command, commandArgs, { cwd: root, stdio: 'inherit', env });
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (os.constants.signals[signal] ?? 0);
  });
}

/**
 * How the gateway's own process is started: left to their defaults, Node's nursery, the garbage in its old generation
 * and glibc's arenas more than double the memory under thousands of devices. The Dockerfile repeats it.
 */
function gatewayProcess() {
  return JSON.parse(fs.readFileSync(path.join(root, 'scripts/node-flags.json'), 'utf8'));
}

/** @type {ReadonlyArray<readonly [string, string, string[]]>} */
const CHECKS = [
  ['types', 'tsc', ['-p', '.']],
  ['types of the console', 'vue-tsc', ['-p', 'web']],
  ['lint', 'oxlint', ['--deny-warnings']],
  ['format', 'oxfmt', ['--check', '.']],
  ['unused code', 'knip', []],
];

function check() {
  setup({ worker: false, console: false });
  const failed = [];
  for (const [name, command, commandArgs] of CHECKS) {
    const started = Date.now();
    const ok = run(command, commandArgs) === 0;
    console.log(`[check] ${ok ? 'ok    ' : 'FAILED'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
    if (!ok) failed.push(name);
  }
  return failed.length === 0 ? 0 : 1;
}

/** All tests; ends with the line `N passed, N failed`. */
function test() {
  setup();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gbrtc-test-'));
  const report = path.join(folder, 'report.json');
  try {
    const status = run('vitest', [
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...args,
    ]);
    const {
      numPassedTests: passed,
      numFailedTests: failed,
      numPendingTests: skipped,
    } = JSON.parse(fs.readFileSync(report, 'utf8'));
    // A test file that does not load fails the run without a failed test.
    const failures = status === 0 ? failed : Math.max(failed, 1);
    console.log(`${passed} passed, ${failures} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
    return failures === 0 ? 0 : 1;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

const TASKS = {
  start() {
    setup();
    const { flags, environment } = gatewayProcess();
    runForeground(projectNode(), [...flags, 'src/main.ts', ...args], environment);
  },
  check,
  test,
  package() {
    setup();
    return run(projectNode(), ['scripts/package/build.mjs', ...args]);
  },
  'package:check'() {
    setup();
    // What it mounts is gone with it.
    return run('unshare', ['--mount', projectNode(), 'test/package/check.ts', ...args]);
  },
  bench() {
    setup();
    return run(projectNode(), ['test/bench/run.ts', ...args]);
  },
  format() {
    setup({ worker: false, console: false });
    return run('oxfmt', ['.']);
  },
};

try {
  const work = TASKS[task];
  if (!work) throw new Error(`unknown task ${task}; one of ${Object.keys(TASKS).join(', ')}`);
  const status = work();
  if (status !== undefined) process.exitCode = status;
} catch (error) {
  console.error(`[${task}] ${error.message}`);
  process.exitCode = 1;
}
