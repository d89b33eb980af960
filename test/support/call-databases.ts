import { mkdtempSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CallDatabasePlace } from '../../src/store/index.ts';
import type { DatabaseServer } from './database-server.ts';
import { startMariadb } from './mariadb.ts';
import { startPostgres } from './postgres.ts';
import { requireTool } from './requires.ts';

/** One empty database. */
export interface TestDatabase {
  readonly place: CallDatabasePlace;
  query(text: string): Promise<Array<Record<string, unknown>>>;
}

/** A kind of database with what the tests need to know of it. */
export interface DatabaseKind {
  readonly name: 'SQLite' | 'MariaDB' | 'PostgreSQL';
  readonly isThere: boolean;
  /** Absent where there is no server. */
  readonly start?: () => Promise<DatabaseServer>;
}

export const DATABASE_KINDS: readonly DatabaseKind[] = [
  { name: 'SQLite', isThere: true },
  { name: 'MariaDB', isThere: requireTool('mariadbd'), start: startMariadb },
  { name: 'PostgreSQL', isThere: requireTool('postgres'), start: startPostgres },
];

let count = 0;

/** @param server of the kind, where it has one */
export async function newDatabase(kind: DatabaseKind, server?: DatabaseServer): Promise<TestDatabase> {
  if (server === undefined) return newSqlite();
  count += 1;
  const database = `calls_${count}`;
  await server.createDatabase(database);
  const { port, user, password } = server;
  return {
    place: {
      kind: kind.name === 'MariaDB' ? 'mysql' : 'postgres',
      host: '127.0.0.1',
      port,
      user,
      password,
      database,
      tls: 'disable',
    },
    query: (text) => server.query(database, text),
  };
}

function newSqlite(): TestDatabase {
  const folder = newFolder();
  return {
    place: { kind: 'sqlite', folder },
    async query(text) {
      const database = new DatabaseSync(join(folder, 'calls.db'), { timeout: 5_000 });
      try {
        return database.prepare(text).all();
      } finally {
        database.close();
      }
    },
  };
}

const folders: string[] = [];

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'gbrtc-calls-'));
  folders.push(folder);
  return folder;
}

export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}
