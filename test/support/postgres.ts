import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { ServerProcess, runAs, serverHome, type DatabaseServer } from './database-server.ts';
import { freePort } from './gateway-process.ts';
import { toolPath } from './requires.ts';

const USER = 'gbrtc';
/** What an URL must encode. */
const PASSWORD = 'p@ss/w:ord%';

/** PostgreSQL in another time zone. */
export async function startPostgres(): Promise<DatabaseServer> {
  const home = serverHome('postgres');
  const port = await freePort();
  const data = join(home.folder, 'data');
  const query = async (database: string, text: string): Promise<Array<Record<string, unknown>>> => {
    const client = new pg.Client({ host: '127.0.0.1', port, user: USER, password: PASSWORD, database });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  };
  const isReady = (): Promise<boolean> =>
    query('postgres', 'select 1').then(
      () => true,
      () => false,
    );
  const server = new ServerProcess(
    home,
    [
      toolPath('postgres') ?? 'postgres',
      '-D',
      data,
      '-h',
      '127.0.0.1',
      '-p',
      String(port),
      '-k',
      home.folder,
      '-c',
      'timezone=Asia/Shanghai',
      // The process is killed, not the machine: what the system has in its cache stays.
      '-c',
      'fsync=off',
    ],
    isReady,
  );
  try {
    const passwordFile = join(home.folder, 'password');
    writeFileSync(passwordFile, PASSWORD);
    const options = ['--no-sync', '--encoding=UTF8', '--locale=C', '--auth=scram-sha-256'];
    runAs(home, toolPath('initdb') ?? 'initdb', ['-D', data, '-U', USER, `--pwfile=${passwordFile}`, ...options]);
    await server.start();
  } catch (error) {
    await server.stop('SIGKILL');
    throw error;
  }
  return {
    port,
    user: USER,
    password: PASSWORD,
    async createDatabase(name) {
      await query('postgres', `drop database if exists ${name} with (force)`);
      await query('postgres', `create database ${name}`);
    },
    query,
    start: () => server.start(),
    kill: () => server.end('SIGKILL'),
    stop: () => server.stop('SIGINT'),
  };
}
