import type { DatabaseKind } from './call-databases.ts';

/**
 * Tables of the original RoomServer with its rows: seed 002 §4 with its spelling of `aud_recv_*`, `utf8` and widths. It
 * has only ever used MySQL; for the others, what a person would have brought it to.
 */
const MYSQL = [
  `CREATE TABLE rtc_talk_sessions (
    id bigint(32) NOT NULL AUTO_INCREMENT COMMENT '主键 ID',
    session_id varchar(32) DEFAULT '', sub_session_ids varchar(1024) DEFAULT '', app_id varchar(32) DEFAULT '',
    user_id varchar(32) DEFAULT '', user_name varchar(32) DEFAULT '', talk_type tinyint(1) DEFAULT 0,
    user_ip varchar(20) DEFAULT '', time_out tinyint(1) DEFAULT 0, create_time datetime DEFAULT NULL,
    join_time datetime DEFAULT NULL, leave_time datetime DEFAULT NULL, duration bigint DEFAULT 0,
    os_name varchar(32) DEFAULT '', browser varchar(32) DEFAULT '', sdk_info varchar(32) DEFAULT '',
    PRIMARY KEY(id)) ENGINE=InnoDB DEFAULT CHARSET=utf8 ROW_FORMAT=COMPACT`,
  `CREATE TABLE rtc_talk_subsessions (
    id bigint(32) NOT NULL AUTO_INCREMENT, sub_session_id varchar(32) DEFAULT '', status tinyint(1) DEFAULT -1,
    remote_user_id varchar(32) DEFAULT '', remote_user_name varchar(32) DEFAULT '', remote_user_ip varchar(32) DEFAULT '',
    ice_ip varchar(32) DEFAULT '', connect_type varchar(10) DEFAULT '', begin_time datetime DEFAULT NULL,
    connect_time datetime DEFAULT NULL, finish_time datetime DEFAULT NULL, duration bigint DEFAULT 0, cost int DEFAULT 0,
    PRIMARY KEY(id)) ENGINE=InnoDB DEFAULT CHARSET=utf8 ROW_FORMAT=COMPACT`,
  `CREATE TABLE rtc_talk_quality_stats_infos (
    id bigint(20) NOT NULL AUTO_INCREMENT, remote_user_id varchar(32) DEFAULT '', sub_session_id varchar(32) DEFAULT '',
    create_time datetime DEFAULT NULL, aud_send_lost_rate float(3,2) DEFAULT '0', aud_send_bitrate int(4) DEFAULT '0',
    aud_recv_lost_rate float(3,2) DEFAULT '0', aud_recv_bitrate int(4) DEFAULT '0',
    vid_send_lost_rate float(3,2) DEFAULT '0', vid_send_bitrate int(4) DEFAULT '0', send_width int(4) DEFAULT '0',
    send_height int(4) DEFAULT '0', send_framerate_sent int(4) DEFAULT '0', vid_rcv_lost_rate float(3,2) DEFAULT '0',
    vid_rcv_bitrate int(4) DEFAULT '0', recv_framerate_recv int(4) DEFAULT '0',
    PRIMARY KEY (id)) ENGINE=InnoDB DEFAULT CHARSET=utf8 ROW_FORMAT=COMPACT`,
];

const SESSION = `insert into rtc_talk_sessions (session_id, sub_session_ids, app_id, user_id, user_name, talk_type, user_ip, join_time, leave_time, duration)
  values ('01DD05Q5G8EA81MMTFRT0SZH3X', '01DD084WFA4J0EBG3WDHGE3HFR;', '10000', '782920256', 'client_51', 1, '10.0.0.7', '2026-03-29 00:00:00', '2026-03-29 00:01:00', 60)`;

const ROWS = [
  // Twice: nothing in its tables forbids that.
  SESSION,
  SESSION,
  `insert into rtc_talk_subsessions (sub_session_id, status, remote_user_id, connect_type, begin_time)
    values ('01DD084WFA4J0EBG3WDHGE3HFR', 1, '546109670', 'STUN', '2026-03-29 00:00:00')`,
  `insert into rtc_talk_quality_stats_infos (sub_session_id, create_time, aud_recv_lost_rate, aud_recv_bitrate)
    values ('01DD084WFA4J0EBG3WDHGE3HFR', '2026-03-29 00:00:15', 0.5, 40)`,
];

const standard = (statement: string, key: string): string =>
  statement
    .replace(/id bigint\(\d+\) NOT NULL AUTO_INCREMENT( COMMENT '[^']*')?/, key)
    .replace(/,\s*PRIMARY KEY ?\(id\)\) ENGINE.*$/s, ')')
    .replaceAll(/tinyint\(1\)/g, 'smallint')
    .replaceAll(/int\(4\)/g, 'int')
    .replaceAll('float(3,2)', 'real')
    .replaceAll(' datetime', ' timestamp');

export const ORIGINAL_TABLES: Readonly<Record<DatabaseKind['name'], readonly string[]>> = {
  MariaDB: [...MYSQL, ...ROWS],
  PostgreSQL: [...MYSQL.map((statement) => standard(statement, 'id bigserial PRIMARY KEY')), ...ROWS],
  SQLite: [...MYSQL.map((statement) => standard(statement, 'id integer PRIMARY KEY AUTOINCREMENT')), ...ROWS],
};
