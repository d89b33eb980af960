import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMailer } from '../../src/mail/index.ts';
import {
  createReportStateFile,
  createStatisticsReader,
  type DailyReport,
  startDailyReport,
} from '../../src/rooms/call/report/index.ts';
import { openCallHistory, openCalls } from '../../src/store/index.ts';
import { silentLogger } from '../../src/util/index.ts';
import { finish } from '../support/call-fixture.ts';
import { qualityReport, received, talkSession, talkSubsession } from '../support/call-records.ts';
import { seededRandom } from '../support/mutate.ts';
import { openSmtpSink, partOf, type SmtpSink } from '../support/smtp-sink.ts';

const BIN = new URL('../../bin/gbrtc.mjs', import.meta.url).pathname;
const run = promisify(execFile);
const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 30_000 });
const DAY_MS = 86_400_000;
/** Eight hours ahead, without changes of the clock. */
const ZONE = 'Asia/Shanghai';
const dateOf = (at: number): string => new Date(at + DAY_MS / 3).toISOString().slice(0, 10);

let folder: string;
let sink: SmtpSink;
/** Yesterday in the zone, and its first moment. */
let day: string;
let from: number;
/** What people were told, as `failed 2026-11-21`. */
let alerted: string[];
const open: Array<() => Promise<unknown>> = [];

beforeEach(async () => {
  alerted = [];
  folder = mkdtempSync(join(tmpdir(), 'gbrtc-report-'));
  sink = await openSmtpSink();
  day = dateOf(Date.now() - DAY_MS);
  from = Date.parse(`${day}T00:00:00+08:00`);
  await record();
});
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
  await sink.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Calls of three days, pairs of users in rooms of their own, through the gateway's own recorder into SQLite. */
async function record(): Promise<void> {
  const unit = seededRandom(20_261_121);
  const random = (below: number): number => Math.floor(unit() * below);
  const options = { place: { kind: 'sqlite', folder } as const, dataFolder: folder, spoolBytes: 10_000_000, finish };
  const calls = openCalls(options, silentLogger);
  const { records } = calls;
  for (let n = 0; n < 60; n += 1) {
    const joinedAt = from + (random(3 * 86_400) - 86_400) * 1_000;
    const end = joinedAt + (60 + random(3_000)) * 1_000;
    const connected = random(5) > 0;
    const users = [`a${n % 7}`, `b${n}`] as const;
    for (const [side, userId] of users.entries()) {
      const [sessionId, subSessionId] = [`s${n}-${side}`, `p${n}-${side}`];
      const remoteUserId = users[1 - side] ?? '';
      records.saveSession(
        talkSession({ sessionId, userId, roomId: `r${n}`, joinedAt, leftAt: end, subSessionIds: [subSessionId] }),
      );
      records.saveSubsession(
        talkSubsession({
          subSessionId,
          sessionId,
          remoteUserId,
          begunAt: joinedAt,
          finishedAt: end,
          ...(connected
            ? { connectedAt: joinedAt + 2_000, connectType: n % 3 === 0 ? 'TURN' : 'STUN', cost: 1 + random(90) }
            : {}),
        }),
      );
      for (let report = 0; connected && report < 1 + random(3); report += 1) {
        records.addQuality(
          qualityReport({
            subSessionId,
            remoteUserId,
            createdAt: joinedAt + 15_000 * (report + 1),
            audio: received(random(30) / 100, 20 + random(40)),
            video: received(random(60) / 100, 300 + random(900)),
            receiveFrameRate: 5 + random(25),
          }),
        );
      }
    }
  }
  await eventually(() => calls.usage().pending).toBe(0);
  await calls.close();
}

