import { chmodSync, closeSync, existsSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { GatewayError } from '../util/index.ts';

/** The database file cannot be opened or brought to this version. */
export class DatabaseError extends GatewayError {
  override readonly code = 'database_unavailable';
  constructor(file: string, cause: unknown) {
    super(`database ${file} cannot be opened`, { cause });
  }
}

/**
 * The gateway's SQLite file. Statements are prepared by hand on node:sqlite: the stores promise synchronous calls,
 * and a query builder in front of it (Kysely) can only execute asynchronously.
 */
export interface Database {
  readonly file: string;
  readonly sqlite: DatabaseSync;
  readonly closed: boolean;
  /** All or nothing; nested calls join the outer one. */
  transaction<T>(work: () => T): T;
  /** Runs right before the file closes, e.g. to write what is buffered. */
  beforeClose(task: () => void): void;
  /** Idempotent. */
  close(): void;
}

const OWNER_ONLY = 0o600;
const MEMORY = ':memory:';

const BUSY_MS = 2_000;

/**
 * Opens or creates a database; `:memory:` for tests. @throws DatabaseError
 * @param busyMs how long a statement waits, blocking, for another process that writes
 */
export function openDatabase(file: string, busyMs = BUSY_MS): Database {
  try {
    // The file must not be readable by others even for the moment between its creation and a chmod.
    if (file !== MEMORY && !existsSync(file)) closeSync(openSync(file, 'a', OWNER_ONLY));
    if (file !== MEMORY) chmodSync(file, OWNER_ONLY);
    const sqlite = new DatabaseSync(file, { timeout: busyMs });
    sqlite.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;');
    return new SqliteDatabase(file, sqlite);
  } catch (error) {
    throw new DatabaseError(file, error);
  }
}

class SqliteDatabase implements Database {
  readonly file: string;
  readonly sqlite: DatabaseSync;
  #closed = false;
  #depth = 0;
  readonly #tasks: Array<() => void> = [];

  constructor(file: string, sqlite: DatabaseSync) {
    this.file = file;
    this.sqlite = sqlite;
  }

  get closed(): boolean {
    return this.#closed;
  }

  transaction<T>(work: () => T): T {
    if (this.#depth > 0) return work();
    this.sqlite.exec('BEGIN IMMEDIATE');
    this.#depth += 1;
    try {
      const result = work();
      this.sqlite.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.sqlite.isTransaction) this.sqlite.exec('ROLLBACK');
      throw error;
    } finally {
      this.#depth -= 1;
    }
  }

  beforeClose(task: () => void): void {
    this.#tasks.push(task);
  }

  close(): void {
    if (this.#closed) return;
    for (const task of this.#tasks.splice(0)) task();
    this.#closed = true;
    this.sqlite.close();
  }
}
