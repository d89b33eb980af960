import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A database server of the test's own, on a free port of 127.0.0.1. */
export interface DatabaseServer {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Empties or creates a database. */
  createDatabase(name: string): Promise<void>;
  query(database: string, text: string): Promise<Array<Record<string, unknown>>>;
  /** After `kill`; resolves when it answers. */
  start(): Promise<void>;
  /** SIGKILL, as the kernel does it when memory is short. */
  kill(): Promise<void>;
  /** Ends it and removes its files. */
  stop(): Promise<void>;
}

/** A folder and the user that a server runs as; servers refuse to be root. */
export interface ServerHome {
  readonly folder: string;
  readonly credentials: { readonly uid?: number; readonly gid?: number };
}

const idOf = (flag: '-u' | '-g', user: string): number =>
  Number(execFileSync('id', [flag, user], { encoding: 'utf8' }));

/** @param user of the Debian package */
export function serverHome(user: string): ServerHome {
  const folder = mkdtempSync(join(tmpdir(), `gbrtc-${user}-`));
  if (process.getuid?.() !== 0) return { folder, credentials: {} };
  const credentials = { uid: idOf('-u', user), gid: idOf('-g', user) };
  chownSync(folder, credentials.uid, credentials.gid);
  return { folder, credentials };
}

/** Runs a program to its end. @throws Error with what it printed */
export function runAs({ folder, credentials }: ServerHome, program: string, args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, ...credentials, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${stdout}${stderr}`);
}

const START_MS = 40_000;

/** A server's process, which may be started several times. */
export class ServerProcess {
  readonly #home: ServerHome;
  readonly #command: readonly [string, ...string[]];
  readonly #isReady: () => Promise<boolean>;
  #child: ChildProcess | undefined;
  #ended: Promise<unknown> = Promise.resolve();

  constructor(home: ServerHome, command: readonly [string, ...string[]], isReady: () => Promise<boolean>) {
    this.#home = home;
    this.#command = command;
    this.#isReady = isReady;
  }

  async start(): Promise<void> {
    const end = Date.now() + START_MS;
    let output = '';
    while (Date.now() < end) {
      const [program, ...args] = this.#command;
      const { folder, credentials } = this.#home;
      const child = spawn(program, args, { cwd: folder, ...credentials, stdio: ['ignore', 'pipe', 'pipe'] });
      this.#child = child;
      this.#ended = once(child, 'exit');
      output = '';
      const collect = (chunk: Buffer): void => void (output = (output + chunk.toString()).slice(-10_000));
      child.stdout.on('data', collect);
      child.stderr.on('data', collect);
      while (child.exitCode === null && Date.now() < end) {
        if (await this.#isReady()) return;
        await delay(50);
      }
      // After SIGKILL a server's children hold on to its memory for a moment, and it does not start.
      await this.end('SIGKILL');
      await delay(100);
    }
    throw new Error(`${this.#command[0]} does not answer after ${START_MS} ms:\n${output}`);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    child.kill(signal);
    await this.#ended;
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    await this.end(signal);
    rmSync(this.#home.folder, { recursive: true, force: true });
  }
}
