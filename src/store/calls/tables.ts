import type { QualityReport, TalkSession, TalkSubsession } from '../../rooms/index.ts';

/** Of a database. */
export type Kind = 'sqlite' | 'mysql' | 'postgres';
export type TableName = 'rtc_talk_sessions' | 'rtc_talk_subsessions' | 'rtc_talk_quality_stats_infos';
export type SqlValue = string | number | null;
export type Row = Readonly<Record<string, SqlValue>>;
/** For Kysely: which columns there are is told by `TABLES`, because an existing database may have more. */
export type CallTables = Record<TableName, Record<string, SqlValue>>;

/**
 * `key` is one of ours, `ids` a text long enough for a call of days, `ratio` goes from 0 to 1, `time` has ms in UTC.
 */
export type ColumnType = 'key' | 'text' | 'ids' | 'small' | 'int' | 'big' | 'ratio' | 'time';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** Characters of a `text`. */
  readonly width: number;
}

export interface Table {
  readonly name: TableName;
  readonly columns: readonly Column[];
  /** Columns that rows are looked for by. */
  readonly indexes: readonly string[];
}

const column = (type: ColumnType, name: string, width = 0): Column => ({ name, type, width });
const text = (name: string, width: number): Column => column('text', name, width);

/** What makes writing a row twice harmless. Empty in rows that the original RoomServer has written. */
export const RECORD_ID = 'record_id';
const recordId = column('key', RECORD_ID);

/** Longest list of ids, in characters: 37,000 ids of a ULID's length. */
export const IDS_WIDTH = 1_000_000;
/** An IPv6 address with its zone; the document's 20 are too few. */
const IP_WIDTH = 64;
/** What a client may choose: two users, or two apps, must not become one by being cut to the document's 32. */
const ID_WIDTH = 64;

/** Seed 002 §4.2 to §4.4, with its names, and its widths unless they are too narrow; `record_id`, `room_id`, `gateway_run` and `session_id` of subsessions are ours. */
export const TABLES: readonly Table[] = [
  {
    name: 'rtc_talk_sessions',
    columns: [
      recordId,
      text('session_id', 32),
      column('ids', 'sub_session_ids'),
      text('app_id', ID_WIDTH),
      text('room_id', ID_WIDTH),
      text('user_id', ID_WIDTH),
      text('user_name', 32),
      column('small', 'talk_type'),
      text('user_ip', IP_WIDTH),
      column('small', 'time_out'),
      column('time', 'create_time'),
      column('time', 'join_time'),
      column('time', 'leave_time'),
      column('big', 'duration'),
      text('os_name', 32),
      text('browser', 32),
      text('sdk_info', 32),
      text('gateway_run', 32),
    ],
    indexes: ['join_time', 'leave_time'],
  },
  {
    name: 'rtc_talk_subsessions',
    columns: [
      recordId,
      text('sub_session_id', 32),
      text('session_id', 32),
      column('small', 'status'),
      text('remote_user_id', ID_WIDTH),
      text('remote_user_name', 32),
      text('remote_user_ip', IP_WIDTH),
      text('ice_ip', 255),
      text('connect_type', 10),
      column('time', 'begin_time'),
      column('time', 'connect_time'),
      column('time', 'finish_time'),
      column('big', 'duration'),
      column('int', 'cost'),
    ],
    indexes: ['session_id', 'sub_session_id'],
  },
  {
    name: 'rtc_talk_quality_stats_infos',
    columns: [
      recordId,
      text('remote_user_id', ID_WIDTH),
      text('sub_session_id', 32),
      column('time', 'create_time'),
      column('ratio', 'aud_send_lost_rate'),
      column('int', 'aud_send_bitrate'),
      column('ratio', 'aud_rcv_lost_rate'),
      column('int', 'aud_rcv_bitrate'),
      column('ratio', 'vid_send_lost_rate'),
      column('int', 'vid_send_bitrate'),
      column('int', 'send_width'),
      column('int', 'send_height'),
      column('int', 'send_framerate_sent'),
      column('ratio', 'vid_rcv_lost_rate'),
      column('int', 'vid_rcv_bitrate'),
      column('int', 'recv_framerate_recv'),
    ],
    indexes: ['sub_session_id'],
  },
];

/** The document's column, and the same as the original RoomServer has called it. */
export const SPELLINGS: ReadonlyArray<readonly [string, string]> = [
  ['aud_rcv_lost_rate', 'aud_recv_lost_rate'],
  ['aud_rcv_bitrate', 'aud_recv_bitrate'],
];

/** @throws RangeError for a name that is none */
export function tableOf(name: string): Table {
  const found = TABLES.find((table) => table.name === name);
  if (found === undefined) throw new RangeError(`no table ${name}`);
  return found;
}