/** The figures of the day, asked of the database by hand. */
function figuresByHand(): Record<string, number> {
  const db = new DatabaseSync(join(folder, 'calls.db'), { readOnly: true });
  const text = (at: number): string => new Date(at).toISOString().slice(0, 19).replace('T', ' ');
  const inDay = `s.join_time >= '${text(from)}' and s.join_time < '${text(from + DAY_MS)}'`;
  const sub = `rtc_talk_sessions s join rtc_talk_subsessions b on b.session_id = s.session_id where ${inDay}`;
  const quality =
    'rtc_talk_sessions s join rtc_talk_subsessions b on b.session_id = s.session_id ' +
    `join rtc_talk_quality_stats_infos q on q.sub_session_id = b.sub_session_id where ${inDay}`;
  const ask = (sql: string): number => Number(Object.values(db.prepare(sql).get() ?? {})[0]);
  const figures = {
    'sessions.total': ask(`select count(*) from rtc_talk_sessions s where ${inDay}`),
    'sessions.users': ask(`select count(distinct s.user_id) from rtc_talk_sessions s where ${inDay}`),
    'sessions.total_seconds': ask(`select sum(s.duration) from rtc_talk_sessions s where ${inDay}`),
    'sessions.max_seconds': ask(`select max(s.duration) from rtc_talk_sessions s where ${inDay}`),
    'pairs.total': ask(`select count(distinct s.room_id) from ${sub}`),
    'pairs.connected': ask(`select count(distinct s.room_id) from ${sub} and b.connect_time is not null`),
    'pairs.failed': ask(`select count(distinct s.room_id) from ${sub} and b.status = 2`),
    'pairs.turn': ask(`select count(distinct s.room_id) from ${sub} and b.connect_type = 'TURN'`),
    'pairs.total_seconds': ask(`select sum(b.duration) / 2.0 from ${sub} and b.status = 1`),
    'pairs.cost_cents': ask(`select sum(b.cost) from ${sub}`),
    'audio.loss_mean': ask(`select avg(q.aud_rcv_lost_rate) from ${quality}`),
    'video.kbit_mean': ask(`select avg(q.vid_rcv_bitrate) from ${quality}`),
    'video.fps_mean': ask(`select avg(q.recv_framerate_recv) from ${quality}`),
    'video.loss_worst': ask(
      `select max(lost) from (select avg(q.vid_rcv_lost_rate) lost from ${quality} group by q.sub_session_id)`,
    ),
  };
  db.close();
  // Nothing compared with nothing would be equal, too.
  expect(figures['sessions.total']).toBeGreaterThan(20);
  for (const value of Object.values(figures)) expect(value).toBeGreaterThan(0);
  return figures;
}

/** Of the report's CSV, by `section.figure`. */
function figuresOf(csv: string, names: readonly string[]): Record<string, number> {
  const rows = csv.split('\r\n').map((line) => line.split(','));
  return Object.fromEntries(
    names.map((name) => {
      const row = rows.find(([section, number, figure]) => number === '' && `${section}.${figure}` === name);
      return [name, Number(row?.[3])];
    }),
  );
}

const close = (figures: Record<string, number>) =>
  Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, expect.closeTo(value, 4)]));

/** Reports since two days before yesterday are wanted, as after a gateway that was off. */
async function startDaily(): Promise<DailyReport> {
  const history = await openCallHistory({ kind: 'sqlite', folder });
  const mailer = createMailer({
    host: '127.0.0.1',
    port: sink.port,
    secure: false,
    username: '',
    password: '',
    from: 'gbrtc@example.org',
  });
  const daily = startDailyReport(
    { time: '00:00', mailTo: ['ops@example.org'], retryMs: 50 },
    {
      reader: createStatisticsReader(history, { timeZone: ZONE }),
      settled: () => Promise.resolve(true),
      mailer,
      state: createReportStateFile(join(folder, 'daily-report.json')),
      alerts: {
        raise: ({ which }) => void alerted.push(`failed ${which}`),
        clear: ({ which }) => void alerted.push(`returned ${which}`),
      },
      log: silentLogger,
    },
  );
  open.push(async () => {
    await daily.close();
    await history.close();
  });
  return daily;
}
const wantSince = (date: string): void =>
  writeFileSync(join(folder, 'daily-report.json'), JSON.stringify({ id: 'test', since: date, days: [] }));
const dates = (): string[] => sink.mails.map(({ raw }) => /^Subject: gbrtc: Call report (\S+)/m.exec(raw)?.[1] ?? raw);
const states = (): string[] =>
  (JSON.parse(readFileSync(join(folder, 'daily-report.json'), 'utf8')) as { days: { state: string }[] }).days.map(
    ({ state }) => state,
  );

