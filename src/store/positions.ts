import type { Position, PositionStore } from '../gb28181/index.ts';
import type { Database } from './database.ts';
import { migrate } from './migrations.ts';
import type { Row, SqlValue } from './rows.ts';

const COLUMNS = `device_id TEXT NOT NULL, channel_id TEXT NOT NULL, at INTEGER NOT NULL, received_at INTEGER NOT NULL,
  longitude REAL NOT NULL, latitude REAL NOT NULL, speed REAL, direction REAL, altitude REAL`;

const STEPS = [
  `CREATE TABLE position (id INTEGER PRIMARY KEY, ${COLUMNS}) STRICT;
   CREATE INDEX position_track ON position (device_id, channel_id, at);
   CREATE INDEX position_received ON position (received_at);
   CREATE TABLE position_latest (${COLUMNS}, PRIMARY KEY (device_id, channel_id)) STRICT, WITHOUT ROWID;`,
  `ALTER TABLE position ADD COLUMN height REAL;
   ALTER TABLE position_latest ADD COLUMN height REAL;`,
];

const NAMES = 'device_id, channel_id, at, received_at, longitude, latitude, speed, direction, altitude, height';
const MARKS = '?, ?, ?, ?, ?, ?, ?, ?, ?, ?';
/** Rows that one call of `prune` deletes at most, of each kind. */
const PRUNE_ROWS = 20_000;

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const number = (value: unknown): number => (typeof value === 'number' ? value : 0);

function positionOf(row: Row): Position {
  const { speed, direction, altitude, height } = row;
  return {
    deviceId: text(row['device_id']),
    channelId: text(row['channel_id']),
    at: number(row['at']),
    receivedAt: number(row['received_at']),
    longitude: number(row['longitude']),
    latitude: number(row['latitude']),
    ...(speed === null ? {} : { speed: number(speed) }),
    ...(direction === null ? {} : { direction: number(direction) }),
    ...(altitude === null ? {} : { altitude: number(altitude) }),
    ...(height === null ? {} : { height: number(height) }),
  };
}

function valuesOf({ deviceId, channelId, at, receivedAt, longitude, latitude, ...more }: Position): SqlValue[] {
  const { speed = null, direction = null, altitude = null, height = null } = more;
  const place = [longitude, latitude, speed, direction, altitude, height];
  return [deviceId, channelId, Math.trunc(at), Math.trunc(receivedAt), ...place];
}

/** Tracks and latest places in SQLite. */
export function createPositionStore(db: Database): PositionStore {
  migrate(db, 'positions', STEPS);
  const prepare = (sql: string) => db.sqlite.prepare(sql);
  const latest = prepare('SELECT * FROM position_latest ORDER BY received_at');
  const add = prepare(`INSERT INTO position (${NAMES}) VALUES (${MARKS})`);
  const keep = prepare(`INSERT INTO position_latest (${NAMES}) VALUES (${MARKS})
    ON CONFLICT (device_id, channel_id) DO UPDATE SET at = excluded.at, received_at = excluded.received_at,
      longitude = excluded.longitude, latitude = excluded.latitude, speed = excluded.speed,
      direction = excluded.direction, altitude = excluded.altitude, height = excluded.height
    WHERE excluded.at >= position_latest.at`);
  const track = prepare(
    'SELECT * FROM position WHERE device_id = ? AND channel_id = ? AND at >= ? AND at <= ? ORDER BY at DESC LIMIT ?',
  );
  const pruneOld = prepare(
    'DELETE FROM position WHERE id IN (SELECT id FROM position WHERE received_at < ? ORDER BY received_at LIMIT ?)',
  );
  const count = prepare('SELECT count(*) AS n FROM position');
  const pruneMany = prepare('DELETE FROM position WHERE id IN (SELECT id FROM position ORDER BY id LIMIT ?)');
  const forget = prepare('DELETE FROM position_latest WHERE device_id = ? AND channel_id = ?');
  const removals = ['position', 'position_latest'].map((table) => prepare(`DELETE FROM ${table} WHERE device_id = ?`));
  return {
    latest: () => latest.all().map(positionOf),
    add: (positions) =>
      db.transaction(() => {
        for (const position of positions) {
          const values = valuesOf(position);
          add.run(...values);
          keep.run(...values);
        }
      }),
    track: ({ deviceId, channelId }, { from, to, limit }) =>
      track.all(deviceId, channelId, from, to, limit).map(positionOf).toReversed(),
    prune: ({ before, max }) =>
      db.transaction(() => {
        const old = Number(pruneOld.run(Math.trunc(before), PRUNE_ROWS).changes);
        const over = Math.min(PRUNE_ROWS, Math.max(0, number(count.get()?.['n']) - max));
        return old + (over === 0 ? 0 : Number(pruneMany.run(over).changes));
      }),
    forgetLatest: (channels) =>
      db.transaction(() => {
        for (const { deviceId, channelId } of channels) forget.run(deviceId, channelId);
      }),
    deleteDevice: (deviceId) =>
      db.transaction(() => {
        for (const removal of removals) removal.run(deviceId);
      }),
  };
}
