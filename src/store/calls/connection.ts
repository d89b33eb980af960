import { CompiledQuery, Kysely, MysqlDialect, PostgresDialect, type Dialect } from 'kysely';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { bringUpToDate, type Columns } from './schema.ts';
import { sqliteDialect } from './sqlite-dialect.ts';
import type { CallTables, Kind } from './tables.ts';

/** A server that keeps calls. */
export interface CallServer {
  readonly kind: Exclude<Kind, 'sqlite'>;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly tls: 'disable' | 'require' | 'verify-full';
}

/** A server, or the folder in which a SQLite file lies. */
export type CallDatabasePlace = CallServer | { readonly kind: 'sqlite'; readonly folder: string };

/** An open database with its tables in place. */
export interface CallDatabase {
  readonly kind: Kind;
  readonly db: Kysely<CallTables>;
  /** Columns that values are written into, without generated ones. */
  readonly columns: Columns;
  /** Within a second; cuts what does not answer. Idempotent. */
  close(): Promise<void>;
}

const CONNECT_MS = 5_000;
/** One for writing, the others for readers. */
const CONNECTIONS = 4;
const CLOSE_MS = 500;

interface Transport {
  readonly dialect: Dialect;
  /** Ends connections that are still open, whatever they are doing. */
  cut(): void;
}

/** For logs: where it is, without the password. */
export function nameOf(place: CallDatabasePlace): string {
  return place.kind === 'sqlite'
    ? sqliteFile(place.folder)
    : `${place.kind}://${place.host}:${place.port}/${place.database}`;
}

function sqliteFile(folder: string): string {
  return join(folder, 'calls.db');
}

const tlsOptions = ({ tls, host }: CallServer): { rejectUnauthorized: boolean; servername?: string } => ({
  rejectUnauthorized: tls === 'verify-full',
  ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
});

async function mysqlTransport(server: CallServer): Promise<Transport> {
  const { createPool } = await import('mysql2');
  const pool = createPool({
    host: server.host,
    port: server.port,
    user: server.user,
    password: server.password,
    database: server.database,
    ...(server.tls === 'disable' ? {} : { ssl: tlsOptions(server) }),
    connectTimeout: CONNECT_MS,
    connectionLimit: CONNECTIONS,
    charset: 'utf8mb4',
    // Times are texts in UTC on both ways: no time zone of server, session or process can move them.
    timezone: 'Z',
    dateStrings: true,
    enableKeepAlive: true,
  });
  const open = new Set<{ destroy(): void }>();
  pool.on('connection', (connection) => open.add(connection));
  return {
    dialect: new MysqlDialect({
      pool,
      // Values are escaped with backslashes, which a server's own modes could forbid.
      onCreateConnection: async (connection) => {
        const modes = `set session sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'`;
        await connection.executeQuery(CompiledQuery.raw(modes));
      },
    }),
    cut() {
      for (const connection of open) connection.destroy();
      open.clear();
    },
  };
}

async function postgresTransport(server: CallServer): Promise<Transport> {
  const { default: pg } = await import('pg');
  const open = new Set<Socket>();
  const pool = new pg.Pool({
    host: server.host,
    port: server.port,
    user: server.user,
    password: server.password,
    database: server.database,
    ssl: server.tls === 'disable' ? false : tlsOptions(server),
    connectionTimeoutMillis: CONNECT_MS,
    max: CONNECTIONS,
    keepAlive: true,
    // Times and large numbers stay texts; the rows are read by us.
    types: { getTypeParser: () => (text: string) => text },
    stream() {
      const socket = new Socket();
      open.add(socket);
      socket.once('close', () => open.delete(socket));
      return socket;
    },
  });
  // A connection that breaks is told to the query that needs it; an event without a listener would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return {
    dialect: new PostgresDialect({ pool }),
    cut() {
      for (const socket of open) socket.destroy();
    },
  };
}

async function transportOf(place: CallDatabasePlace): Promise<Transport> {
  if (place.kind === 'sqlite') return { dialect: sqliteDialect(sqliteFile(place.folder)), cut: () => undefined };
  return place.kind === 'mysql' ? mysqlTransport(place) : postgresTransport(place);
}

/** Connects and brings the tables up to date. Rejects with what the database or its client says. */
export async function openCallDatabase(place: CallDatabasePlace, signal: AbortSignal): Promise<CallDatabase> {
  const transport = await transportOf(place);
  const db = new Kysely<CallTables>({ dialect: transport.dialect });
  const close = once(async () => {
    const ended = db.destroy().catch(() => undefined);
    await Promise.race([ended, delay(CLOSE_MS, undefined, { ref: false })]);
    transport.cut();
  });
  const cut = (): void => transport.cut();
  signal.addEventListener('abort', cut, { once: true });
  try {
    const columns = await bringUpToDate(db, place.kind);
    signal.throwIfAborted();
    return { kind: place.kind, db, columns, close };
  } catch (error) {
    await close();
    throw error;
  } finally {
    signal.removeEventListener('abort', cut);
  }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= work());
}
