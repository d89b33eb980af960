import type { FileOfRecording, Recording, RecordingFile, RecordingQuery, RecordingStore } from '../record/index.ts';
import type { Database } from './database.ts';
import { migrate } from './migrations.ts';
import type { Row, SqlValue } from './rows.ts';

const STEPS = [
  `CREATE TABLE recording (
     id TEXT PRIMARY KEY, stream TEXT NOT NULL, state TEXT NOT NULL, reason TEXT, message TEXT,
     started_at INTEGER NOT NULL, ended_at INTEGER, duration_ms INTEGER NOT NULL, bytes INTEGER NOT NULL,
     packets_in INTEGER NOT NULL, packets_lost INTEGER NOT NULL, container TEXT NOT NULL, codecs TEXT NOT NULL,
     requested_by TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX recording_started ON recording (started_at);
   CREATE INDEX recording_ended ON recording (ended_at);
   CREATE INDEX recording_state ON recording (state);
   CREATE TABLE recording_file (
     recording_id TEXT NOT NULL REFERENCES recording (id) ON DELETE CASCADE, file_index INTEGER NOT NULL,
     file_name TEXT NOT NULL, started_at INTEGER NOT NULL, duration_ms INTEGER NOT NULL, bytes INTEGER NOT NULL,
     packets_in INTEGER NOT NULL, packets_lost INTEGER NOT NULL, state TEXT NOT NULL, done INTEGER NOT NULL DEFAULT 0,
     PRIMARY KEY (recording_id, file_index)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX recording_file_pending ON recording_file (started_at) WHERE done = 0;`,
  'CREATE INDEX recording_file_name ON recording_file (file_name);',
  `CREATE INDEX recording_file_end ON recording_file (started_at + duration_ms) WHERE state = 'finished';`,
];

const SAVE = `INSERT INTO recording (id, stream, state, reason, message, started_at, ended_at, duration_ms, bytes,
    packets_in, packets_lost, container, codecs, requested_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET stream = excluded.stream, state = excluded.state, reason = excluded.reason,
    message = excluded.message, started_at = excluded.started_at, ended_at = excluded.ended_at,
    duration_ms = excluded.duration_ms, bytes = excluded.bytes, packets_in = excluded.packets_in,
    packets_lost = excluded.packets_lost, container = excluded.container, codecs = excluded.codecs,
    requested_by = excluded.requested_by`;

const SAVE_FILE = `INSERT INTO recording_file (recording_id, file_index, file_name, started_at, duration_ms, bytes,
    packets_in, packets_lost, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (recording_id, file_index) DO UPDATE SET file_name = excluded.file_name,
    started_at = excluded.started_at, duration_ms = excluded.duration_ms, bytes = excluded.bytes,
    packets_in = excluded.packets_in, packets_lost = excluded.packets_lost, state = excluded.state`;

const COUNTED = 'SELECT r.*, (SELECT count(*) FROM recording_file f WHERE f.recording_id = r.id) AS file_count';
const FILE_OF_RUNNING = "SELECT id FROM recording WHERE state = 'recording'";

/** Every condition, always there: a NULL means that it does not count. */
const MATCHING = `FROM recording r WHERE (?1 IS NULL OR r.stream = ?1) AND (?2 IS NULL OR r.state = ?2)
  AND (?3 IS NULL OR r.ended_at IS NULL OR r.ended_at >= ?3) AND (?4 IS NULL OR r.started_at <= ?4)
  AND (?5 IS NULL OR r.stream LIKE ?5 ESCAPE '\\' OR EXISTS (
    SELECT 1 FROM recording_file f WHERE f.recording_id = r.id AND f.file_name LIKE ?5 ESCAPE '\\'))`;

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const number = (value: unknown): number => (typeof value === 'number' ? value : 0);

function fileOf(row: Row): RecordingFile {
  return {
    index: number(row['file_index']),
    fileName: text(row['file_name']),
    startedAt: number(row['started_at']),
    durationMs: number(row['duration_ms']),
    bytes: number(row['bytes']),
    packetsIn: number(row['packets_in']),
    packetsLost: number(row['packets_lost']),
    state: row['state'] === 'finished' ? 'finished' : 'writing',
  };
}

function recordingOf(row: Row, files: readonly RecordingFile[]): Recording {
  const { reason, message, ended_at: endedAt } = row;
  return {
    id: text(row['id']),
    // Only what these types allow is ever written.
    stream: text(row['stream']),
    state: row['state'] as Recording['state'],
    ...(reason === null ? {} : { reason: reason as NonNullable<Recording['reason']> }),
    ...(message === null ? {} : { message: text(message) }),
    startedAt: number(row['started_at']),
    ...(endedAt === null ? {} : { endedAt: number(endedAt) }),
    durationMs: number(row['duration_ms']),
    bytes: number(row['bytes']),
    packetsIn: number(row['packets_in']),
    packetsLost: number(row['packets_lost']),
    container: row['container'] === 'webm' ? 'webm' : 'mp4',
    codecs: text(row['codecs']).split(' ').filter(Boolean),
    requestedBy: row['requested_by'] as Recording['requestedBy'],
    fileCount: number(row['file_count']),
    files,
  };
}

