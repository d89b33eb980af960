import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { TalkSession } from '../../rooms/index.ts';
import { errorMessage, type Logger } from '../../util/index.ts';

const runSchema = z.object({ id: z.string().regex(/^[\da-f]{1,32}$/), aliveAt: z.number().min(0) });
const fileSchema = z.object({ runs: z.array(runSchema) });

/** One run of the gateway, from its start to its end. */
export interface Run {
  /** `gateway_run` of its sessions. */
  readonly id: string;
  /** Unix ms, the last time that it was known to live. */
  readonly aliveAt: number;
}

const ALIVE_MS = 5_000;
/** Runs that were killed while the database was away. */
const MAX_RUNS = 64;
const OWNER_ONLY = 0o600;

const absent = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

/**
 * Which runs of this gateway may have left sessions open in the records, and when they were last alive: a small file,
 * written at a run's first session and every five seconds while one is open.
 */
export class Runs {
  readonly id = randomBytes(12).toString('hex');
  readonly #file: string;
  readonly #log: Logger;
  readonly #open = new Set<string>();
  readonly #timer: NodeJS.Timeout;
  #earlier: readonly Run[];
  #noted = false;
  #failing = false;

  constructor(file: string, log: Logger) {
    this.#file = file;
    this.#log = log;
    this.#earlier = this.#read();
    this.#timer = setInterval(() => this.#tick(), ALIVE_MS);
    this.#timer.unref();
  }

  /** That were killed, oldest first. */
  get earlier(): readonly Run[] {
    return this.#earlier;
  }

  /** Never throws. */
  note({ sessionId, leftAt }: TalkSession): void {
    if (leftAt !== undefined) {
      this.#open.delete(sessionId);
      return;
    }
    this.#open.add(sessionId);
    // Before its first row: a row of an unknown run stays open.
    if (!this.#noted) this.#write();
  }

  /** Its sessions have been ended. */
  forget(run: Run): void {
    this.#earlier = this.#earlier.filter(({ id }) => id !== run.id);
    this.#write();
  }

  /** An orderly end leaves nothing open. Idempotent. */
  close(): void {
    clearInterval(this.#timer);
    this.#write();
  }

  #tick(): void {
    if (this.#open.size > 0) this.#write();
  }

  #read(): readonly Run[] {
    try {
      const { runs } = fileSchema.parse(JSON.parse(readFileSync(this.#file, 'utf8')));
      if (runs.length > MAX_RUNS) {
        this.#log.warn({ runs: runs.length, most: MAX_RUNS }, 'calls of the oldest runs stay open in the records');
      }
      return runs.slice(-MAX_RUNS);
    } catch (error) {
      if (!absent(error)) {
        this.#log.warn({ file: this.#file, error: errorMessage(error) }, 'runs of the gateway cannot be read');
      }
      return [];
    }
  }

  #write(): void {
    const own = this.#open.size > 0 ? [{ id: this.id, aliveAt: Date.now() }] : [];
    const runs = [...this.#earlier, ...own];
    try {
      if (runs.length === 0) rmSync(this.#file, { force: true });
      else {
        writeFileSync(`${this.#file}.new`, `${JSON.stringify({ runs })}\n`, { mode: OWNER_ONLY });
        renameSync(`${this.#file}.new`, this.#file);
      }
      this.#noted = own.length > 0;
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) {
        this.#log.error({ file: this.#file, error: errorMessage(error) }, 'run of the gateway cannot be noted');
      }
      this.#failing = true;
    }
  }
}
