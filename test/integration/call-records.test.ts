import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openCallHistory, openCalls, type CallDatabasePlace, type Calls } from '../../src/store/index.ts';
import { silentLogger } from '../../src/util/index.ts';
import { DATABASE_KINDS, newDatabase, newFolder, removeFolders } from '../support/call-databases.ts';
import { DAY, finish, qualityReport, talkSession, talkSubsession } from '../support/call-fixture.ts';
import { CallClient } from '../support/call-client.ts';
import type { DatabaseServer } from '../support/database-server.ts';
import { freePort, startGatewayProcess } from '../support/gateway-process.ts';
import { ORIGINAL_TABLES } from '../support/original-room-server.ts';

const open: Calls[] = [];

function start(place: CallDatabasePlace, folder = newFolder(), spoolBytes = 64_000_000): Calls {
  const calls = openCalls({ place, dataFolder: folder, spoolBytes, finish }, silentLogger);
  open.push(calls);
  return calls;
}

/** Everything that has been saved is in the database. */
async function settled(calls: Calls): Promise<void> {
  await expect.poll(() => calls.usage(), { timeout: 30_000 }).toMatchObject({ connected: true, pending: 0 });
}

/** Of a time as the database has it. */
const utc = (time: unknown): number => Date.parse(`${String(time).replace(' ', 'T')}Z`);

const WHOLE_DAY = { from: DAY, to: DAY + 86_400_000 };

/** For `database.url`. */
function urlOf(place: CallDatabasePlace): string {
  if (place.kind === 'sqlite') return '';
  const { kind, user, password, host, port, database } = place;
  return `${kind}://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`;
}

/** Seed 002 §4.2 to §4.4. */
const COLUMNS = {
  rtc_talk_sessions:
    'id session_id sub_session_ids app_id user_id user_name talk_type user_ip time_out create_time join_time leave_time duration os_name browser sdk_info',
  rtc_talk_subsessions:
    'id sub_session_id status remote_user_id remote_user_name remote_user_ip ice_ip connect_type begin_time connect_time finish_time duration cost',
  rtc_talk_quality_stats_infos:
    'id remote_user_id sub_session_id create_time aud_send_lost_rate aud_send_bitrate aud_rcv_lost_rate aud_rcv_bitrate vid_send_lost_rate vid_send_bitrate send_width send_height send_framerate_sent vid_rcv_lost_rate vid_rcv_bitrate recv_framerate_recv',
};

afterEach(async () => {
  for (const calls of open.splice(0)) await calls.close();
});
afterAll(removeFolders);

