import type * as ChildProcess from 'node:child_process';
import { EventEmitter } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openRecordings, CAMERA, type RecordingsFixture } from '../../test/support/recordings-fixture.ts';
import { silentLogger, splitCommand, type Logger } from '../util/index.ts';

const system = vi.hoisted(() => ({ noDescriptors: false }));

/** A system without descriptors: Node's child then has no pipes, and says so a tick later. */
vi.mock('node:child_process', async (original) => {
  const real = await original<typeof ChildProcess>();
  const spawn = ((...args: Parameters<typeof real.spawn>) => {
    if (!system.noDescriptors) return real.spawn(...args);
    const child = new EventEmitter();
    process.nextTick(() => child.emit('error', Object.assign(new Error('spawn EMFILE'), { code: 'EMFILE' })));
    return child;
  }) as typeof real.spawn;
  return { ...real, spawn };
});

/** Waits without a sleep, longer than a busy machine needs. */
const eventually = <T>(probe: () => T) => expect.poll(probe, { timeout: 10_000 });

/** Log lines as a test looks at them. */
class Lines implements Logger {
  readonly lines: { readonly message: string; readonly fields: Readonly<Record<string, unknown>> }[] = [];
  readonly #add = (fields: Readonly<Record<string, unknown>>, message: string): void =>
    void this.lines.push({ fields, message });
  readonly trace = silentLogger.trace.bind(silentLogger);
  readonly debug = silentLogger.debug.bind(silentLogger);
  readonly info = this.#add;
  readonly warn = this.#add;
  readonly error = this.#add;
  child(): Logger {
    return this;
  }
  of(message: string): Readonly<Record<string, unknown>>[] {
    return this.lines.filter((line) => line.message === message).map(({ fields }) => fields);
  }
}

let folder: string;
let log: Lines;
let fixture: RecordingsFixture;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'done-'));
  log = new Lines();
});
afterEach(async () => {
  await fixture.close();
  rmSync(folder, { recursive: true });
});

/** A program that writes its arguments, one a line, to `folder/out`. */
function writer(extra = ''): string {
  const script = join(folder, 'my program.sh');
  writeFileSync(script, `#!/bin/sh\n${extra}\nfor a in "$@"; do printf '<%s>\\n' "$a" >>'${folder}/out'; done\n`, {
    mode: 0o755,
  });
  return script;
}

const out = (): string => {
  try {
    return readFileSync(join(folder, 'out'), 'utf8');
  } catch {
    return '';
  }
};

async function record(fileName: string): Promise<string> {
  const { id } = await fixture.recordings.start({ stream: CAMERA, fileName, requestedBy: 'api' });
  fixture.threads.last.write('abc');
  return (await fixture.recordings.stop(id)).id;
}

test.each([
  'plain',
  'with space',
  `it's "quoted"`,
  '$(touch x) `id` ; rm -rf . & | > < * ? ~ $HOME $$ $file $& $1',
  '--help',
  '门口 😀',
])('the path is one argument: %s', async (name) => {
  fixture = openRecordings({ execRecordDone: [writer(), '$file', 'to=$file!'] }, { log });
  await record(`${name}.mp4`);
  const path = join(fixture.path, `${name}.mp4`);
  await eventually(out).toBe(`<${path}>\n<to=${path}!>\n`);
  await eventually(() => log.of('execRecordDone has ended')).toMatchObject([{ code: 0, file: `${name}.mp4` }]);
});

test('the command of the configuration is split as a shell would', async () => {
  const command = splitCommand(`"${writer()}" 'a  b' $file c\\ d`);
  fixture = openRecordings({ execRecordDone: command ?? [] }, { log });
  await record('x');
  await eventually(out).toBe(`<a  b>\n<${join(fixture.path, 'x.mp4')}>\n<c d>\n`);
});

test('each segment gets it, as soon as it is finished', async () => {
  fixture = openRecordings({ execRecordDone: [writer(), '$file'] }, { log });
  const { id } = await fixture.recordings.start({ stream: CAMERA, fileName: 's', requestedBy: 'api' });
  fixture.threads.last.nextFile();
  await eventually(out).toBe(`<${join(fixture.path, 's.mp4')}>\n`);
  await fixture.recordings.stop(id);
  await eventually(() => out().split('\n')).toHaveLength(3);
});

test('a failure is told with its exit code and the first lines of stderr, and not repeated', async () => {
  fixture = openRecordings(
    { execRecordDone: [writer('for i in 1 2 3 4 5 6 7; do echo "line $i" >&2; done; exit 3')] },
    { log },
  );
  await record('x');
  await eventually(() => log.of('execRecordDone has failed')).toMatchObject([
    { code: 3, file: 'x.mp4', stderr: ['line 1', 'line 2', 'line 3', 'line 4', 'line 5'] },
  ]);
  fixture.reopen();
  await record('y');
  await eventually(() => log.of('execRecordDone has failed')).toHaveLength(2);
});

test('a program that does not exist is told', async () => {
  fixture = openRecordings({ execRecordDone: [join(folder, 'none'), '$file'] }, { log });
  await record('x');
  await eventually(() => log.of('execRecordDone has failed')).toMatchObject([
    { problem: expect.stringContaining('ENOENT') as string },
  ]);
});

