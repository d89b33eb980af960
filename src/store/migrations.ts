import { GatewayError } from '../util/index.ts';
import type { Database } from './database.ts';

/** A file written by a newer version of the gateway: it is left alone. */
export class SchemaTooNewError extends GatewayError {
  override readonly code = 'database_too_new';
  constructor(scope: string, found: number, known: number) {
    super(`tables of ${scope} have version ${found}, this gateway knows ${known}`);
  }
}

/**
 * Brings the tables of one store to the newest version. `steps[n]` is the SQL that leads from version n to n + 1;
 * a step that has been released is never changed. Each store has its own scope, so that they grow independently.
 * @throws SchemaTooNewError
 */
export function migrate(db: Database, scope: string, steps: readonly string[]): void {
  db.sqlite.exec('CREATE TABLE IF NOT EXISTS schema_version (scope TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT');
  db.transaction(() => {
    const row = db.sqlite.prepare('SELECT version FROM schema_version WHERE scope = ?').get(scope);
    const version = Number(row?.['version'] ?? 0);
    if (version > steps.length) throw new SchemaTooNewError(scope, version, steps.length);
    if (version === steps.length) return;
    for (const step of steps.slice(version)) db.sqlite.exec(step);
    db.sqlite
      .prepare('INSERT INTO schema_version VALUES (?, ?) ON CONFLICT (scope) DO UPDATE SET version = excluded.version')
      .run(scope, steps.length);
  });
}