describe.each(DATABASE_KINDS.filter(({ isThere }) => isThere))('calls in $name', (kind) => {
  let server: DatabaseServer | undefined;
  beforeAll(async () => {
    server = await kind.start?.();
  });
  afterAll(() => server?.stop());

  /** MySQL and PostgreSQL answer with texts, numbers or dates, as their clients like. */
  const asText = (text: string): string =>
    kind.name === 'MariaDB' ? `cast(${text} as char)` : kind.name === 'PostgreSQL' ? `cast(${text} as text)` : text;

  test('what is saved is read back, to the millisecond', async () => {
    const database = await newDatabase(kind, server);
    const calls = start(database.place);
    const still = talkSession(2, { leftAt: undefined, subSessionIds: [], timedOut: true, talkType: 3 });
    const unconnected = talkSubsession(2, {
      sessionId: talkSession(1).sessionId,
      status: 2,
      connectType: 'Unknown',
      connectedAt: undefined,
      iceIp: '',
    });
    const begun = talkSubsession(3, {
      sessionId: still.sessionId,
      status: -1,
      connectedAt: undefined,
      finishedAt: undefined,
    });
    calls.records.saveSession(talkSession(1));
    calls.records.saveSession(still);
    for (const each of [talkSubsession(1), unconnected, begun]) calls.records.saveSubsession(each);
    calls.records.addQuality(qualityReport(1));
    calls.records.addQuality(
      qualityReport(1, {
        audio: { sendLostRate: 0.03, sendBitrate: 34, receiveLostRate: 0.75, receiveBitrate: 33 },
        receiveFrameRate: 26,
      }),
    );
    await settled(calls);

    expect(await calls.history.sessions(WHOLE_DAY, 100)).toEqual([talkSession(1), still]);
    const subsessions = await calls.history.subsessions(WHOLE_DAY, 100);
    expect(subsessions).toHaveLength(3);
    expect(subsessions).toEqual(expect.arrayContaining([talkSubsession(1), unconnected, begun]));
    const [quality, ...more] = await calls.history.quality(WHOLE_DAY, 100);
    expect(more).toEqual([]);
    expect(quality).toMatchObject({ subSessionId: talkSubsession(1).subSessionId, reports: 2, receiveFrameRate: 25 });
    expect(quality?.audio.sendLostRate).toBeCloseTo(0.02, 6);
    expect(quality?.audio).toMatchObject({ sendBitrate: 33, receiveLostRate: 0.5, receiveBitrate: 32 });
    expect(quality?.video).toEqual(qualityReport(1).video);
    expect(calls.usage()).toMatchObject({ written: 7, dropped: 0, spooledBytes: 0 });

    const reader = await openCallHistory(database.place);
    expect(await reader.sessions(WHOLE_DAY, 1)).toEqual([talkSession(1)]);
    await reader.close();
  });

  test('the tables have the columns of the document, times in UTC and durations in seconds', async () => {
    const before = process.env['TZ'];
    process.env['TZ'] = 'America/New_York';
    try {
      const database = await newDatabase(kind, server);
      const calls = start(database.place);
      calls.records.saveSession(talkSession(1));
      calls.records.saveSubsession(talkSubsession(1));
      calls.records.addQuality(qualityReport(1));
      await settled(calls);
      for (const [table, columns] of Object.entries(COLUMNS)) {
        const [row] = await database.query(`select ${columns.split(' ').join(', ')} from ${table}`);
        expect(Object.keys(row ?? {})).toEqual(columns.split(' '));
      }
      const [session] = await database.query(
        `select ${asText('join_time')} as j, ${asText('leave_time')} as l, ${asText('duration')} as d from rtc_talk_sessions`,
      );
      expect(session).toMatchObject({ j: '2026-03-29 00:00:01.123', l: '2026-03-29 00:00:38.623' });
      expect(Number(session?.['d'])).toBe(37);
      const [subsession] = await database.query('select duration as d, cost as c from rtc_talk_subsessions');
      expect([Number(subsession?.['d']), Number(subsession?.['c'])]).toEqual([30, 5]);
      const [quality] = await database.query(
        'select aud_rcv_lost_rate as a, aud_recv_lost_rate as b, aud_rcv_bitrate as c, aud_recv_bitrate as d from rtc_talk_quality_stats_infos',
      );
      expect(Object.values(quality ?? {}).map(Number)).toEqual([0.25, 0.25, 31, 31]);
      expect(await calls.history.sessions(WHOLE_DAY, 1)).toEqual([talkSession(1)]);
    } finally {
      if (before === undefined) delete process.env['TZ'];
      else process.env['TZ'] = before;
    }
  });

  test('saved again it is replaced, whether both wait together or not', async () => {
    const database = await newDatabase(kind, server);
    const calls = start(database.place);
    calls.records.saveSession(talkSession(1, { leftAt: undefined, subSessionIds: [] }));
    await settled(calls);
    calls.records.saveSession(talkSession(1, { leftAt: undefined }));
    calls.records.saveSession(talkSession(1));
    calls.records.saveSubsession(talkSubsession(1, { status: -1, finishedAt: undefined }));
    calls.records.saveSubsession(talkSubsession(1));
    await settled(calls);
    expect(await calls.history.sessions(WHOLE_DAY, 9)).toEqual([talkSession(1)]);
    expect(await calls.history.subsessions(WHOLE_DAY, 9)).toEqual([talkSubsession(1)]);
  });

  test.each([
    { name: 'SQL', userName: `'; DROP TABLE x; --` },
    { name: 'quotes and backslashes', userName: `\\'" OR ""='\\\\` },
    { name: 'a statement with an escaped quote', userName: `\\'); delete from a; -- ` },
    { name: 'characters of four bytes', userName: '张三😀' },
    { name: 'control characters', userName: 'a\r\n\t\u0001\u001b[31mb' },
    { name: 'spaces at the end', userName: 'a  ' },
    { name: 'NUL', userName: 'a\0b', kept: 'ab' },
    { name: 'half a character', userName: 'a\ud83d', kept: 'a\ufffd' },
    { name: '10 kB', userName: 'n'.repeat(10_000), kept: 'n'.repeat(32) },
    { name: '33 characters of four bytes', userName: '😀'.repeat(33), kept: '😀'.repeat(32) },
  ])('a name with $name is text', async ({ userName, kept }) => {
    const database = await newDatabase(kind, server);
    const calls = start(database.place);
    calls.records.saveSession(talkSession(1, { userName, browser: userName, roomId: userName }));
    calls.records.saveSubsession(talkSubsession(1, { remoteUserName: userName }));
    await settled(calls);
    const [session] = await calls.history.sessions(WHOLE_DAY, 9);
    expect(session).toMatchObject({ userName: kept ?? userName, browser: kept ?? userName });
    expect((await calls.history.subsessions(WHOLE_DAY, 9))[0]?.remoteUserName).toBe(kept ?? userName);
    expect(calls.usage().dropped).toBe(0);
  });

  test('numbers that no column can keep are brought into its range', async () => {
    const database = await newDatabase(kind, server);
    const calls = start(database.place);
    const wild = { sendLostRate: Number.NaN, sendBitrate: 1e300, receiveLostRate: 17, receiveBitrate: -5 };
    calls.records.addQuality(qualityReport(1, { audio: wild, sendWidth: Infinity, sendFrameRate: 29.97 }));
    calls.records.saveSession(talkSession(1, { talkType: 1e9, leftAt: 8.64e15 }));
    calls.records.saveSubsession(talkSubsession(1, { cost: 1e12, finishedAt: 0 }));
    await settled(calls);
    const [quality] = await calls.history.quality(WHOLE_DAY, 9);
    expect(quality?.audio).toEqual({
      sendLostRate: 0,
      sendBitrate: 2_147_483_647,
      receiveLostRate: 1,
      receiveBitrate: 0,
    });
    expect(calls.usage()).toMatchObject({ written: 3, dropped: 0 });
  });

  test('a session keeps the ids of a call of days', async () => {
    const database = await newDatabase(kind, server);
    const calls = start(database.place);
    const subSessionIds = Array.from({ length: 10_000 }, (_, n) => talkSubsession(n).subSessionId);
    calls.records.saveSession(talkSession(1, { subSessionIds }));
    await settled(calls);
    expect((await calls.history.sessions(WHOLE_DAY, 9))[0]?.subSessionIds).toEqual(subSessionIds);
  });

  test('the range is of the time of joining, without its end; oldest first, not more than wanted', async () => {
    const database = await newDatabase(kind, server);
    const calls = start(database.place);
    const sessions = Array.from({ length: 1_203 }, (_, n) => talkSession(n));
    for (const session of sessions.toReversed()) calls.records.saveSession(session);
    for (let n = 0; n < 1_203; n++) calls.records.saveSubsession(talkSubsession(n));
    for (let n = 0; n < 1_203; n++) calls.records.addQuality(qualityReport(n));
    await settled(calls);
    const { history } = calls;
    expect(await history.sessions(WHOLE_DAY, 5_000)).toEqual(sessions);
    expect(await history.sessions(WHOLE_DAY, 1_100)).toEqual(sessions.slice(0, 1_100));
    const range = { from: sessions[10]?.joinedAt ?? 0, to: sessions[900]?.joinedAt ?? 0 };
    expect(await history.sessions(range, 5_000)).toEqual(sessions.slice(10, 900));
    expect(await history.subsessions(range, 5_000)).toHaveLength(890);
    expect(await history.subsessions(range, 7)).toHaveLength(7);
    expect(await history.quality(range, 5_000)).toHaveLength(890);
    expect(await history.quality(range, 600)).toHaveLength(600);
  });

  test('two gateways that start at once make the tables once', async () => {
    const database = await newDatabase(kind, server);
    const both = [start(database.place), start(database.place), start(database.place)];
    for (const [n, calls] of both.entries()) calls.records.saveSession(talkSession(n));
    for (const calls of both) await settled(calls);
    expect(await both[0]?.history.sessions(WHOLE_DAY, 9)).toHaveLength(3);
  });

  test('a database of the original RoomServer goes on, and keeps its rows', async () => {
    const database = await newDatabase(kind, server);
    for (const statement of ORIGINAL_TABLES[kind.name]) await database.query(statement);
    const calls = start(database.place);
    const name = '张三😀';
    calls.records.saveSession(
      talkSession(1, {
        appId: '1'.repeat(64),
        userName: name,
        subSessionIds: Array.from({ length: 200 }, (_, n) => talkSubsession(n).subSessionId),
      }),
    );
    calls.records.saveSubsession(talkSubsession(1));
    calls.records.addQuality(qualityReport(1));
    await settled(calls);
    const sessions = await calls.history.sessions(WHOLE_DAY, 9);
    expect(sessions.map(({ sessionId, userName }) => [sessionId, userName])).toEqual([
      ['01DD05Q5G8EA81MMTFRT0SZH3X', 'client_51'],
      ['01DD05Q5G8EA81MMTFRT0SZH3X', 'client_51'],
      [talkSession(1).sessionId, name],
    ]);
    expect(sessions.at(-1)?.subSessionIds).toHaveLength(200);
    expect(sessions.at(-1)?.userIp).toBe(talkSession(1).userIp);
    expect(sessions.at(-1)?.appId).toBe('1'.repeat(64));
    const subsessions = await calls.history.subsessions(WHOLE_DAY, 9);
    expect(subsessions.map(({ subSessionId, sessionId }) => [subSessionId, sessionId])).toEqual(
      expect.arrayContaining([
        ['01DD084WFA4J0EBG3WDHGE3HFR', '01DD05Q5G8EA81MMTFRT0SZH3X'],
        [talkSubsession(1).subSessionId, talkSession(1).sessionId],
      ]),
    );
    const rows = await database.query(
      'select aud_rcv_lost_rate as a, aud_recv_lost_rate as b, aud_rcv_bitrate as c, aud_recv_bitrate as d from rtc_talk_quality_stats_infos order by id',
    );
    expect(rows.map((row) => Object.values(row).map(Number))).toEqual([
      [0.5, 0.5, 40, 40],
      [0.25, 0.25, 31, 31],
    ]);
    await calls.close();
    const again = start(database.place);
    again.records.saveSession(talkSession(1));
    await settled(again);
    expect(await again.history.sessions(WHOLE_DAY, 9)).toHaveLength(3);
  });

  test('tables that somebody has dropped meanwhile are made again', async () => {
    const database = await newDatabase(kind, server);
    const calls = start(database.place);
    calls.records.saveSession(talkSession(1));
    await settled(calls);
    await database.query('drop table rtc_talk_sessions');
    calls.records.saveSession(talkSession(2));
    await settled(calls);
    expect(await calls.history.sessions(WHOLE_DAY, 9)).toEqual([talkSession(2)]);
  });

  test('tables of a newer gateway are left alone', async () => {
    const database = await newDatabase(kind, server);
    const calls = start(database.place);
    await settled(calls);
    await calls.close();
    await database.query('update rtc_schema_version set version = 99');
    const folder = newFolder();
    const older = start(database.place, folder);
    const reason = new Promise<string>((resolve) => older.once('down', resolve));
    older.records.saveSession(talkSession(1));
    expect(await reason).toContain('99');
    expect(older.usage()).toMatchObject({ connected: false, pending: 1 });
    await expect(older.history.sessions(WHOLE_DAY, 9)).rejects.toMatchObject({ code: 'call_database_unavailable' });
    await expect(openCallHistory(database.place)).rejects.toMatchObject({ code: 'call_database_unavailable' });
  });

  test('a row that the database refuses does not keep back the others', async () => {
    const database = await newDatabase(kind, server);
    const calls = start(database.place);
    await settled(calls);
    await database.query(
      kind.name === 'SQLite'
        ? `create trigger refuse before insert on rtc_talk_sessions when new.user_name = 'poison'
           begin select raise(abort, 'poison'); end`
        : `alter table rtc_talk_sessions add constraint refuse check (user_name <> 'poison')`,
    );
    for (let n = 0; n < 100; n++) calls.records.saveSession(talkSession(n, n === 50 ? { userName: 'poison' } : {}));
    await settled(calls);
    expect(await calls.history.sessions(WHOLE_DAY, 999)).toHaveLength(99);
    expect(calls.usage()).toMatchObject({ written: 99, dropped: 1 });
  });

  /** Ends the database for a while and brings it back. */
  async function outage(folder: string): Promise<() => Promise<void>> {
    if (server !== undefined) {
      const killed = server;
      await killed.kill();
      return () => killed.start();
    }
    const other = new DatabaseSync(join(folder, 'calls.db'), { timeout: 5_000 });
    other.exec('begin immediate');
    return async () => other.close();
  }

  test('a database that is killed under load, twice, loses no record', async () => {
    const database = await newDatabase(kind, server);
    const calls = start(database.place);
    const told: string[] = [];
    calls.on('down', () => told.push('down'));
    calls.on('up', () => told.push('up'));
    let sessions = 0;
    const save = async (count: number): Promise<void> => {
      for (const end = sessions + count; sessions < end; sessions++) {
        calls.records.saveSession(talkSession(sessions, { leftAt: undefined }));
        calls.records.saveSubsession(talkSubsession(sessions));
        calls.records.addQuality(qualityReport(sessions));
        if (sessions >= 10) calls.records.saveSession(talkSession(sessions - 10));
        if (sessions % 20 === 0) await nextTurn();
      }
    };
    for (const times of [1, 2]) {
      const before = calls.usage().written;
      await save(1_000);
      // It is in the middle of the work.
      await expect.poll(() => calls.usage().written, { interval: 1, timeout: 30_000 }).toBeGreaterThan(before + 100);
      const { place } = database;
      const bring = await outage(place.kind === 'sqlite' ? place.folder : '');
      await save(500);
      await expect.poll(() => told.filter((what) => what === 'down').length, { timeout: 30_000 }).toBe(times);
      await save(500);
      expect(calls.usage().connected).toBe(false);
      expect(calls.usage().pending).toBeGreaterThan(1_000);
      await bring();
      await save(100);
      await settled(calls);
      expect(told).toHaveLength(2 * times);
    }
    for (const table of Object.keys(COLUMNS)) {
      const [row] = await database.query(`select count(*) as c, count(distinct record_id) as d from ${table}`);
      expect([table, Number(row?.['c']), Number(row?.['d'])]).toEqual([table, sessions, sessions]);
    }
    const [left] = await database.query('select count(*) as c from rtc_talk_sessions where duration = 37');
    expect(Number(left?.['c'])).toBe(sessions - 10);
    expect(calls.usage()).toMatchObject({ dropped: 0, spooledBytes: 0 });
  }, 120_000);

  test('closed in the middle of the work it has written, or left on disk, every record', async () => {
    const database = await newDatabase(kind, server);
    const folder = newFolder();
    const calls = start(database.place, folder);
    await settled(calls);
    for (let n = 0; n < 5_000; n++) {
      calls.records.saveSession(talkSession(n));
      calls.records.addQuality(qualityReport(n));
    }
    const began = performance.now();
    await calls.close();
    expect(performance.now() - began).toBeLessThan(10_000);
    // Afterwards nothing is taken any more, and that is counted.
    calls.records.saveSession(talkSession(5_000));
    expect(calls.usage().dropped).toBe(1);
    await settled(start(database.place, folder));
    const [row] = await database.query(
      'select (select count(*) from rtc_talk_sessions) as s, (select count(*) from rtc_talk_quality_stats_infos) as q',
    );
    expect([Number(row?.['s']), Number(row?.['q'])]).toEqual([5_000, 5_000]);
  });

  test('after kill -9 in the middle of calls their sessions end when the gateway was last alive, and no other one', async () => {
    const database = await newDatabase(kind, server);
    const { place } = database;
    const other = start(place);
    const elsewhere = talkSession(1, { leftAt: undefined });
    const pairElsewhere = talkSubsession(1, { status: 0, finishedAt: undefined, cost: 0 });
    other.records.saveSession(elsewhere);
    other.records.saveSubsession(pairElsewhere);
    await settled(other);
    // As the original RoomServer leaves it: nobody's.
    await database.query(
      `insert into rtc_talk_sessions (session_id, join_time) values ('nobody', '2026-03-29 00:00:09')`,
    );

    const dataDir = place.kind === 'sqlite' ? place.folder : newFolder();
    const run = async () => {
      const port = await freePort();
      const config = { rooms: { host: '127.0.0.1', port }, database: { url: urlOf(place) } };
      const gateway = await startGatewayProcess({ dataDir, config: { ...config, call: { 'cost-per-minute': 5 } } });
      return { gateway, url: `ws://127.0.0.1:${port}/ws` };
    };
    const killed = await run();
    const clients = [];
    for (const uid of ['a', 'b', 'c']) {
      const client = await CallClient.connect(killed.url);
      clients.push(client);
      expect(await client.ask({ cmd: 'join', appId: '10000', roomId: '22', uid }, 'respJoin')).toMatchObject({
        result: 0,
      });
    }
    const [a, b] = clients;
    a?.send({ cmd: 'offer', remoteUid: 'b', msg: 'o' });
    await b?.next('relayOffer');
    a?.send({ cmd: 'peerConnected', remoteUid: 'b', connectType: 'STUN' });
    await a?.next('respPeerConnected');
    b?.send({ cmd: 'offer', remoteUid: 'c', msg: 'o' });
    await b?.next('respOffer');
    const connected = Date.now();
    const file = join(dataDir, 'calls-runs.json');
    const aliveAt = (): number =>
      (JSON.parse(readFileSync(file, 'utf8')) as { runs: Array<{ aliveAt: number }> }).runs.at(-1)?.aliveAt ?? 0;
    await expect.poll(aliveAt, { timeout: 20_000 }).toBeGreaterThan(connected);
    process.kill(killed.gateway.pid, 'SIGKILL');
    await killed.gateway.ended();
    const lastAlive = aliveAt();
    for (const client of clients) client.socket.terminate();

    const again = await run();
    const now = await CallClient.connect(again.url);
    await now.ask({ cmd: 'join', appId: '10000', roomId: '23', uid: 'd' }, 'respJoin');
    const whenever = { from: connected - 60_000, to: Date.now() + 60_000 };
    const sessions = async (): Promise<string[]> =>
      (await other.history.sessions(whenever, 99))
        .filter(({ leftAt }) => leftAt === lastAlive)
        .map(({ userId }) => userId)
        .toSorted();
    await expect.poll(sessions, { timeout: 20_000 }).toEqual(['a', 'b', 'c']);
    await expect
      .poll(async () => await other.history.subsessions(whenever, 99), { timeout: 20_000 })
      .toMatchObject([
        { remoteUserId: 'b', status: 1, connectType: 'STUN', finishedAt: lastAlive, cost: 5 },
        { remoteUserId: 'c', status: 2, connectedAt: undefined, finishedAt: lastAlive, cost: 0 },
      ]);
    const rows = await database.query(
      `select ${asText('join_time')} as j, ${asText('leave_time')} as l, duration as d from rtc_talk_sessions where leave_time is not null`,
    );
    expect(rows).toHaveLength(3);
    for (const { j, l, d } of rows) expect(Number(d)).toBe(Math.floor((utc(l) - utc(j)) / 1000));
    // Who is in a call now, here and at another gateway, goes on.
    const running = async (): Promise<string[]> =>
      (await other.history.sessions(whenever, 99))
        .filter(({ leftAt }) => leftAt === undefined)
        .map(({ userId }) => userId);
    await expect.poll(running, { timeout: 20_000 }).toEqual(['d']);
    expect(await other.history.sessions(WHOLE_DAY, 99)).toMatchObject([
      elsewhere,
      { sessionId: 'nobody', leftAt: undefined },
    ]);
    expect(await other.history.subsessions(WHOLE_DAY, 99)).toEqual([pairElsewhere]);
    now.socket.terminate();
    await again.gateway.stop();
    expect(existsSync(file)).toBe(false);
  });

  test('a gateway that gets SIGTERM in the middle of a call has ended it in the database', async () => {
    const database = await newDatabase(kind, server);
    const { place } = database;
    const port = await freePort();
    // As long as it may be, and wider than the original's column.
    const appId = '10000'.padEnd(64, '1');
    const gateway = await startGatewayProcess({
      dataDir: place.kind === 'sqlite' ? place.folder : newFolder(),
      config: { rooms: { host: '127.0.0.1', port }, database: { url: urlOf(place) } },
    });
    const clients = [];
    for (const uid of ['a', 'b']) {
      const client = await CallClient.connect(`ws://127.0.0.1:${port}/ws`);
      clients.push(client);
      const join = { cmd: 'join', appId, roomId: '22', uid, uname: `Mr '${uid}"`, userType: 0, talkType: 1 };
      expect(await client.ask({ ...join, time: '1560138845' }, 'respJoin')).toMatchObject({ result: 0 });
    }
    // The pair begins with the offer, for the other side with its answer.
    const [a, b] = clients;
    const between = (uid: string, remoteUid: string): object => ({ appId, roomId: '22', uid, remoteUid });
    const sdp = JSON.stringify({ type: 'offer', sdp: 'v=0\r\n' });
    b?.send({ cmd: 'offer', ...between('b', 'a'), time: '1560152983', msg: sdp });
    await a?.next('relayOffer');
    a?.send({ cmd: 'answer', ...between('a', 'b'), time: '1560152984', msg: sdp.replace('offer', 'answer') });
    await b?.next('relayAnswer');
    process.kill(gateway.pid, 'SIGTERM');
    await gateway.ended();
    for (const client of clients) client.socket.terminate();
    expect(gateway.output()).not.toContain('ss%2Fw');
    const rows = await database.query(
      'select user_name as n, app_id as a, room_id as r, user_ip as ip from rtc_talk_sessions where leave_time is not null order by user_id',
    );
    const common = { a: appId, r: '22', ip: '127.0.0.1' };
    expect(rows).toEqual([
      { n: `Mr 'a"`, ...common },
      { n: `Mr 'b"`, ...common },
    ]);
    const pairs = await database.query(
      'select remote_user_id as id from rtc_talk_subsessions where finish_time is not null order by remote_user_id',
    );
    expect(pairs.map(({ id }) => id)).toEqual(['a', 'b']);
  });
});

