import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const PROGRESS = new URL('../../scripts/progress.mjs', import.meta.url).href;

test('a step that blocks its process is told of while it runs, and not after it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gbrtc-progress-'));
  try {
    const file = join(folder, 'out');
    const out = openSync(file, 'w');
    // The step ends when it has been told of.
    const source = `
      import { spawnSync } from 'node:child_process';
      import { withProgress } from ${JSON.stringify(PROGRESS)};
      const wait = 'until grep -q "^thinking: [0-9]* s$" ${file}; do sleep 0.05; done';
      const { status } = withProgress('thinking', () => spawnSync('sh', ['-c', wait], { timeout: 30_000 }), 50);
      console.log('ended with', status);
      setTimeout(() => console.log('later'), 300);`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
      stdio: ['ignore', out, 'inherit'],
    });
    expect(await once(child, 'exit')).toEqual([0, null]);
    closeSync(out);
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    expect(lines[0]).toMatch(/^thinking: \d+ s$/);
    expect(lines.slice(-2)).toEqual(['ended with 0', 'later']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
