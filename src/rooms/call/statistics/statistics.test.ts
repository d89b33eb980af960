import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  FakeCallHistory,
  qualityReport,
  received,
  talkSession,
  talkSubsession,
} from '../../../../test/support/call-records.ts';
import { createStatisticsReader, type StatisticsReader } from './reader.ts';

const DAY = '2026-10-25';
const at = (time: string): number => Date.parse(`${DAY}T${time}Z`);
const MINUTE = 60_000;

let history: FakeCallHistory;
let reader: StatisticsReader;
beforeEach(() => {
  vi.useFakeTimers({ now: at('20:00:00'), toFake: ['Date'] });
  history = new FakeCallHistory();
  reader = createStatisticsReader(history, { timeZone: 'Europe/Berlin', maxRows: 50 });
});
afterEach(() => vi.useRealTimers());

/** Ann and Bob talk for 10 minutes by TURN, Ann and Cy try and fail, Dan joins another room alone and is still there. */
function records(): void {
  history.allSessions = [
    talkSession({ sessionId: 'ann', joinedAt: at('00:30:00'), leftAt: at('00:50:00') }),
    talkSession({ sessionId: 'bob', joinedAt: at('01:30:00'), leftAt: at('01:41:00') }),
    talkSession({ sessionId: 'cy', joinedAt: at('09:00:00'), leftAt: at('09:02:00'), timedOut: true }),
    talkSession({ sessionId: 'dan', joinedAt: at('19:00:00'), roomId: 'other' }),
    talkSession({ sessionId: 'late', userId: 'ann', joinedAt: at('23:30:00') }),
  ];
  history.allSubsessions = [
    talkSubsession({
      subSessionId: 'a-b',
      sessionId: 'ann',
      remoteUserId: 'bob',
      begunAt: at('01:30:00'),
      connectedAt: at('01:30:02'),
      finishedAt: at('01:40:00'),
      connectType: 'STUN',
      cost: 30,
    }),
    talkSubsession({
      subSessionId: 'b-a',
      sessionId: 'bob',
      remoteUserId: 'ann',
      begunAt: at('01:30:00'),
      connectedAt: at('01:30:04'),
      finishedAt: at('01:40:02'),
      connectType: 'TURN',
      cost: 25,
    }),
    talkSubsession({
      subSessionId: 'a-c',
      sessionId: 'ann',
      remoteUserId: 'cy',
      begunAt: at('09:00:00'),
      finishedAt: at('09:00:20'),
      iceIp: '203.0.113.7',
    }),
  ];
  history.allQuality = [
    qualityReport({
      subSessionId: 'a-b',
      createdAt: at('01:31:00'),
      audio: received(0.02, 40),
      video: received(0.1, 800),
      receiveFrameRate: 20,
    }),
    qualityReport({
      subSessionId: 'a-b',
      createdAt: at('01:32:00'),
      audio: received(0.04, 60),
      video: received(0.3, 400),
      receiveFrameRate: 10,
    }),
    qualityReport({ subSessionId: 'b-a', createdAt: at('01:31:00'), audio: received(0, 35) }),
  ];
}