/** At most so many characters (code points), without what a database cannot keep: NUL and halves of a character. */
export function cutText(value: unknown, width: number): string {
  const whole = typeof value === 'string' ? value.slice(0, 3 * width).replaceAll('\0', '') : '';
  return Array.from(whole.slice(0, 2 * width).toWellFormed())
    .slice(0, width)
    .join('');
}

function joinIds(value: unknown): string {
  const all = typeof value === 'string' ? value : '';
  return all.length <= IDS_WIDTH ? all : all.slice(0, all.lastIndexOf(',', IDS_WIDTH));
}

const MAXIMUM = { small: 32_767, int: 2_147_483_647, big: Number.MAX_SAFE_INTEGER, ratio: 1 } as const;
/** 9999-12-31T23:59:59.999Z, the last that all three can keep. */
const LAST_MS = 253_402_300_799_999;

/** `YYYY-MM-DD HH:MM:SS.mmm` in UTC, which sorts as text, too. */
export function utcText(ms: number): string {
  return new Date(Math.min(Math.max(ms, 0), LAST_MS)).toISOString().slice(0, 23).replace('T', ' ');
}

function toSql(value: unknown, { type, width }: Column): SqlValue {
  if (type === 'key') return cutText(value, 64);
  if (type === 'text') return cutText(value, width);
  if (type === 'ids') return joinIds(value);
  const number = typeof value === 'number' && Number.isFinite(value) ? value : undefined;
  if (type === 'time') return number === undefined ? null : utcText(number);
  // A subsession that has just begun has status -1.
  const bounded = Math.min(Math.max(number ?? 0, type === 'small' ? -1 : 0), MAXIMUM[type]);
  return type === 'ratio' ? bounded : Math.round(bounded);
}

function toRow(table: TableName, values: Readonly<Record<string, unknown>>): Row {
  return Object.fromEntries(tableOf(table).columns.map((each) => [each.name, toSql(values[each.name], each)]));
}

const seconds = (from: number | undefined, to: number | undefined): number =>
  from === undefined || to === undefined ? 0 : Math.floor((to - from) / 1000);

/** @param run of the gateway in which the session was joined */
export function sessionRow(session: TalkSession, run: string): Row {
  return toRow('rtc_talk_sessions', {
    [RECORD_ID]: session.sessionId,
    session_id: session.sessionId,
    sub_session_ids: session.subSessionIds.join(','),
    app_id: session.appId,
    room_id: session.roomId,
    user_id: session.userId,
    user_name: session.userName,
    talk_type: session.talkType,
    user_ip: session.userIp,
    time_out: session.timedOut ? 1 : 0,
    create_time: session.createdAt,
    join_time: session.joinedAt,
    leave_time: session.leftAt,
    duration: seconds(session.joinedAt, session.leftAt),
    os_name: session.osName,
    browser: session.browser,
    sdk_info: session.sdkInfo,
    gateway_run: run,
  });
}

export function subsessionRow(subsession: TalkSubsession): Row {
  return toRow('rtc_talk_subsessions', {
    [RECORD_ID]: subsession.subSessionId,
    sub_session_id: subsession.subSessionId,
    session_id: subsession.sessionId,
    status: subsession.status,
    remote_user_id: subsession.remoteUserId,
    remote_user_name: subsession.remoteUserName,
    remote_user_ip: subsession.remoteUserIp,
    ice_ip: subsession.iceIp,
    connect_type: subsession.connectType,
    begin_time: subsession.begunAt,
    connect_time: subsession.connectedAt,
    finish_time: subsession.finishedAt,
    duration: seconds(subsession.connectedAt, subsession.finishedAt),
    cost: subsession.cost,
  });
}

/** @param id of the report, so that it is not kept twice */
export function qualityRow(id: string, report: QualityReport): Row {
  const { audio, video } = report;
  return toRow('rtc_talk_quality_stats_infos', {
    [RECORD_ID]: id,
    remote_user_id: report.remoteUserId,
    sub_session_id: report.subSessionId,
    create_time: report.createdAt,
    aud_send_lost_rate: audio.sendLostRate,
    aud_send_bitrate: audio.sendBitrate,
    aud_rcv_lost_rate: audio.receiveLostRate,
    aud_rcv_bitrate: audio.receiveBitrate,
    vid_send_lost_rate: video.sendLostRate,
    vid_send_bitrate: video.sendBitrate,
    send_width: report.sendWidth,
    send_height: report.sendHeight,
    send_framerate_sent: report.sendFrameRate,
    vid_rcv_lost_rate: video.receiveLostRate,
    vid_rcv_bitrate: video.receiveBitrate,
    recv_framerate_recv: report.receiveFrameRate,
  });
}