const likeOf = (part: string): string => `%${part.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;

/** Recordings and their files in the gateway's database. */
export function createRecordingStore(db: Database): RecordingStore {
  migrate(db, 'recordings', STEPS);
  const prepare = (sql: string) => db.sqlite.prepare(sql);
  const save = prepare(SAVE);
  const saveFile = prepare(SAVE_FILE);
  const get = prepare(`${COUNTED} FROM recording r WHERE id = ?`);
  const newestFiles = prepare('SELECT * FROM recording_file WHERE recording_id = ? ORDER BY file_index DESC LIMIT ?');
  const list = prepare(`${COUNTED} ${MATCHING} ORDER BY r.started_at DESC, r.id LIMIT ?6 OFFSET ?7`);
  const count = prepare(`SELECT count(*) AS n, coalesce(sum(r.bytes), 0) AS bytes ${MATCHING}`);
  const unfinished = prepare(`${COUNTED} FROM recording r WHERE state = 'recording' ORDER BY started_at`);
  const unfinishedFiles = prepare(
    `SELECT * FROM recording_file WHERE state = 'writing' AND recording_id NOT IN (${FILE_OF_RUNNING}) ORDER BY started_at`,
  );
  const oldestFiles = prepare(
    "SELECT * FROM recording_file WHERE state = 'finished' ORDER BY started_at + duration_ms LIMIT ? OFFSET ?",
  );
  const total = prepare("SELECT coalesce(sum(bytes), 0) AS n FROM recording WHERE state <> 'recording'");
  const remove = prepare('DELETE FROM recording WHERE id = ?');
  const removeFile = prepare('DELETE FROM recording_file WHERE recording_id = ? AND file_index = ?');
  const lessen = prepare(
    `UPDATE recording SET duration_ms = max(0, duration_ms - ?2), bytes = max(0, bytes - ?3),
       packets_in = max(0, packets_in - ?4), packets_lost = max(0, packets_lost - ?5) WHERE id = ?1`,
  );
  const anyFile = prepare('SELECT 1 FROM recording_file WHERE recording_id = ? LIMIT 1');
  const pending = prepare(
    "SELECT * FROM recording_file WHERE done = 0 AND state = 'finished' ORDER BY started_at LIMIT ?",
  );
  const markDone = prepare('UPDATE recording_file SET done = 1 WHERE recording_id = ? AND file_index = ?');

  const holder = prepare(
    'SELECT * FROM recording_file WHERE file_name = ? ORDER BY started_at DESC, file_index DESC LIMIT 1',
  );
  // `.` follows `-` in the order of bytes.
  const names = prepare(
    `SELECT file_name FROM recording_file WHERE file_name >= ?1 || '-' AND file_name < ?1 || '.'
     UNION SELECT file_name FROM recording_file WHERE file_name IN (?1 || '.mp4', ?1 || '.webm')`,
  );

  const filesOf = (id: string, limit = -1): RecordingFile[] => newestFiles.all(id, limit).map(fileOf).toReversed();
  const ofRow = (row: Row, limit?: number): Recording => recordingOf(row, filesOf(text(row['id']), limit));
  const fileRow = (row: Row): FileOfRecording => ({ recordingId: text(row['recording_id']), file: fileOf(row) });

  return {
    save: (r) => {
      const { id, stream, state, reason = null, message = null, startedAt, endedAt = null, container, codecs } = r;
      const head: SqlValue[] = [id, stream, state, reason, message, startedAt, endedAt];
      const sums = [r.durationMs, r.bytes, r.packetsIn, r.packetsLost].map(Math.trunc);
      save.run(...head, ...sums, container, codecs.join(' '), r.requestedBy);
    },
    saveFile: (recordingId, { index, fileName, state, ...rest }) => {
      const { startedAt, durationMs, bytes, packetsIn, packetsLost } = rest;
      const numbers = [startedAt, durationMs, bytes, packetsIn, packetsLost].map(Math.trunc);
      saveFile.run(recordingId, index, fileName, ...numbers, state);
    },
    get: (id) => {
      const row = get.get(id);
      return row === undefined ? undefined : ofRow(row);
    },
    list: ({ stream, state, from, to, text: part, page, limit }: RecordingQuery, maxFiles) => {
      const like = part === undefined || part === '' ? null : likeOf(part);
      const filter = [stream ?? null, state ?? null, from ?? null, to ?? null, like] as const;
      const rows = list.all(...filter, limit, (page - 1) * limit);
      const all = count.get(...filter);
      return {
        items: rows.map((row) => ofRow(row, maxFiles)),
        total: number(all?.['n']),
        totalBytes: number(all?.['bytes']),
      };
    },
    unfinished: () => unfinished.all().map((row) => ofRow(row)),
    unfinishedFiles: () => unfinishedFiles.all().map(fileRow),
    oldestFiles: (limit, skip) =>
      oldestFiles.all(limit, skip).map((row) => ({ ...fileRow(row), pending: row['done'] === 0 })),
    totalBytes: () => number(total.get()?.['n']),
    remove: (id) => void remove.run(id),
    removeFile: (recordingId, { index, durationMs, bytes, packetsIn, packetsLost }) =>
      db.transaction(() => {
        if (removeFile.run(recordingId, index).changes > 0) {
          lessen.run(recordingId, ...[durationMs, bytes, packetsIn, packetsLost].map(Math.trunc));
        }
        return anyFile.get(recordingId) !== undefined;
      }),
    pendingFiles: (limit) => pending.all(limit).map(fileRow),
    markDone: (recordingId, index) => void markDone.run(recordingId, index),
    holderOf: (fileName) => {
      const row = holder.get(fileName);
      return row === undefined
        ? undefined
        : { recordingId: text(row['recording_id']), index: number(row['file_index']) };
    },
    namesOf: (base) => names.all(base).map((row) => text(row['file_name'])),
  };
}
