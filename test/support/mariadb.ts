import { join } from 'node:path';
import { createConnection, type Connection } from 'mysql2/promise';
import { ServerProcess, runAs, serverHome, type DatabaseServer } from './database-server.ts';
import { freePort } from './gateway-process.ts';
import { toolPath } from './requires.ts';

const USER = 'gbrtc';
/** What an URL must encode. */
const PASSWORD = 'p@ss/w:ord%';

/** MariaDB in another time zone and with SQL modes that change how texts are read. */
export async function startMariadb(): Promise<DatabaseServer> {
  const home = serverHome('mysql');
  const port = await freePort();
  const data = join(home.folder, 'data');
  const socketPath = join(home.folder, 'socket');
  const root = (): Promise<Connection> => createConnection({ socketPath, user: 'root' });
  const run = async (work: (connection: Connection) => Promise<void>): Promise<void> => {
    const connection = await root();
    try {
      await work(connection);
    } finally {
      await connection.end();
    }
  };
  const isReady = (): Promise<boolean> =>
    run(async () => undefined).then(
      () => true,
      () => false,
    );
  const server = new ServerProcess(
    home,
    [
      toolPath('mariadbd') ?? 'mariadbd',
      '--no-defaults',
      `--datadir=${data}`,
      `--socket=${socketPath}`,
      `--pid-file=${join(home.folder, 'pid')}`,
      '--bind-address=127.0.0.1',
      `--port=${port}`,
      '--default-time-zone=+08:00',
      '--sql-mode=NO_BACKSLASH_ESCAPES,ANSI_QUOTES',
      '--innodb-buffer-pool-size=32M',
      // The process is killed, not the machine: what the system has in its cache stays.
      '--innodb-flush-method=nosync',
      '--innodb-flush-log-at-trx-commit=2',
    ],
    isReady,
  );
  try {
    runAs(home, toolPath('mariadb-install-db') ?? 'mariadb-install-db', [
      '--no-defaults',
      `--datadir=${data}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
    ]);
    await server.start();
    await run(async (connection) => {
      await connection.query(`create user ${USER}@'127.0.0.1' identified by '${PASSWORD}'`);
      await connection.query(`grant all on *.* to ${USER}@'127.0.0.1'`);
    });
  } catch (error) {
    await server.stop('SIGKILL');
    throw error;
  }
  return {
    port,
    user: USER,
    password: PASSWORD,
    async createDatabase(name) {
      await run(async (connection) => {
        await connection.query(`drop database if exists ${name}`);
        await connection.query(`create database ${name}`);
      });
    },
    async query(database, text) {
      let rows: unknown;
      await run(async (connection) => {
        await connection.query(`use ${database}`);
        [rows] = await connection.query(text);
      });
      return Array.isArray(rows) ? rows : [];
    },
    start: () => server.start(),
    kill: () => server.end('SIGKILL'),
    stop: () => server.stop('SIGTERM'),
  };
}
