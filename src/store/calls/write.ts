import { sql, type Kysely } from 'kysely';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CallDatabase } from './connection.ts';
import { RECORD_ID, SPELLINGS, TABLES, type CallTables, type Kind, type Row, type TableName } from './tables.ts';

/** Rows of one statement: making its text for more would hold up the main thread. */
const ROWS = 50;

/** Rows by table and `record_id`: of one id only the newest is written. */
export type RowsByTable = ReadonlyMap<TableName, ReadonlyMap<string, Row>>;

export interface WriteReport {
  readonly written: number;
  /** Rows that the database will never take, with its reason. */
  readonly refused: ReadonlyArray<{ readonly table: TableName; readonly row: Row; readonly error: unknown }>;
}

/** Columns of this database: what the original's own columns need is added, what is generated is left out. */
function fit(row: Row, columns: ReadonlySet<string>): Record<string, Row[string]> {
  const all: Record<string, Row[string]> = { ...row };
  for (const [ours, original] of SPELLINGS) if (ours in row) all[original] = row[ours] ?? null;
  return Object.fromEntries(Object.entries(all).filter(([name]) => columns.has(name)));
}

async function upsert(
  db: Kysely<CallTables>,
  kind: Kind,
  table: TableName,
  rows: ReadonlyArray<Record<string, Row[string]>>,
): Promise<void> {
  const names = Object.keys(rows[0] ?? {});
  const insert = db.insertInto(table).values(rows);
  const set = (
    source: (name: string) => ReturnType<typeof sql<Row[string]>>,
  ): Record<string, ReturnType<typeof source>> => Object.fromEntries(names.map((name) => [name, source(name)]));
  const query =
    kind === 'mysql'
      ? insert.onDuplicateKeyUpdate(set((name) => sql`values(${sql.ref(name)})`))
      : insert.onConflict((conflict) =>
          conflict.column(RECORD_ID).doUpdateSet(set((name) => sql`${sql.ref(`excluded.${name}`)}`)),
        );
  await query.execute();
}

interface DatabaseFailure {
  /** SQLSTATE, of PostgreSQL or MySQL. */
  readonly code?: unknown;
  readonly sqlState?: unknown;
  readonly errno?: unknown;
  /** SQLite's result code. */
  readonly errcode?: unknown;
}

/** ER_TRUNCATED_WRONG_VALUE_FOR_FIELD has no SQLSTATE of its own. */
const MYSQL_WRONG_VALUE = 1366;
/** SQLITE_TOOBIG, SQLITE_CONSTRAINT, SQLITE_MISMATCH. */
const SQLITE_DATA = [18, 19, 20];

/**
 * It is this row and would be again (SQLSTATE classes 22, data exception, and 23, integrity constraint); everything
 * else may be over after a while.
 */
function isRowsFault(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, sqlState, errno, errcode }: DatabaseFailure = error;
  if (typeof errcode === 'number') return SQLITE_DATA.includes(errcode & 0xff);
  const state = sqlState ?? code;
  return errno === MYSQL_WRONG_VALUE || (typeof state === 'string' && /^2[23][0-9A-Z]{3}$/.test(state));
}

/** Writes rows that are not there and replaces those that are. Rejects where the database is away; repeat it then. */
export async function writeRows({ db, kind, columns }: CallDatabase, rows: RowsByTable): Promise<WriteReport> {
  let written = 0;
  const refused: Array<WriteReport['refused'][number]> = [];
  const one = async (table: TableName, row: Row): Promise<void> => {
    try {
      await upsert(db, kind, table, [fit(row, columns.get(table) ?? new Set())]);
      written += 1;
    } catch (error) {
      if (!isRowsFault(error)) throw error;
      refused.push({ table, row, error });
    }
  };
  for (const { name: table } of TABLES) {
    const all = [...(rows.get(table)?.values() ?? [])];
    for (let at = 0; at < all.length; at += ROWS) {
      const some = all.slice(at, at + ROWS);
      try {
        await upsert(
          db,
          kind,
          table,
          some.map((row) => fit(row, columns.get(table) ?? new Set())),
        );
        written += some.length;
      } catch (error) {
        if (!isRowsFault(error)) throw error;
        // One of them spoils the statement for the others.
        for (const row of some) await one(table, row);
      }
      await nextTurn();
    }
  }
  return { written, refused };
}
