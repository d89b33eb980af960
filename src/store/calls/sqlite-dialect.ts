import { SqliteDialect, type SqliteDatabase } from 'kysely';
import type { SQLInputValue } from 'node:sqlite';
import { openDatabase } from '../database.ts';

/** Calls wait on the main thread for a file that another process has locked; the spool waits for longer. */
const BUSY_MS = 20;

/** A SQLite file for Kysely; it opens with the first query. */
export function sqliteDialect(file: string): SqliteDialect {
  return new SqliteDialect({ database: () => Promise.resolve(open(file)) });
}

/** Node's statements behind the interface that Kysely expects. */
function open(file: string): SqliteDatabase {
  const database = openDatabase(file, BUSY_MS);
  return {
    close: () => database.close(),
    prepare(text) {
      const statement = database.sqlite.prepare(text);
      const values = (parameters: readonly unknown[]): SQLInputValue[] => parameters as SQLInputValue[];
      return {
        reader: statement.columns().length > 0,
        all: (parameters) => statement.all(...values(parameters)),
        run: (parameters) => statement.run(...values(parameters)),
        iterate: (parameters) => statement.iterate(...values(parameters)),
      };
    },
  };
}
