import type { Alarm, AlarmFilter, AlarmStore, NewAlarm } from '../gb28181/index.ts';
import type { Database } from './database.ts';
import { migrate } from './migrations.ts';
import type { Row, SqlValue } from './rows.ts';

const STEPS = [
  `CREATE TABLE alarm (
     id INTEGER PRIMARY KEY AUTOINCREMENT, device_id TEXT NOT NULL, channel_id TEXT NOT NULL,
     received_at INTEGER NOT NULL, alarmed_at INTEGER NOT NULL, priority INTEGER NOT NULL, method INTEGER NOT NULL,
     type INTEGER NOT NULL, event_type INTEGER NOT NULL, description TEXT NOT NULL, longitude REAL, latitude REAL,
     acknowledged_at INTEGER, acknowledged_by TEXT, snapshot TEXT NOT NULL, snapshot_reason TEXT
   ) STRICT;
   CREATE INDEX alarm_time ON alarm (alarmed_at);
   CREATE INDEX alarm_received ON alarm (received_at);
   CREATE INDEX alarm_device ON alarm (device_id, alarmed_at);
   CREATE INDEX alarm_open ON alarm (id) WHERE acknowledged_at IS NULL;
   CREATE INDEX alarm_pending ON alarm (id) WHERE snapshot = 'pending';
   CREATE TABLE alarm_snapshot (
     alarm_id INTEGER PRIMARY KEY REFERENCES alarm (id) ON DELETE CASCADE, jpeg BLOB NOT NULL
   ) STRICT;`,
];

/** Every condition, always there: a NULL means that it does not count. */
const MATCHING = `FROM alarm WHERE (?1 IS NULL OR device_id = ?1) AND (?2 IS NULL OR channel_id = ?2)
  AND (?3 IS NULL OR priority = ?3) AND (?4 IS NULL OR method = ?4)
  AND (?5 IS NULL OR (acknowledged_at IS NOT NULL) = ?5)
  AND (?6 IS NULL OR alarmed_at >= ?6) AND (?7 IS NULL OR alarmed_at <= ?7)`;

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const number = (value: unknown): number => (typeof value === 'number' ? value : 0);

function alarmOf(row: Row): Alarm {
  const { longitude, latitude, acknowledged_at: acknowledgedAt, snapshot_reason: snapshotReason } = row;
  return {
    id: number(row['id']),
    deviceId: text(row['device_id']),
    channelId: text(row['channel_id']),
    receivedAt: number(row['received_at']),
    alarmedAt: number(row['alarmed_at']),
    priority: number(row['priority']),
    method: number(row['method']),
    type: number(row['type']),
    eventType: number(row['event_type']),
    description: text(row['description']),
    ...(longitude === null || latitude === null ? {} : { longitude: number(longitude), latitude: number(latitude) }),
    ...(acknowledgedAt === null
      ? {}
      : { acknowledgedAt: number(acknowledgedAt), acknowledgedBy: text(row['acknowledged_by']) }),
    // Only what this type allows is ever written.
    snapshot: row['snapshot'] as Alarm['snapshot'],
    ...(snapshotReason === null ? {} : { snapshotReason: text(snapshotReason) }),
  };
}

function valuesOf(filter: AlarmFilter): SqlValue[] {
  const { deviceId, channelId, priority, method, acknowledged, from, to } = filter;
  const flag = acknowledged === undefined ? null : Number(acknowledged);
  return [deviceId ?? null, channelId ?? null, priority ?? null, method ?? null, flag, from ?? null, to ?? null];
}

function insertValues(alarm: NewAlarm): SqlValue[] {
  const { deviceId, channelId, receivedAt, alarmedAt, longitude = null, latitude = null } = alarm;
  const numbers = [receivedAt, alarmedAt, alarm.priority, alarm.method, alarm.type, alarm.eventType].map(Math.trunc);
  return [deviceId, channelId, ...numbers, alarm.description, longitude, latitude, alarm.snapshot];
}

