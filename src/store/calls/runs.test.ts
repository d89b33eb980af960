import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { talkSession } from '../../../test/support/call-fixture.ts';
import { silentLogger } from '../../util/index.ts';
import { Runs } from './runs.ts';

const START = Date.UTC(2026, 10, 28, 12);
const open = (n: number) => talkSession(n, { leftAt: undefined });

let folder: string;
let file: string;
const made: Runs[] = [];
beforeEach(() => {
  vi.useFakeTimers({ now: START });
  folder = mkdtempSync(join(tmpdir(), 'gbrtc-runs-'));
  file = join(folder, 'calls-runs.json');
});
afterEach(() => {
  for (const runs of made.splice(0)) runs.close();
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

/** A run that begins where the one before was killed, or has ended. */
function start(): Runs {
  const runs = new Runs(file, silentLogger);
  made.push(runs);
  return runs;
}

test('a run that was killed is known from its first session on, with the time when it was last alive', () => {
  const first = start();
  vi.advanceTimersByTime(60_000);
  expect(readdirSync(folder)).toEqual([]);
  first.note(open(1));
  expect(start().earlier).toEqual([{ id: first.id, aliveAt: START + 60_000 }]);
  first.note(open(2));
  first.note(talkSession(1));
  vi.advanceTimersByTime(17_000);
  expect(start().earlier).toEqual([{ id: first.id, aliveAt: START + 75_000 }]);
  expect(readdirSync(folder)).toEqual(['calls-runs.json']);
});

test('without an open session nothing is written', () => {
  const first = start();
  first.note(open(1));
  first.note(talkSession(1));
  const noted = start().earlier;
  vi.advanceTimersByTime(60_000);
  expect(start().earlier).toEqual(noted);
});

test('an orderly end leaves nothing; one in the middle of a call leaves the run', () => {
  const first = start();
  first.note(open(1));
  first.note(talkSession(1));
  first.close();
  first.close();
  expect(readdirSync(folder)).toEqual([]);
  const second = start();
  second.note(open(2));
  vi.advanceTimersByTime(1000);
  second.close();
  expect(start().earlier).toEqual([{ id: second.id, aliveAt: START + 1000 }]);
});

test('runs that were killed one after the other are all kept until they are done with, 64 at most', () => {
  const ids = Array.from({ length: 70 }, () => {
    const runs = start();
    runs.note(open(1));
    // Killed: it writes no more.
    vi.clearAllTimers();
    return runs.id;
  });
  const last = start();
  expect(last.earlier.map(({ id }) => id)).toEqual(ids.slice(-64));
  const [oldest] = last.earlier;
  if (oldest !== undefined) last.forget(oldest);
  expect(start().earlier.map(({ id }) => id)).toEqual(ids.slice(-63));
  for (const run of last.earlier) last.forget(run);
  expect(last.earlier).toEqual([]);
});

test.each(['', '{', '[]', '{"runs":[{"id":"\' or 1=1","aliveAt":1}]}', '{"runs":[{"id":"a"}]}'])(
  '%j is none, and does not keep the next run from being noted',
  (text) => {
    writeFileSync(file, text);
    const runs = start();
    expect(runs.earlier).toEqual([]);
    runs.note(open(1));
    expect(start().earlier).toEqual([{ id: runs.id, aliveAt: START }]);
  },
);

test('a folder that cannot be written is tried again', () => {
  rmSync(folder, { recursive: true });
  const runs = start();
  runs.note(open(1));
  expect(start().earlier).toEqual([]);
  mkdirSync(folder);
  vi.advanceTimersByTime(5000);
  expect(start().earlier).toEqual([{ id: runs.id, aliveAt: START + 5000 }]);
});