describe('a day with its figures counted by hand', () => {
  beforeEach(records);

  test('sessions, users, rooms', async () => {
    const { sessions, users, rooms, from, to, truncated, ...rest } = await reader.read({ from: DAY });
    expect({ users, rooms, from, to, truncated }).toEqual({ users: 4, rooms: 2, from: DAY, to: DAY, truncated: false });
    expect([rest.rangeFrom, rest.rangeTo]).toEqual([at('00:00:00') - 2 * 3_600_000, at('23:00:00')]);
    // 20, 11, 2 minutes, and 60 of the one that runs; "late" belongs to the next day in Berlin.
    expect(sessions).toEqual({
      total: 4,
      running: 1,
      timedOut: 1,
      durations: {
        count: 4,
        totalMs: 93 * MINUTE,
        meanMs: 23.25 * MINUTE,
        medianMs: 15.5 * MINUTE,
        p95Ms: 60 * MINUTE,
        maxMs: 60 * MINUTE,
      },
    });
  });

  test('two directions are one pair: relayed when one says so, from the first connection to the last end', async () => {
    const { pairs } = await reader.read({ from: DAY });
    expect(pairs).toEqual({
      total: 2,
      connected: 1,
      failed: 1,
      connectTypes: { TURN: 1, STUN: 0, Unknown: 0 },
      durations: { count: 1, totalMs: 600_000, meanMs: 600_000, medianMs: 600_000, p95Ms: 600_000, maxMs: 600_000 },
      cost: 55,
    });
  });

  test('quality: means by report, the worst by direction, silent media left out', async () => {
    const { quality } = await reader.read({ from: DAY });
    expect(quality.audio).toEqual({
      count: 2,
      meanLostRate: expect.closeTo((0.02 + 0.04 + 0) / 3, 10),
      worstLostRate: expect.closeTo(0.03, 10),
      meanBitrate: 45,
      worstBitrate: 35,
    });
    expect(quality.video).toEqual({
      count: 1,
      meanLostRate: expect.closeTo(0.2, 10),
      worstLostRate: expect.closeTo(0.2, 10),
      meanBitrate: 600,
      worstBitrate: 600,
      meanFrameRate: 15,
      worstFrameRate: 15,
    });
  });

  test('hours of the clock in Berlin, where 02:00 to 03:00 came twice', async () => {
    const { hours } = await reader.read({ from: DAY });
    expect(hours).toHaveLength(24);
    expect(hours.filter(({ sessions, talkMs }) => sessions > 0 || talkMs > 0)).toEqual([
      { hour: 2, sessions: 2, talkMs: 600_000 },
      { hour: 10, sessions: 1, talkMs: 0 },
      { hour: 20, sessions: 1, talkMs: 0 },
    ]);
  });

  test('the worst call and the pair that failed, by name', async () => {
    const { worst, failed } = await reader.read({ from: DAY });
    expect(worst).toEqual([
      {
        subSessionId: 'a-b',
        roomId: 'room',
        userId: 'ann',
        userName: 'ANN',
        remoteUserId: 'bob',
        remoteUserName: 'BOB',
        begunAt: at('01:30:00'),
        durationMs: 598_000,
        connectType: 'STUN',
        audioLostRate: expect.closeTo(0.03, 10),
        videoLostRate: expect.closeTo(0.2, 10),
        bitrate: 650,
        frameRate: 15,
      },
    ]);
    expect(failed).toEqual([
      {
        roomId: 'room',
        userId: 'ann',
        userName: 'ANN',
        remoteUserId: 'cy',
        remoteUserName: 'CY',
        begunAt: at('09:00:00'),
        iceIp: '203.0.113.7',
      },
    ]);
  });

  test('a pair that began after midnight belongs to the next day, though one of them has joined before it', async () => {
    const before = (await reader.read({ from: DAY })).pairs;
    history.allSubsessions = [
      ...history.allSubsessions,
      talkSubsession({
        subSessionId: 'late-d',
        sessionId: 'late',
        remoteUserId: 'dan',
        begunAt: at('23:30:00') + 40 * 60_000,
        connectedAt: at('23:30:00') + 41 * 60_000,
        finishedAt: at('23:30:00') + 50 * 60_000,
      }),
    ];
    vi.setSystemTime(at('20:00:00') + 90 * 86_400_000);
    expect((await reader.read({ from: DAY })).pairs).toEqual(before);
  });

  test('what was never ended counts until the end of the day', async () => {
    vi.setSystemTime(at('20:00:00') + 90 * 86_400_000);
    const { sessions } = await reader.read({ from: DAY });
    expect(sessions.durations.maxMs).toBe(at('23:00:00') - at('19:00:00'));
  });
});

