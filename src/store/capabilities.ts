import type { Capability, CapabilityStore } from '../gb28181/index.ts';
import { errorMessage, silentLogger, type Logger } from '../util/index.ts';
import type { Database } from './database.ts';
import { migrate } from './migrations.ts';

const STEPS = [
  `CREATE TABLE device_capability (
     device_id TEXT NOT NULL, command TEXT NOT NULL, outcome TEXT NOT NULL, at INTEGER NOT NULL, detail TEXT NOT NULL,
     PRIMARY KEY (device_id, command)
   ) STRICT, WITHOUT ROWID;`,
];

const SAVE = `INSERT INTO device_capability VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (device_id, command) DO UPDATE SET outcome = excluded.outcome, at = excluded.at, detail = excluded.detail`;
const FLUSH_MS = 500;

type Stored = Capability & { readonly deviceId: string };

/** What devices did with commands. Writes are gathered into one transaction; failing ones are logged, never thrown. */
export function createCapabilityStore(db: Database, log: Logger = silentLogger): CapabilityStore {
  migrate(db, 'capabilities', STEPS);
  const load = db.sqlite.prepare('SELECT device_id AS deviceId, command, outcome, at, detail FROM device_capability');
  const save = db.sqlite.prepare(SAVE);
  const remove = db.sqlite.prepare('DELETE FROM device_capability WHERE device_id = ?');
  /** By device and command: bounded by what is in memory anyway. */
  const pending = new Map<string, Stored>();
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (pending.size === 0 || db.closed) return;
    try {
      db.transaction(() => {
        for (const { deviceId, command, outcome, at, detail } of pending.values())
          save.run(deviceId, command, outcome, at, detail);
      });
    } catch (error) {
      log.error({ error: errorMessage(error), waiting: pending.size }, 'capabilities could not be written');
    }
    pending.clear();
  };
  db.beforeClose(flush);
  return {
    load: () => {
      flush();
      // Only what these types allow is ever written.
      return load.all() as unknown as Stored[];
    },
    save: (deviceId, capability) => {
      pending.set(`${deviceId} ${capability.command}`, { deviceId, ...capability });
      timer ??= setTimeout(flush, FLUSH_MS).unref();
    },
    deleteDevice: (deviceId) => {
      flush();
      remove.run(deviceId);
    },
  };
}
