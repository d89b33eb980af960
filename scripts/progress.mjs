// Says what a long step does, and for how long already. The steps block this process, so another one says it.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const file = fileURLToPath(import.meta.url);
/** A line that moves, or one after the other where nobody watches a terminal. */
const EVERY_MS = process.stdout.isTTY ? 1_000 : 10_000;
const CLEAR_LINE = '\r\x1b[K';

/**
 * Runs a step.
 * @template T
 * @param {string} label what the step does
 * @param {() => T} step may block
 * @returns {T}
 */
export function withProgress(label, step, everyMs = EVERY_MS) {
  // Its input ends with this process, however that ends.
  const speaker = spawn(process.execPath, [file, label, String(everyMs)], { stdio: ['pipe', 'inherit', 'inherit'] });
  // Without it the step is only silent.
  speaker.on('error', () => {});
  speaker.unref();
  speaker.stdin?.unref?.();
  try {
    return step();
  } finally {
    speaker.kill('SIGKILL');
    if (process.stdout.isTTY) process.stdout.write(CLEAR_LINE);
  }
}

if (process.argv[1] === file) {
  const [label, everyMs] = process.argv.slice(2);
  const started = Date.now();
  setInterval(() => {
    const text = `${label}: ${Math.round((Date.now() - started) / 1000)} s`;
    process.stdout.write(process.stdout.isTTY ? CLEAR_LINE + text : `${text}\n`);
  }, Number(everyMs));
  process.stdin.resume().on('end', () => process.exit());
}
