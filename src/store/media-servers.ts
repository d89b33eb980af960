import type { MediaServer, MediaServerStore, NewMediaServer } from '../api/index.ts';
import type { Database } from './database.ts';
import { migrate } from './migrations.ts';

/** AUTOINCREMENT never gives an id twice; 1 is the gateway itself, which has no row. */
const STEPS = [
  `CREATE TABLE media_servers (
     id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id > 1),
     type TEXT NOT NULL,
     name TEXT NOT NULL,
     ip TEXT NOT NULL,
     port INTEGER NOT NULL,
     username TEXT NOT NULL,
     password TEXT NOT NULL,
     secret TEXT NOT NULL,
     is_default INTEGER NOT NULL,
     created_at TEXT NOT NULL
   ) STRICT;
   INSERT INTO sqlite_sequence (name, seq) VALUES ('media_servers', 1);`,
];

/** Rows that clients may add; each is small, a list of thousands is a mistake or an attack. */
const MAX_ROWS = 1000;

interface Row {
  readonly id: number;
  readonly type: string;
  readonly name: string;
  readonly ip: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly secret: string;
  readonly is_default: number;
  readonly created_at: string;
}

const fromRow = ({ is_default, created_at, ...rest }: Row): MediaServer => ({
  ...rest,
  isDefault: is_default !== 0,
  createdAt: created_at,
});

const now = (): string => new Date().toISOString().replace(/\.\d+Z$/, 'Z');

/** srs-sip's table `media_servers` in the gateway's database; the oldest row goes when it is full. */
export function createMediaServerStore(db: Database): MediaServerStore {
  migrate(db, 'media_servers', STEPS);
  const { sqlite } = db;
  const list = sqlite.prepare('SELECT * FROM media_servers ORDER BY created_at DESC, id DESC');
  const insert = sqlite.prepare(
    `INSERT INTO media_servers (type, name, ip, port, username, password, secret, is_default, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *`,
  );
  const trim = sqlite.prepare(
    'DELETE FROM media_servers WHERE id NOT IN (SELECT id FROM media_servers ORDER BY id DESC LIMIT ?)',
  );
  const remove = sqlite.prepare('DELETE FROM media_servers WHERE id = ?');
  const unmark = sqlite.prepare('UPDATE media_servers SET is_default = 0 WHERE is_default <> 0');
  const mark = sqlite.prepare('UPDATE media_servers SET is_default = 1 WHERE id = ?');

  return {
    list: () => (list.all() as unknown as Row[]).map(fromRow),
    add: (server: NewMediaServer) =>
      db.transaction(() => {
        if (server.isDefault) unmark.run();
        const { type, name, ip, port, username, password, secret } = server;
        const row = insert.get(type, name, ip, port, username, password, secret, server.isDefault ? 1 : 0, now());
        trim.run(MAX_ROWS);
        return fromRow(row as unknown as Row);
      }),
    remove: (id) => Number(remove.run(id).changes) > 0,
    setDefault: (id) =>
      db.transaction(() => {
        if (id === undefined) {
          unmark.run();
          return true;
        }
        const known = sqlite.prepare('SELECT 1 FROM media_servers WHERE id = ?').get(id) !== undefined;
        if (!known) return false;
        unmark.run();
        mark.run(id);
        return true;
      }),
  };
}