test('the daily report arrives, with the figures of a query by hand', async () => {
  wantSince(day);
  await startDaily();
  await eventually(dates).toEqual([day]);
  const raw = sink.mails[0]?.raw ?? '';
  const byHand = figuresByHand();
  expect(figuresOf(partOf(raw, 'text/csv'), Object.keys(byHand))).toEqual(close(byHand));
  const html = partOf(raw, 'text/html');
  expect(html).toContain(`>${byHand['sessions.total']}</td>`);
  expect(html.match(/<svg /g)).toHaveLength(3);
  await eventually(states).toEqual(['sent']);
});

describe('a mail server that', () => {
  test.each(['refuse', 'defer'] as const)('%ss gets it again until it takes it, and once', async (verdict) => {
    wantSince(day);
    sink.verdict = verdict;
    const daily = await startDaily();
    await eventually(() => sink.attempts).toBeGreaterThan(2);
    await daily.close();
    expect(states()).toEqual(['waiting']);
    sink.verdict = 'take';
    await startDaily();
    await eventually(dates).toEqual([day]);
    await eventually(states).toEqual(['sent']);
    await startDaily();
    await eventually(states).toEqual(['sent']);
    expect(dates()).toEqual([day]);
  });

  test('is silent behind the whole message when the gateway ends: nobody knows, and it does not come again', async () => {
    wantSince(day);
    sink.verdict = 'silent';
    const daily = await startDaily();
    await eventually(() => sink.attempts).toBe(1);
    await daily.close();
    expect(states()).toEqual(['sending']);
    sink.verdict = 'take';
    wantMore();
    await startDaily();
    // The day before is sent, this one is not.
    await eventually(dates).toEqual([dateOf(from - DAY_MS)]);
    expect(sink.attempts).toBe(2);
    await eventually(() => alerted).toEqual([`failed ${day}`, `returned ${day}`]);
  });

  test('cuts the connection behind the whole message: people are told, and it does not come again', async () => {
    wantSince(day);
    sink.verdict = 'drop';
    const daily = await startDaily();
    await eventually(() => alerted).toEqual([`failed ${day}`]);
    await eventually(states).toEqual(['unknown']);
    await daily.close();
    sink.verdict = 'take';
    wantMore();
    await startDaily();
    await eventually(dates).toEqual([dateOf(from - DAY_MS)]);
    expect(sink.attempts).toBe(2);
    await eventually(states).toEqual(['sent', 'unknown']);
  });

  /** Another day is due as well: when it has arrived, everything that is due was looked at. */
  function wantMore(): void {
    const file = join(folder, 'daily-report.json');
    const state = JSON.parse(readFileSync(file, 'utf8')) as { days: unknown[] };
    writeFileSync(file, JSON.stringify({ ...state, since: dateOf(from - DAY_MS) }));
  }
});

test('gbrtc report writes the same figures, and sends them', async () => {
  const config = join(folder, 'config.yaml');
  writeFileSync(
    config,
    `common: {data-dir: ${folder}}\nmail: {host: 127.0.0.1, port: ${sink.port}}\n` +
      `report: {time-zone: ${ZONE}, mail-to: [ops@example.org]}\n`,
  );
  const args = [BIN, 'report', '--config', config, '--date', day, '--out', join(folder, 'out'), '--mail'];
  const { stdout } = await run(process.execPath, args);
  expect(stdout).toContain('sent to ops@example.org');
  const byHand = figuresByHand();
  const csv = readFileSync(join(folder, 'out', `gbrtc-calls-${day}.csv`), 'utf8');
  expect(figuresOf(csv, Object.keys(byHand))).toEqual(close(byHand));
  expect(dates()).toEqual([day]);
  await expect(run(process.execPath, [BIN, 'report', '--config', config, '--date', 'x'])).rejects.toMatchObject({
    code: 2,
    stderr: 'gbrtc report: "x" is no day such as 2026-11-21\n',
  });
});