describe('pairs', () => {
  const pairCases: [string, [session: string, remote: string, begun: string, connected: boolean][], number, number][] =
    [
      ['one direction only', [['ann', 'bob', '10:00:00', true]], 1, 1],
      [
        'one side says connected',
        [
          ['ann', 'bob', '10:00:00', false],
          ['bob', 'ann', '10:00:01', true],
        ],
        1,
        1,
      ],
      [
        'a second attempt right after the first',
        [
          ['ann', 'bob', '10:00:00', false],
          ['bob', 'ann', '10:00:00', false],
          ['ann', 'bob', '10:00:20', true],
          ['bob', 'ann', '10:00:20', true],
        ],
        2,
        1,
      ],
      [
        'the other direction is of another attempt',
        [
          ['ann', 'bob', '10:00:00', true],
          ['bob', 'ann', '10:05:00', true],
        ],
        2,
        2,
      ],
      [
        'three users are three pairs',
        [
          ['ann', 'bob', '10:00:00', true],
          ['bob', 'ann', '10:00:00', true],
          ['ann', 'cy', '10:00:00', true],
          ['cy', 'ann', '10:00:00', true],
          ['bob', 'cy', '10:00:00', true],
          ['cy', 'bob', '10:00:00', true],
        ],
        3,
        3,
      ],
    ];

  test.each(pairCases)('%s', async (_name, directions, total, connected) => {
    history.allSessions = ['ann', 'bob', 'cy'].map((sessionId) =>
      talkSession({ sessionId, joinedAt: at('09:00:00'), leftAt: at('11:00:00') }),
    );
    history.allSubsessions = directions.map(([sessionId, remoteUserId, begun, isConnected], index) =>
      talkSubsession({
        subSessionId: String(index),
        sessionId,
        remoteUserId,
        begunAt: at(begun),
        ...(isConnected ? { connectedAt: at(begun) + 1000 } : {}),
        finishedAt: at(begun) + 5000,
      }),
    );
    const { pairs } = await reader.read({ from: DAY });
    expect([pairs.total, pairs.connected, pairs.failed]).toEqual([total, connected, total - connected]);
  });

  test('the same names in another room or app are others', async () => {
    history.allSessions = [
      talkSession({ sessionId: '1', userId: 'ann', joinedAt: at('09:00:00') }),
      talkSession({ sessionId: '2', userId: 'bob', joinedAt: at('09:00:00'), appId: 'b' }),
    ];
    history.allSubsessions = [
      talkSubsession({ subSessionId: 'x', sessionId: '1', remoteUserId: 'bob', begunAt: at('09:00:00') }),
      talkSubsession({ subSessionId: 'y', sessionId: '2', remoteUserId: 'ann', begunAt: at('09:00:00') }),
    ];
    const { pairs, users } = await reader.read({ from: DAY });
    // They are still trying.
    expect([pairs.total, pairs.connected, pairs.failed, users]).toEqual([2, 0, 0, 2]);
  });
});

describe('reading', () => {
  test('an empty day is all zeros', async () => {
    const statistics = await reader.read({ from: '2026-01-01' });
    expect(statistics.sessions.durations).toEqual({ count: 0, totalMs: 0, meanMs: 0, medianMs: 0, p95Ms: 0, maxMs: 0 });
    expect(JSON.stringify(statistics)).not.toContain('null');
  });

  test('more records than are read at once are told', async () => {
    history.allSessions = Array.from({ length: 51 }, (_, i) =>
      talkSession({ sessionId: `s${i}`, joinedAt: at('10:00:00') }),
    );
    expect(await reader.read({ from: DAY })).toMatchObject({ truncated: true, sessions: { total: 50 } });
  });

  test('at most ten worst calls, twenty failed pairs', async () => {
    history.allSessions = Array.from({ length: 25 }, (_, i) =>
      talkSession({ sessionId: `s${i}`, joinedAt: at('10:00:00') }),
    );
    history.allSubsessions = history.allSessions.map(({ sessionId }, i) =>
      talkSubsession({
        subSessionId: `d${i}`,
        sessionId,
        remoteUserId: 'zoe',
        begunAt: at('10:00:00') + i,
        finishedAt: at('10:00:30'),
      }),
    );
    history.allQuality = history.allSubsessions.map(({ subSessionId, begunAt }, i) =>
      qualityReport({ subSessionId, createdAt: begunAt, audio: received(i / 100, 40) }),
    );
    const { worst, failed } = await reader.read({ from: DAY });
    expect(worst.map(({ audioLostRate }) => audioLostRate)).toEqual(
      [24, 23, 22, 21, 20, 19, 18, 17, 16, 15].map((n) => n / 100),
    );
    expect(failed).toHaveLength(20);
  });

  test('who asks at the same time, or again at once, asks the records once; a failure is not kept', async () => {
    history.failure = new Error('away');
    await expect(reader.read({ from: DAY })).rejects.toThrow('away');
    history.failure = undefined;
    const [first, second] = await Promise.all([reader.read({ from: DAY }), reader.read({ from: DAY })]);
    expect(second).toBe(first);
    const { reads } = history;
    expect(await reader.read({ from: DAY })).toBe(first);
    expect(history.reads).toBe(reads);
    vi.setSystemTime(Date.now() + 2_001);
    expect(await reader.read({ from: DAY })).not.toBe(first);
  });

  test('today is the day of the zone', async () => {
    vi.setSystemTime(at('23:30:00'));
    expect((await reader.read()).from).toBe('2026-10-26');
  });

  test.each([
    [{ from: 'yesterday' }, /no day/],
    [{ from: '2026-02-30' }, /no day/],
    [{ from: DAY, to: '2026-10-24' }, /before/],
    [{ from: '2026-01-01', to: '2026-02-01' }, /32 days, at most 31/],
  ])('%j is refused', async (range, message) => {
    await expect(reader.read(range)).rejects.toMatchObject({
      code: 'date_range_invalid',
      message: expect.stringMatching(message),
    });
  });
});
