import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Snapshot, SnapshotStore } from '../gb28181/index.ts';
import { errorMessage, type Logger } from '../util/index.ts';
import type { Database } from './database.ts';
import { migrate } from './migrations.ts';

const STEPS = [
  `CREATE TABLE snapshot (
     id TEXT PRIMARY KEY, session_id TEXT NOT NULL, device_id TEXT NOT NULL, channel_id TEXT NOT NULL,
     at INTEGER NOT NULL, bytes INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX snapshot_at ON snapshot (at);`,
];

const COLUMNS = 'id, session_id AS sessionId, device_id AS deviceId, channel_id AS channelId, at, bytes';
/** A NULL means that the condition does not count. */
const MATCHING = 'FROM snapshot WHERE (?1 IS NULL OR device_id = ?1) AND (?2 IS NULL OR channel_id = ?2)';
/** Names of files are ours alone. */
const FILE_NAME = /^[0-9a-f]{32}-\d{1,2}\.jpg$/;
const OWNER_ONLY = { mode: 0o600 } as const;

export interface SnapshotStoreOptions {
  readonly folder: string;
  /** 0 = no limit. */
  readonly maxAgeMs: number;
  /** Of all pictures together; the oldest go first. 0 = no limit. */
  readonly maxBytes: number;
}

/** Pictures as files, and what is known of them in SQLite; too old or too many of them go by themselves. */
export async function createSnapshotStore(
  db: Database,
  options: SnapshotStoreOptions,
  log: Logger,
): Promise<SnapshotStore> {
  migrate(db, 'snapshots', STEPS);
  const store = new FileSnapshotStore(db, options, log);
  await store.sweep();
  return store;
}

class FileSnapshotStore implements SnapshotStore {
  readonly #options: SnapshotStoreOptions;
  readonly #log: Logger;
  readonly #statements;

  constructor({ sqlite }: Database, options: SnapshotStoreOptions, log: Logger) {
    this.#options = options;
    this.#log = log;
    this.#statements = {
      insert: sqlite.prepare('INSERT INTO snapshot VALUES (?, ?, ?, ?, ?, ?)'),
      list: sqlite.prepare(`SELECT ${COLUMNS} ${MATCHING} ORDER BY at DESC, id DESC LIMIT ?3 OFFSET ?4`),
      count: sqlite.prepare(`SELECT count(*) AS n ${MATCHING}`),
      has: sqlite.prepare('SELECT 1 FROM snapshot WHERE id = ?'),
      remove: sqlite.prepare('DELETE FROM snapshot WHERE id = ?'),
      bytes: sqlite.prepare('SELECT coalesce(sum(bytes), 0) AS n FROM snapshot'),
      oldest: sqlite.prepare(`SELECT ${COLUMNS} FROM snapshot ORDER BY at, id LIMIT 1`),
    };
  }

  async save(snapshot: Snapshot, jpeg: Buffer): Promise<void> {
    await mkdir(this.#options.folder, { recursive: true, mode: 0o700 });
    await writeFile(this.#fileOf(snapshot.id), jpeg, OWNER_ONLY);
    const { id, sessionId, deviceId, channelId, at, bytes } = snapshot;
    this.#statements.insert.run(id, sessionId, deviceId, channelId, at, bytes);
    await this.#prune();
  }

  list({ deviceId, channelId, page, limit }: Parameters<SnapshotStore['list']>[0]): ReturnType<SnapshotStore['list']> {
    const filter = [deviceId ?? null, channelId ?? null] as const;
    const items = this.#statements.list.all(...filter, limit, (page - 1) * limit) as unknown as Snapshot[];
    return { items, total: Number(this.#statements.count.get(...filter)?.['n'] ?? 0) };
  }

  async read(id: string): Promise<Buffer | undefined> {
    if (this.#statements.has.get(id) === undefined) return undefined;
    // Somebody may have tidied up by hand.
    return readFile(this.#fileOf(id)).catch(() => undefined);
  }

  async remove(id: string): Promise<boolean> {
    const removed = Number(this.#statements.remove.run(id).changes) > 0;
    if (removed) await rm(this.#fileOf(id), { force: true });
    return removed;
  }

  /** Files that a killed process has left behind, and what is too old. */
  async sweep(): Promise<void> {
    const { folder } = this.#options;
    const names = await readdir(folder).catch(() => []);
    for (const name of names) {
      if (!FILE_NAME.test(name) || this.#statements.has.get(name.slice(0, -'.jpg'.length)) !== undefined) continue;
      await rm(join(folder, name), { force: true });
    }
    await this.#prune();
  }

  async #prune(): Promise<void> {
    const { maxAgeMs, maxBytes } = this.#options;
    for (;;) {
      const oldest = this.#statements.oldest.get() as unknown as Snapshot | undefined;
      if (oldest === undefined) return;
      const tooOld = maxAgeMs > 0 && Date.now() - oldest.at > maxAgeMs;
      const tooMany = maxBytes > 0 && Number(this.#statements.bytes.get()?.['n'] ?? 0) > maxBytes;
      if (!tooOld && !tooMany) return;
      await this.remove(oldest.id).catch((error: unknown) => {
        this.#log.warn({ id: oldest.id, error: errorMessage(error) }, 'snapshot file not removed');
      });
    }
  }

  #fileOf(id: string): string {
    return join(this.#options.folder, `${id}.jpg`);
  }
}
