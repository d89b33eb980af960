import type { DownloadRecord, DownloadStore } from '../record/index.ts';
import type { Database } from './database.ts';
import { migrate } from './migrations.ts';
import { column, fromRow, toValues, upsertSql, type Row } from './rows.ts';

const STEPS = [
  `CREATE TABLE download (
     id TEXT PRIMARY KEY, stream TEXT NOT NULL, device_id TEXT NOT NULL, channel_id TEXT NOT NULL,
     from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL, speed INTEGER NOT NULL, state TEXT NOT NULL,
     position_ms INTEGER NOT NULL, expected_ms INTEGER NOT NULL, received_bytes INTEGER NOT NULL,
     file_size INTEGER NOT NULL, resumes INTEGER NOT NULL, recording_id TEXT NOT NULL, created_at INTEGER NOT NULL,
     ended_at INTEGER, end_reason TEXT, message TEXT, continued_by TEXT
   ) STRICT, WITHOUT ROWID;`,
];

const download = column<DownloadRecord>;
const COLUMNS = [
  download('id'),
  download('stream'),
  download('deviceId'),
  download('channelId'),
  download('fromMs', 'INTEGER'),
  download('toMs', 'INTEGER'),
  download('speed', 'INTEGER'),
  download('state'),
  download('positionMs', 'INTEGER'),
  download('expectedMs', 'INTEGER'),
  download('receivedBytes', 'INTEGER'),
  download('fileSize', 'INTEGER'),
  download('resumes', 'INTEGER'),
  download('recordingId'),
  download('createdAt', 'INTEGER'),
  download('endedAt', 'INTEGER', true),
  // `end` is a word of SQL.
  { ...download('end', 'TEXT', true), column: 'end_reason' },
  download('message', 'TEXT', true),
  download('continuedBy', 'TEXT', true),
];

/** What was fetched of devices' recordings; the files are in the tables of recordings. */
export function createDownloadStore(db: Database): DownloadStore {
  migrate(db, 'downloads', STEPS);
  const { sqlite } = db;
  const save = sqlite.prepare(upsertSql('download', COLUMNS, ['id']));
  const list = sqlite.prepare('SELECT * FROM download ORDER BY created_at, id');
  const remove = sqlite.prepare('DELETE FROM download WHERE id = ?');
  return {
    save: (record) => void save.run(...toValues(COLUMNS, record)),
    list: () => list.all().map((row: Row) => fromRow(COLUMNS, row)),
    remove: (id) => void remove.run(id),
  };
}