function prepareAll(db: Database) {
  const prepare = (sql: string) => db.sqlite.prepare(sql);
  return {
    add: prepare(`INSERT INTO alarm (device_id, channel_id, received_at, alarmed_at, priority, method, type, event_type,
      description, longitude, latitude, snapshot) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
    get: prepare('SELECT * FROM alarm WHERE id = ?'),
    list: prepare(`SELECT * ${MATCHING} ORDER BY alarmed_at DESC, id DESC LIMIT ?8 OFFSET ?9`),
    count: prepare(`SELECT count(*) AS n ${MATCHING}`),
    open: prepare('SELECT count(*) AS n FROM alarm WHERE acknowledged_at IS NULL'),
    openIds: prepare(`SELECT id ${MATCHING} AND acknowledged_at IS NULL ORDER BY alarmed_at DESC, id DESC LIMIT ?8`),
    acknowledge: prepare(
      'UPDATE alarm SET acknowledged_at = ?2, acknowledged_by = ?3 WHERE id = ?1 AND acknowledged_at IS NULL',
    ),
    state: prepare('UPDATE alarm SET snapshot = ?2, snapshot_reason = ?3 WHERE id = ?1'),
    picture: prepare('INSERT OR REPLACE INTO alarm_snapshot SELECT id, ?2 FROM alarm WHERE id = ?1'),
    readPicture: prepare('SELECT jpeg FROM alarm_snapshot WHERE alarm_id = ?'),
    failPending: prepare("UPDATE alarm SET snapshot = 'failed', snapshot_reason = ? WHERE snapshot = 'pending'"),
    // A slice at a time: deleting many rows must not hold up everything else.
    pruneOld: prepare('DELETE FROM alarm WHERE id IN (SELECT id FROM alarm WHERE received_at < ?1 LIMIT ?2)'),
    total: prepare('SELECT count(*) AS n FROM alarm'),
    pruneMany: prepare('DELETE FROM alarm WHERE id IN (SELECT id FROM alarm ORDER BY id LIMIT ?1)'),
    pictures: prepare('SELECT count(*) AS n FROM alarm_snapshot'),
    oldPictures: prepare('SELECT alarm_id FROM alarm_snapshot ORDER BY alarm_id LIMIT ?'),
    removePicture: prepare('DELETE FROM alarm_snapshot WHERE alarm_id = ?'),
  };
}

/** Rows that one call of `prune` deletes at most, of each kind. */
const PRUNE_ROWS = 2_000;

/** Alarms and their snapshots in SQLite. */
export function createAlarmStore(db: Database): AlarmStore {
  migrate(db, 'alarms', STEPS);
  const sql = prepareAll(db);
  const countOf = (row: Row | undefined): number => number(row?.['n']);
  return {
    add: (alarm) => Number(sql.add.run(...insertValues(alarm)).lastInsertRowid),
    get: (id) => {
      const row = sql.get.get(id);
      return row === undefined ? undefined : alarmOf(row);
    },
    list: (filter, { page, limit }) => ({
      items: sql.list.all(...valuesOf(filter), limit, (page - 1) * limit).map(alarmOf),
      total: countOf(sql.count.get(...valuesOf(filter))),
    }),
    unacknowledged: () => countOf(sql.open.get()),
    acknowledge: (which, { name, at }) =>
      db.transaction(() => {
        const ids =
          'ids' in which
            ? which.ids
            : sql.openIds.all(...valuesOf(which.filter), which.limit).map((row) => number(row['id']));
        return ids.filter((id) => sql.acknowledge.run(id, Math.trunc(at), name).changes > 0);
      }),
    setSnapshot: (id, result) =>
      db.transaction(() => {
        if ('jpeg' in result) sql.picture.run(id, result.jpeg);
        if ('jpeg' in result) sql.state.run(id, 'taken', null);
        else sql.state.run(id, 'failed', result.reason);
      }),
    snapshot: (id) => {
      const jpeg = sql.readPicture.get(id)?.['jpeg'];
      return jpeg instanceof Uint8Array ? Buffer.from(jpeg) : undefined;
    },
    failPendingSnapshots: (reason) => void sql.failPending.run(reason),
    prune: ({ before, maxAlarms, maxSnapshots }) =>
      db.transaction(() => {
        const old = Number(sql.pruneOld.run(Math.trunc(before), PRUNE_ROWS).changes);
        const over = Math.min(PRUNE_ROWS, Math.max(0, countOf(sql.total.get()) - maxAlarms));
        const many = over === 0 ? 0 : Number(sql.pruneMany.run(over).changes);
        const pictures = Math.min(PRUNE_ROWS, Math.max(0, countOf(sql.pictures.get()) - maxSnapshots));
        for (const { alarm_id: id } of pictures === 0 ? [] : sql.oldPictures.all(pictures)) {
          sql.removePicture.run(number(id));
          sql.state.run(number(id), 'failed', 'deleted');
        }
        return old + many;
      }),
  };
}
