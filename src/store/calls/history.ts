import { setImmediate as nextTurn } from 'node:timers/promises';
import type {
  CallHistory,
  SentAndReceived,
  SubsessionQuality,
  TalkSession,
  TalkSubsession,
  TimeRange,
} from '../../rooms/index.ts';
import type { CallDatabase } from './connection.ts';
import { utcText, type SqlValue } from './tables.ts';

type Found = Readonly<Record<string, SqlValue>>;

/** Rows of one query: SQLite answers on the main thread. */
const PAGE = 500;

/** In SQLite times are compared as texts, also with those that have no fraction. */
const bound = (ms: number): string => utcText(ms).replace(/\.000$/, '');

const text = (value: SqlValue | undefined): string => (typeof value === 'string' ? value : '');
const number = (value: SqlValue | undefined): number => {
  const found = Number(value ?? 0);
  return Number.isFinite(found) ? found : 0;
};

/** All three answer with `YYYY-MM-DD HH:MM:SS`, with or without a fraction, and it is UTC. */
function time(value: SqlValue | undefined): number | undefined {
  const ms = typeof value === 'string' ? Date.parse(`${value.replace(' ', 'T')}Z`) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

/** The original RoomServer has not told how it separates them. */
const idsOf = (value: SqlValue | undefined): string[] => text(value).match(/[\w-]+/g) ?? [];

export function toSession(row: Found): TalkSession {
  const joinedAt = time(row['join_time']) ?? 0;
  return {
    sessionId: text(row['session_id']),
    appId: text(row['app_id']),
    roomId: text(row['room_id']),
    userId: text(row['user_id']),
    userName: text(row['user_name']),
    talkType: number(row['talk_type']),
    userIp: text(row['user_ip']),
    timedOut: number(row['time_out']) !== 0,
    createdAt: time(row['create_time']) ?? joinedAt,
    joinedAt,
    leftAt: time(row['leave_time']),
    subSessionIds: idsOf(row['sub_session_ids']),
    osName: text(row['os_name']),
    browser: text(row['browser']),
    sdkInfo: text(row['sdk_info']),
  };
}

function statusOf(value: SqlValue | undefined): TalkSubsession['status'] {
  const found = number(value);
  return found === 0 || found === 1 || found === 2 ? found : -1;
}

export function toSubsession(row: Found, sessionId: string): TalkSubsession {
  const connectType = text(row['connect_type']);
  return {
    subSessionId: text(row['sub_session_id']),
    sessionId,
    status: statusOf(row['status']),
    remoteUserId: text(row['remote_user_id']),
    remoteUserName: text(row['remote_user_name']),
    remoteUserIp: text(row['remote_user_ip']),
    iceIp: text(row['ice_ip']),
    connectType: connectType === 'TURN' || connectType === 'STUN' ? connectType : 'Unknown',
    begunAt: time(row['begin_time']) ?? 0,
    connectedAt: time(row['connect_time']),
    finishedAt: time(row['finish_time']),
    cost: number(row['cost']),
  };
}

const AVERAGES = [
  'aud_send_lost_rate',
  'aud_send_bitrate',
  'aud_rcv_lost_rate',
  'aud_rcv_bitrate',
  'vid_send_lost_rate',
  'vid_send_bitrate',
  'vid_rcv_lost_rate',
  'vid_rcv_bitrate',
  'recv_framerate_recv',
] as const;

function toQuality(row: Found): SubsessionQuality {
  const media = (name: 'aud' | 'vid'): SentAndReceived => ({
    sendLostRate: number(row[`${name}_send_lost_rate`]),
    sendBitrate: number(row[`${name}_send_bitrate`]),
    receiveLostRate: number(row[`${name}_rcv_lost_rate`]),
    receiveBitrate: number(row[`${name}_rcv_bitrate`]),
  });
  return {
    subSessionId: text(row['sub_session_id']),
    reports: number(row['reports']),
    audio: media('aud'),
    video: media('vid'),
    receiveFrameRate: number(row['recv_framerate_recv']),
  };
}

function* pages<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += PAGE) yield all.slice(at, at + PAGE);
}