test('without descriptors nothing breaks, and the file gets its program later', async () => {
  fixture = openRecordings({ execRecordDone: [writer(), '$file'] }, { log });
  system.noDescriptors = true;
  try {
    for (const name of ['x', 'y', 'z']) await record(name);
    await eventually(() => log.of('execRecordDone has failed').length).toBeGreaterThan(1);
  } finally {
    system.noDescriptors = false;
  }
  await record('last');
  await eventually(() => out().trim().split('\n')).toHaveLength(4);
});

test('one whose background child keeps stderr open has ended all the same', async () => {
  const extra = `sleep 60 >/dev/null & echo $! >'${folder}/child'`;
  fixture = openRecordings({ execRecordDone: [writer(extra), '$file'] }, { log });
  await record('x');
  await eventually(() => log.of('execRecordDone has ended')).toHaveLength(1);
  const child = Number(readFileSync(join(folder, 'child'), 'utf8'));
  expect(isRunning(child)).toBe(true);
  process.kill(child);
});

test('one that the end of the gateway makes exit with a code runs again', async () => {
  const extra = `if [ ! -e '${folder}/again' ]; then trap 'exit 3' TERM; touch '${folder}/again'; sleep 60 & wait; fi`;
  fixture = openRecordings({ execRecordDone: [writer(extra), '$file'] }, { log });
  await record('x');
  await eventually(() => existsSync(join(folder, 'again'))).toBe(true);
  await fixture.recordings.close();
  await eventually(() => log.of('execRecordDone has failed')).toMatchObject([{ code: 3 }]);
  fixture.reopen();
  await eventually(out).toBe(`<${join(fixture.path, 'x.mp4')}>\n`);
});

test('one that runs too long is ended, with what it has started', async () => {
  const extra = `sleep 60 & echo $! >'${folder}/child'; wait`;
  fixture = openRecordings({ execRecordDone: [writer(extra)], execLimitMs: 300 }, { log });
  await record('x');
  await eventually(() => log.of('execRecordDone has failed')).toMatchObject([
    { signal: 'SIGTERM', problem: 'it ran longer than 300 ms' },
  ]);
  const child = Number(readFileSync(join(folder, 'child'), 'utf8'));
  await eventually(() => isRunning(child)).toBe(false);
});

function isRunning(pid: number): boolean {
  try {
    // A process that has ended stays until somebody reaps it.
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

test('not more than two at the same time', async () => {
  const extra = `echo "$$ begin" >>'${folder}/log'; while [ ! -e '${folder}/go' ]; do sleep 0.05; done; echo "$$ end" >>'${folder}/log'`;
  fixture = openRecordings({ execRecordDone: [writer(extra), '$file'] }, { log });
  for (const name of ['a', 'b', 'c', 'd']) await record(name);
  const lines = (): string[] => readFileSync(join(folder, 'log'), 'utf8').trim().split('\n');
  await eventually(lines).toHaveLength(2);
  writeFileSync(join(folder, 'go'), '');
  await eventually(() => log.of('execRecordDone has ended')).toHaveLength(4);
  let running = 0;
  for (const line of lines()) {
    running += line.endsWith('begin') ? 1 : -1;
    expect(running).toBeLessThanOrEqual(2);
  }
});

test('one that the end of the gateway cuts off runs again at the next start; without a program nothing waits', async () => {
  const extra = `if [ ! -e '${folder}/again' ]; then touch '${folder}/again'; echo $$ >'${folder}/first'; sleep 60; fi`;
  fixture = openRecordings({ execRecordDone: [writer(extra), '$file'] }, { log });
  await record('x');
  const first = (): string => {
    try {
      return readFileSync(join(folder, 'first'), 'utf8');
    } catch {
      return '';
    }
  };
  await eventually(first).not.toBe('');
  await fixture.recordings.close();
  await eventually(() => isRunning(Number(first()))).toBe(false);
  expect(out()).toBe('');
  fixture.reopen();
  await eventually(out).toBe(`<${join(fixture.path, 'x.mp4')}>\n`);
  await eventually(() => log.of('execRecordDone has ended')).toHaveLength(1);
  fixture.reopen({ execRecordDone: [] });
  await record('y');
  fixture.reopen();
  await record('z');
  await eventually(out).toBe(`<${join(fixture.path, 'x.mp4')}>\n<${join(fixture.path, 'z.mp4')}>\n`);
});

test('an interrupted file gets it when it is repaired, one that is gone does not', async () => {
  fixture = openRecordings({ execRecordDone: [writer(), '$file'] }, { log });
  for (const fileName of ['gone', 'here']) {
    await fixture.recordings.start({ stream: CAMERA, fileName, requestedBy: 'api' });
  }
  rmSync(join(fixture.path, 'gone.mp4'));
  fixture.reopen();
  await eventually(out).toBe(`<${join(fixture.path, 'here.mp4')}>\n`);
  await eventually(() => log.of('execRecordDone has ended')).toHaveLength(1);
  expect(log.of('execRecordDone has failed')).toEqual([]);
});