/** Nobody listens there. */
const AWAY: CallDatabasePlace = {
  kind: 'mysql',
  host: '127.0.0.1',
  port: 1,
  user: 'gbrtc',
  password: '',
  database: 'calls',
  tls: 'disable',
};

async function countOf(folder: string, table: string): Promise<number> {
  const calls = start({ kind: 'sqlite', folder }, folder);
  await settled(calls);
  const database = new DatabaseSync(join(folder, 'calls.db'));
  const row = database.prepare(`select count(*) as c, count(distinct record_id) as d from ${table}`).get();
  database.close();
  expect(row?.['c']).toBe(row?.['d']);
  return Number(row?.['c']);
}

describe('the spool of calls', () => {
  test.each(['there', 'away'])('kill -9 of the gateway loses no record, with the database %s', async (where) => {
    const folder = newFolder();
    const place = where === 'there' ? { kind: 'sqlite', folder } : AWAY;
    const program = new URL('../support/call-writer.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, [program, folder, JSON.stringify(place)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const saved = (): number => Number(text.trim().split('\n').at(-1));
    try {
      await expect.poll(saved, { timeout: 30_000, interval: 10 }).toBeGreaterThan(2_000);
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    expect(await countOf(folder, 'rtc_talk_sessions')).toBeGreaterThanOrEqual(saved());
    expect(await countOf(folder, 'rtc_talk_quality_stats_infos')).toBeGreaterThanOrEqual(saved());
  });

  test('over its bound the oldest quality reports go first, and are counted', async () => {
    const folder = newFolder();
    const calls = start(AWAY, folder, 1_048_576);
    for (let n = 0; n < 10_000; n++) {
      if (n < 500) calls.records.saveSession(talkSession(n));
      calls.records.addQuality(qualityReport(n));
      if (n % 50 === 0) await nextTurn();
    }
    await expect.poll(() => calls.usage().dropped).toBeGreaterThan(5_000);
    await calls.close();
    const { dropped, spooledBytes, pending } = calls.usage();
    expect(spooledBytes).toBeLessThanOrEqual(1_048_576);
    expect(spooledBytes).toBeGreaterThan(900_000);
    expect(pending).toBe(10_500 - dropped);
    expect(await countOf(folder, 'rtc_talk_sessions')).toBe(500);
    expect(await countOf(folder, 'rtc_talk_quality_stats_infos')).toBe(10_000 - dropped);
    const database = new DatabaseSync(join(folder, 'calls.db'));
    const oldest = database.prepare('select min(sub_session_id) as id from rtc_talk_quality_stats_infos').get();
    database.close();
    expect(oldest?.['id']).toBe(talkSubsession(dropped).subSessionId);
  });

  test('with nothing else to drop the oldest sessions go', async () => {
    const folder = newFolder();
    const calls = start(AWAY, folder, 1_048_576);
    for (let n = 0; n < 5_000; n++) {
      calls.records.saveSession(talkSession(n));
      if (n % 50 === 0) await nextTurn();
    }
    await expect.poll(() => calls.usage().dropped).toBeGreaterThan(1_000);
    await calls.close();
    const { dropped } = calls.usage();
    expect(await countOf(folder, 'rtc_talk_sessions')).toBe(5_000 - dropped);
  });

  test.each(['mysql', 'postgres'] as const)(
    'a %s server that never answers does not keep it from closing',
    async (kind) => {
      const sockets: Socket[] = [];
      const silent = createServer((socket) => {
        sockets.push(socket);
        socket.on('error', () => undefined);
      }).listen(0, '127.0.0.1');
      await once(silent, 'listening');
      const { port } = silent.address() as AddressInfo;
      const folder = newFolder();
      const calls = start({ ...AWAY, kind, port }, folder);
      calls.records.saveSession(talkSession(1));
      await expect.poll(() => sockets.length).toBeGreaterThan(0);
      const began = performance.now();
      await calls.close();
      expect(performance.now() - began).toBeLessThan(3_000);
      silent.close();
      for (const socket of sockets) socket.destroy();
      expect(await countOf(folder, 'rtc_talk_sessions')).toBe(1);
    },
  );

  test('a SQLite file that cannot be opened is tried again', async () => {
    const folder = newFolder();
    const file = join(folder, 'calls.db');
    mkdirSync(file);
    const calls = start({ kind: 'sqlite', folder }, folder);
    const down = once(calls, 'down');
    calls.records.saveSession(talkSession(1));
    await down;
    await expect(calls.history.sessions(WHOLE_DAY, 9)).rejects.toMatchObject({ code: 'call_database_unavailable' });
    rmdirSync(file);
    await settled(calls);
    expect(await calls.history.sessions(WHOLE_DAY, 9)).toEqual([talkSession(1)]);
  });

  test('a disk that cannot be written does not keep records from the database', async () => {
    const folder = newFolder();
    const calls = start({ kind: 'sqlite', folder }, folder);
    await settled(calls);
    rmSync(join(folder, 'calls-spool'), { recursive: true });
    writeFileSync(join(folder, 'calls-spool'), 'in the way');
    for (let n = 0; n < 1_500; n++) calls.records.saveSession(talkSession(n));
    await settled(calls);
    expect(await calls.history.sessions(WHOLE_DAY, 9_999)).toHaveLength(1_500);
    expect(calls.usage()).toMatchObject({ written: 1_500, dropped: 0 });
    rmSync(join(folder, 'calls-spool'));
    mkdirSync(join(folder, 'calls-spool'));
  });

  test('lines that nobody has written whole, or that are no records, are left out', async () => {
    const folder = newFolder();
    const away = start(AWAY, folder);
    for (let n = 0; n < 3; n++) away.records.saveSession(talkSession(n));
    await away.close();
    const spool = join(folder, 'calls-spool');
    const bad = [
      'no JSON',
      '{"table":"users","row":{"record_id":"x"}}',
      '{"table":"rtc_talk_sessions","row":{}}',
      '{"table":"rtc_talk_sessions","row":{"record_id":"x","user_name":{"a":1}}}',
    ];
    writeFileSync(join(spool, 'calls-000000000000.jsonl'), `${bad.join('\n')}\n{"table":"rtc_talk_sess`);
    const calls = start({ kind: 'sqlite', folder }, folder);
    await settled(calls);
    expect(await calls.history.sessions(WHOLE_DAY, 9)).toHaveLength(3);
    expect(calls.usage()).toMatchObject({ written: 3, dropped: bad.length });
    await calls.close();
    expect(readdirSync(spool)).toEqual([]);
  });
});