/** Reads through whatever connection there is. */
export class History implements CallHistory {
  readonly #open: () => Promise<CallDatabase>;

  /** @param open rejects where the database cannot be reached */
  constructor(open: () => Promise<CallDatabase>) {
    this.#open = open;
  }

  async sessions(range: TimeRange, limit: number): Promise<TalkSession[]> {
    const sessions: TalkSession[] = [];
    for await (const rows of this.#sessionRows(range, limit)) sessions.push(...rows.map(toSession));
    return sessions;
  }

  /** Page by page, each beginning behind the last row of the one before. */
  async *#sessionRows({ from, to }: TimeRange, limit: number): AsyncGenerator<readonly Found[]> {
    const { db } = await this.#open();
    let last: Found | undefined;
    for (let left = limit; left > 0;) {
      const size = Math.min(left, PAGE);
      let query = db
        .selectFrom('rtc_talk_sessions')
        .selectAll()
        .where('join_time', '>=', bound(from))
        .where('join_time', '<', bound(to));
      if (last !== undefined) {
        const { join_time: joined = null, id = null } = last;
        query = query.where((is) =>
          is.or([is('join_time', '>', joined), is.and([is('join_time', '=', joined), is('id', '>', id)])]),
        );
      }
      const rows = await query.orderBy('join_time').orderBy('id').limit(size).execute();
      if (rows.length > 0) yield rows;
      if (rows.length < size) return;
      last = rows.at(-1);
      left -= size;
      await nextTurn();
    }
  }

  async subsessions(range: TimeRange, limit: number): Promise<TalkSubsession[]> {
    const found: TalkSubsession[] = [];
    for await (const rows of this.#sessionRows(range, Number.MAX_SAFE_INTEGER)) {
      found.push(...(await this.#subsessionsOf(rows.map(toSession))));
      if (found.length >= limit) break;
    }
    return found.slice(0, limit);
  }

  async #subsessionsOf(sessions: readonly TalkSession[]): Promise<TalkSubsession[]> {
    const { db } = await this.#open();
    const found: TalkSubsession[] = [];
    const ids = sessions.map(({ sessionId }) => sessionId).filter(Boolean);
    if (ids.length === 0) return found;
    const rows = await db
      .selectFrom('rtc_talk_subsessions')
      .selectAll()
      .where('session_id', 'in', ids)
      .orderBy('id')
      .execute();
    for (const row of rows) found.push(toSubsession(row, text(row['session_id'])));
    // The original RoomServer's subsessions are found by the list in their session only.
    const known = new Set(found.map(({ subSessionId }) => subSessionId));
    const owners = new Map<string, string>();
    for (const { sessionId, subSessionIds } of sessions) {
      for (const id of subSessionIds) if (!known.has(id)) owners.set(id, sessionId);
    }
    for (const page of pages([...owners.keys()])) {
      const others = await db
        .selectFrom('rtc_talk_subsessions')
        .selectAll()
        .where('sub_session_id', 'in', page)
        .orderBy('id')
        .execute();
      for (const row of others) found.push(toSubsession(row, owners.get(text(row['sub_session_id'])) ?? ''));
    }
    await nextTurn();
    return found;
  }

  async quality(range: TimeRange, limit: number): Promise<SubsessionQuality[]> {
    const { db } = await this.#open();
    const found: SubsessionQuality[] = [];
    const subsessions = await this.subsessions(range, Number.MAX_SAFE_INTEGER);
    for (const page of pages(subsessions.map(({ subSessionId }) => subSessionId).filter(Boolean))) {
      const rows = await db
        .selectFrom('rtc_talk_quality_stats_infos')
        .select(({ fn }) => [
          'sub_session_id',
          fn.countAll<number>().as('reports'),
          ...AVERAGES.map((name) => fn.avg<number>(name).as(name)),
        ])
        .where('sub_session_id', 'in', page)
        .groupBy('sub_session_id')
        .orderBy('sub_session_id')
        .execute();
      found.push(...rows.map(toQuality));
      if (found.length >= limit) break;
      await nextTurn();
    }
    return found.slice(0, limit);
  }
}
