import { spawn, type ChildProcess } from 'node:child_process';
import type { Logger } from '../util/index.ts';
import { errorMessage } from '../util/index.ts';
import type { FileOfRecording, RecordingStore } from './types.ts';

const DEFAULT_MAX_RUNNING = 2;
const DEFAULT_TIME_LIMIT_MS = 600_000;
/** Between SIGTERM and SIGKILL. */
const GRACE_MS = 5_000;
/** What comes on stderr behind the end of the program. */
const STDERR_GRACE_MS = 500;
/** Without descriptors, processes or memory for it a program starts so much later. */
const RETRY_MS = 10_000;
const TRANSIENT: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'EAGAIN', 'ENOMEM']);
const STDERR_BYTES = 4096;
const STDERR_LINES = 5;

export interface DoneProgramOptions {
  /** Program and arguments; `$file` in them becomes the file's path. Empty = nothing runs. */
  readonly command: readonly string[];
  readonly maxRunning?: number;
  readonly timeLimitMs?: number;
}

export interface DoneProgramParts {
  readonly store: Pick<RecordingStore, 'pendingFiles' | 'markDone'>;
  readonly pathOf: (fileName: string) => string;
  readonly log: Logger;
}

/**
 * Runs a program for each finished file, a few at a time. The store is the queue, so that a file whose program was
 * cut off by the end of the gateway gets it again at the next start.
 */
export class DoneProgram {
  readonly #command: readonly string[];
  readonly #maxRunning: number;
  readonly #timeLimitMs: number;
  readonly #parts: DoneProgramParts;
  readonly #running = new Map<string, ChildProcess>();
  #closed = false;

  constructor({ command, maxRunning, timeLimitMs }: DoneProgramOptions, parts: DoneProgramParts) {
    this.#command = command;
    this.#maxRunning = maxRunning ?? DEFAULT_MAX_RUNNING;
    this.#timeLimitMs = timeLimitMs ?? DEFAULT_TIME_LIMIT_MS;
    this.#parts = parts;
  }

  get running(): number {
    return this.#running.size;
  }

  /** Looks for finished files. */
  wake(): void {
    if (this.#closed) return;
    try {
      if (this.#command.length === 0) this.#forgetAll();
      else this.#startSome();
    } catch (error) {
      this.#parts.log.error({ error: errorMessage(error) }, 'finished recordings could not be read');
    }
  }

  /** Ends what runs; it is tried again at the next start. Idempotent. */
  close(): void {
    this.#closed = true;
    for (const child of this.#running.values()) signalGroup(child, 'SIGTERM');
  }

  /** Without a program there is nothing to catch up on should one be configured later. */
  #forgetAll(): void {
    const { store } = this.#parts;
    for (let found = store.pendingFiles(500); found.length > 0; found = store.pendingFiles(500)) {
      for (const { recordingId, file } of found) store.markDone(recordingId, file.index);
    }
  }

  #startSome(): void {
    const free = this.#maxRunning - this.#running.size;
    if (free <= 0) return;
    const pending = this.#parts.store.pendingFiles(this.#maxRunning + this.#running.size);
    for (const each of pending.filter((one) => !this.#running.has(keyOf(one))).slice(0, free)) this.#start(each);
  }

  #start(of: FileOfRecording): void {
    const { log, pathOf } = this.#parts;
    const path = pathOf(of.file.fileName);
    const [program = '', ...args] = this.#command.map((word) => word.replaceAll('$file', () => path));
    const startedAt = Date.now();
    // A group of its own, so that what it has started itself ends with it.
    const child: ChildProcess = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
    let problem: string | undefined;
    let ended: { code: number | null; signal: NodeJS.Signals | null } = { code: null, signal: null };
    let settled = false;
    const settle = (again: boolean): void => {
      if (settled) return;
      settled = true;
      clearTimeout(limit);
      child.stderr?.destroy();
      const fields = { file: of.file.fileName, ...ended, ms: Date.now() - startedAt, ...linesOf(stderr) };
      if (ended.code === 0 && problem === undefined) log.info(fields, 'execRecordDone has ended');
      else log.warn({ ...fields, ...(problem === undefined ? {} : { problem }) }, 'execRecordDone has failed');
      this.#handleEnd(of, again);
    };
    const settleEnded = (): void => settle(this.#closed && ended.code !== 0);
    child.once('error', (error: NodeJS.ErrnoException) => {
      problem ??= errorMessage(error);
      if (child.pid !== undefined) return;
      const transient = TRANSIENT.has(error.code ?? '');
      if (transient) setTimeout(() => this.wake(), RETRY_MS).unref();
      settle(transient);
    });
    child.once('exit', (code, signal) => {
      ended = { code, signal };
      // What it has left behind may keep stderr open for ever.
      setTimeout(settleEnded, STDERR_GRACE_MS).unref();
    });
    child.once('close', settleEnded);
    this.#running.set(keyOf(of), child);
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      if (stderr.length < STDERR_BYTES) stderr += chunk.toString('utf8').slice(0, STDERR_BYTES - stderr.length);
    });
    const limit = setTimeout(() => {
      problem = `it ran longer than ${this.#timeLimitMs} ms`;
      signalGroup(child, 'SIGTERM');
      setTimeout(() => signalGroup(child, 'SIGKILL'), GRACE_MS).unref();
    }, this.#timeLimitMs);
  }

  #handleEnd(of: FileOfRecording, again: boolean): void {
    this.#running.delete(keyOf(of));
    if (again) return;
    try {
      this.#parts.store.markDone(of.recordingId, of.file.index);
    } catch (error) {
      this.#parts.log.error({ error: errorMessage(error) }, 'recording could not be written');
      // Reading it as pending again at once would run the program in a loop.
      return;
    }
    this.wake();
  }
}

const keyOf = ({ recordingId, file }: FileOfRecording): string => `${recordingId} ${file.index}`;

function linesOf(stderr: string): { stderr?: string[] } {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  return lines.length === 0 ? {} : { stderr: lines.slice(0, STDERR_LINES) };
}

/** Also where the program itself has ended: what it has started may not have. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    child.kill(signal);
  }
}
