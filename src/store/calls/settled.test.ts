import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { newFolder, removeFolders } from '../../../test/support/call-databases.ts';
import { DAY, finish, talkSession, talkSubsession } from '../../../test/support/call-fixture.ts';
import { silentLogger } from '../../util/index.ts';
import { openCalls, type Calls } from './calls.ts';
import { Runs } from './runs.ts';
import { Spool } from './spool.ts';
import { sessionRow, subsessionRow } from './tables.ts';

const WHOLE_DAY = { from: DAY, to: DAY + 86_400_000 };
const CALLS = 1200;

const open: Calls[] = [];
afterEach(async () => {
  for (const calls of open.splice(0)) await calls.close();
  removeFolders();
});

function start(folder: string, databaseFolder = folder): Calls {
  const place = { kind: 'sqlite', folder: databaseFolder } as const;
  const calls = openCalls({ place, dataFolder: folder, spoolBytes: 64_000_000, finish }, silentLogger);
  open.push(calls);
  return calls;
}

/** What a gateway leaves that was killed in the middle of one call while the database was away. */
async function leaveBehind(folder: string): Promise<void> {
  const runs = new Runs(join(folder, 'calls-runs.json'), silentLogger);
  const spool = new Spool({ folder: join(folder, 'calls-spool'), maxBytes: 64_000_000 }, silentLogger);
  const last = talkSession(CALLS, { leftAt: undefined });
  for (let n = 1; n < CALLS; n += 1) spool.push('rtc_talk_sessions', sessionRow(talkSession(n), runs.id));
  runs.note(last);
  spool.push('rtc_talk_sessions', sessionRow(last, runs.id));
  const talking = talkSubsession(CALLS, { status: 0, finishedAt: undefined });
  spool.push('rtc_talk_subsessions', subsessionRow(talking));
  await spool.close();
  runs.close();
}

const openOnes = async ({ history }: Calls): Promise<number> => {
  const sessions = await history.sessions(WHOLE_DAY, 10_000);
  const subsessions = await history.subsessions(WHOLE_DAY, 10_000);
  return [...sessions.map(({ leftAt }) => leftAt), ...subsessions.map(({ finishedAt }) => finishedAt)].filter(
    (end) => end === undefined,
  ).length;
};

test('settled: what waited is in the database, what a killed run left open is ended', async () => {
  const folder = newFolder();
  await leaveBehind(folder);
  const calls = start(folder);
  expect(await calls.settled(new AbortController().signal)).toBe(true);
  expect(await calls.history.sessions(WHOLE_DAY, 10_000)).toHaveLength(CALLS);
  expect(await openOnes(calls)).toBe(0);
  calls.records.saveSession(talkSession(CALLS + 1));
  expect(await calls.settled(new AbortController().signal)).toBe(true);
  expect(await calls.history.sessions(WHOLE_DAY, 10_000)).toHaveLength(CALLS + 1);
});

test('settled also while calls go on: no pause of them is awaited', async () => {
  const folder = newFolder();
  await leaveBehind(folder);
  const calls = start(folder);
  let n = CALLS;
  const busy = setInterval(() => calls.records.saveSession(talkSession((n += 1))), 20);
  try {
    expect(await calls.settled(AbortSignal.timeout(10_000))).toBe(true);
    expect(await openOnes(calls)).toBe(0);
  } finally {
    clearInterval(busy);
  }
});

test('settled gives up with its signal, at once where it has been given already', async () => {
  const calls = start(newFolder(), '/dev/null/no-folder');
  expect(await calls.settled(AbortSignal.timeout(50))).toBe(false);
  expect(await calls.settled(AbortSignal.abort())).toBe(false);
});
