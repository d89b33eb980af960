import { EventEmitter, once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import type { CallHistory, CallRecords, TalkSubsession } from '../../rooms/index.ts';
import { GatewayError, errorMessage, safeEmit, type Logger } from '../../util/index.ts';
import { nameOf, openCallDatabase, type CallDatabase, type CallDatabasePlace } from './connection.ts';
import { History } from './history.ts';
import { leftOpenBy } from './left-open.ts';
import { Runs, type Run } from './runs.ts';
import { Spool, type SpoolBatch } from './spool.ts';
import { qualityRow, sessionRow, subsessionRow } from './tables.ts';
import { writeRows } from './write.ts';

/** Calls cannot be read, because their database is away. */
export class CallDatabaseError extends GatewayError {
  readonly code = 'call_database_unavailable';
  constructor(place: string, cause: unknown) {
    super(`database ${place} of calls cannot be reached: ${errorMessage(cause)}`, { cause });
  }
}

export interface CallsOptions {
  readonly place: CallDatabasePlace;
  /** Records wait in its folder `calls-spool`; `calls-runs.json` tells which runs were killed in the middle of calls. */
  readonly dataFolder: string;
  readonly spoolBytes: number;
  /** The same subsession as it ends at that time, in Unix ms, with its status and cost. */
  readonly finish: (subsession: TalkSubsession, at: number) => TalkSubsession;
}

export interface CallsUsage {
  readonly connected: boolean;
  /** Rows that the database has taken. */
  readonly written: number;
  /** Rows that wait for it. */
  readonly pending: number;
  readonly spooledBytes: number;
  /** Rows that were let go: no room, unreadable, or refused by the database. */
  readonly dropped: number;
}

export type CallsEvents = {
  /** Back after `down`. */
  up: [];
  down: [reason: string];
};

/** Records of calls, kept in a database. */
export interface Calls extends EventEmitter<CallsEvents> {
  readonly records: CallRecords;
  readonly history: CallHistory;
  usage(): CallsUsage;
  /**
   * Resolves with true when everything that has been saved until now is in the database, and what earlier runs have
   * left open is ended there; with false when the signal was faster. Never rejects.
   */
  settled(signal: AbortSignal): Promise<boolean>;
  /** Within two seconds: what the database has not taken by then stays on disk for the next start. Idempotent. */
  close(): Promise<void>;
}

/** So that rows are written together. */
const GATHER_MS = 200;
/** How often a database without work is asked whether it is there. */
const PING_MS = 10_000;
/** A statement without an answer for so long means that the database is away. */
const ANSWER_MS = 15_000;
const BACKOFF_MS = { first: 250, most: 10_000 } as const;
/** Of the two seconds that `close` has. */
const DRAIN_MS = 1_000;

/** For programs that only read. */
export interface OpenCallHistory extends CallHistory {
  close(): Promise<void>;
}

/** Connects to read calls, without a spool. @throws CallDatabaseError */
export async function openCallHistory(place: CallDatabasePlace): Promise<OpenCallHistory> {
  const opening = new AbortController();
  try {
    const never = new AbortController().signal;
    const database = await within(openCallDatabase(place, opening.signal), never, () => opening.abort());
    const history = new History(() => Promise.resolve(database));
    return {
      sessions: (range, limit) => history.sessions(range, limit),
      subsessions: (range, limit) => history.subsessions(range, limit),
      quality: (range, limit) => history.quality(range, limit),
      close: () => database.close(),
    };
  } catch (error) {
    throw new CallDatabaseError(nameOf(place), error);
  }
}

/** Opens the spool; the database may come later. @throws what the file system says of the spool's folder */
export function openCalls(options: CallsOptions, log: Logger): Calls {
  return new DatabaseCalls(options, log);
}

class DatabaseCalls extends EventEmitter<CallsEvents> implements Calls {
  readonly records: CallRecords;
  readonly history: CallHistory;
  readonly #place: CallDatabasePlace;
  readonly #log: Logger;
  readonly #spool: Spool;
  readonly #runs: Runs;
  readonly #finish: CallsOptions['finish'];
  #database: CallDatabase | undefined;
  /** Why it is away; undefined while it is there, or before the first attempt. */
  #away: string | undefined;
  #written = 0;
  #refused = 0;
  #saved = false;
  readonly #wake = new EventEmitter<{ saved: [] }>();
  /** Who asks whether the records are complete. */
  readonly #asking = new Set<() => void>();
  /** Waits end at once, batches go on. */
  readonly #closing = new AbortController();
  /** Everything ends. */
  readonly #ending = new AbortController();
  readonly #running: Promise<void>;
  #closed: Promise<void> | undefined;

  constructor({ place, dataFolder, spoolBytes, finish }: CallsOptions, log: Logger) {
    super();
    this.#place = place;
    this.#log = log.child({ database: nameOf(place) });
    this.#spool = new Spool({ folder: join(dataFolder, 'calls-spool'), maxBytes: spoolBytes }, this.#log);
    this.#runs = new Runs(join(dataFolder, 'calls-runs.json'), this.#log);
    this.#finish = finish;
    const save = (make: () => void): void => {
      try {
        make();
        this.#saved = true;
        this.#wake.emit('saved');
      } catch (error) {
        this.#refused += 1;
        this.#log.error({ error: errorMessage(error) }, 'record of a call cannot be kept');
      }
    };
    this.records = {
      saveSession: (session) =>
        save(() => {
          this.#runs.note(session);
          this.#spool.push('rtc_talk_sessions', sessionRow(session, this.#runs.id));
        }),
      saveSubsession: (one) => save(() => this.#spool.push('rtc_talk_subsessions', subsessionRow(one))),
      addQuality: (report) =>
        save(() => this.#spool.push('rtc_talk_quality_stats_infos', qualityRow(newId(report.createdAt), report))),
    };
    this.history = new History(() => this.#reachable());
    this.#running = this.#run();
  }

  usage(): CallsUsage {
    return {
      connected: this.#database !== undefined,
      written: this.#written,
      pending: this.#spool.rows,
      spooledBytes: this.#spool.bytes,
      dropped: this.#spool.dropped + this.#refused,
    };
  }

  async settled(signal: AbortSignal): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const settle = (): void => resolve(true);
    const giveUp = (): void => resolve(false);
    signal.addEventListener('abort', giveUp, { once: true });
    this.#asking.add(settle);
    this.#spool.flush();
    this.#wake.emit('saved');
    if (signal.aborted) giveUp();
    try {
      return await promise;
    } finally {
      this.#asking.delete(settle);
      signal.removeEventListener('abort', giveUp);
    }
  }

  #reachable(): Promise<CallDatabase> {
    if (this.#database !== undefined) return Promise.resolve(this.#database);
    return Promise.reject(new CallDatabaseError(nameOf(this.#place), this.#away ?? 'not connected yet'));
  }

  async #run(): Promise<void> {
    let backoff: number = BACKOFF_MS.first;
    while (!this.#ending.signal.aborted) {
      try {
        await this.#connect();
        backoff = BACKOFF_MS.first;
        if (!(await this.#step())) return;
      } catch (error) {
        await this.#goDown(error);
        // The spool keeps everything for the next start.
        if (this.#closing.signal.aborted) return;
        await this.#pause(backoff * (0.75 + Math.random() / 2));
        backoff = Math.min(backoff * 2, BACKOFF_MS.most);
      }
    }
  }

  async #connect(): Promise<void> {
    if (this.#database !== undefined) return;
    const opening = new AbortController();
    const database = await within(openCallDatabase(this.#place, opening.signal), this.#ending.signal, () =>
      opening.abort(),
    );
    this.#database = database;
    const level = this.#away === undefined ? 'debug' : 'info';
    this.#log[level]({ pending: this.#spool.rows }, 'database of calls is connected');
    if (this.#away !== undefined) safeEmit(this, this.#log, 'up');
    this.#away = undefined;
  }

  /** Writes one batch, or waits for one. @returns false when there is nothing more to do */
  async #step(): Promise<boolean> {
    const asking = [...this.#asking];
    const batch = await this.#spool.take();
    if (batch !== undefined) await this.#write(batch);
    if (batch?.full === true) return true;
    if (this.#closing.signal.aborted) return batch !== undefined;
    await this.#settle(asking);
    if (batch === undefined && !this.#saved && this.#asking.size === 0) await this.#idle();
    this.#saved = false;
    await this.#pause(GATHER_MS);
    this.#spool.flush();
    return true;
  }

  /** All that waited when those asked is in the database now, also the last rows of earlier runs. */
  async #settle(asking: ReadonlyArray<() => void>): Promise<void> {
    const { earlier } = this.#runs;
    for (const run of earlier) await this.#end(run);
    // What has ended them waits in the spool.
    if (earlier.length === 0) for (const settle of asking) settle();
  }

  async #write(batch: SpoolBatch): Promise<void> {
    const database = await this.#reachable();
    const { written, refused } = await within(writeRows(database, batch.rows), this.#ending.signal);
    this.#written += written;
    this.#refused += refused.length;
    for (const { table, row, error } of refused) {
      this.#log.error({ table, record: row['record_id'], error: errorMessage(error) }, 'database refuses a record');
    }
    batch.acknowledge();
  }

  /** Ends what was going on when the gateway was killed. */
  async #end(run: Run): Promise<void> {
    const database = await this.#reachable();
    let ended = 0;
    const ask = <T>(query: Promise<T>): Promise<T> => within(query, this.#ending.signal);
    for await (const { sessions, subsessions } of leftOpenBy(run.id, database, ask)) {
      ended += sessions.length;
      for (const session of sessions) {
        const leftAt = Math.max(run.aliveAt, session.joinedAt);
        this.#spool.push('rtc_talk_sessions', sessionRow({ ...session, leftAt }, run.id));
      }
      for (const one of subsessions) {
        this.#spool.push('rtc_talk_subsessions', subsessionRow(this.#finish(one, run.aliveAt)));
      }
      this.#saved = true;
      await nextTurn();
    }
    this.#spool.flush();
    this.#runs.forget(run);
    if (ended > 0) this.#log.warn({ sessions: ended }, 'calls that were open when the gateway was killed are ended');
  }

  /** Until something is saved; a database that goes away meanwhile is noticed. */
  async #idle(): Promise<void> {
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(PING_MS)]);
    await once(this.#wake, 'saved', { signal }).catch(() => undefined);
    if (this.#saved || this.#closing.signal.aborted) return;
    const { db } = await this.#reachable();
    await within(sql`select 1`.execute(db), this.#ending.signal);
  }

  async #goDown(error: unknown): Promise<void> {
    const database = this.#database;
    this.#database = undefined;
    await database?.close();
    if (this.#closing.signal.aborted) return;
    const reason = errorMessage(error);
    if (reason !== this.#away) this.#log.error({ error: reason }, 'database of calls is away: records wait on disk');
    const first = this.#away === undefined;
    this.#away = reason;
    if (first) safeEmit(this, this.#log, 'down', reason);
  }

  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#closing.signal }).catch(() => undefined);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#spool.flush();
    this.#closing.abort();
    const overdue = setTimeout(() => this.#ending.abort(), DRAIN_MS);
    await this.#running;
    clearTimeout(overdue);
    const database = this.#database;
    this.#database = undefined;
    await database?.close();
    await this.#spool.close();
    this.#runs.close();
    const { rows } = this.#spool;
    if (rows > 0) this.#log.warn({ rows }, 'records of calls stay on disk for the next start');
  }
}

/** Sorts by time, so that the newest rows lie together. */
const newId = (ms: number): string => `${ms.toString(36)}-${randomBytes(12).toString('hex')}`;

/** Rejects when the answer takes too long or nobody wants it any more. @param cut ends the work, as far as it can be */
function within<T>(work: Promise<T>, ending: AbortSignal, cut = (): void => undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void): void => {
      clearTimeout(timer);
      ending.removeEventListener('abort', onEnding);
      end();
    };
    const giveUp = (reason: string): void => {
      settle(() => reject(new RangeError(reason)));
      cut();
    };
    const onEnding = (): void => giveUp('the gateway ends');
    const timer = setTimeout(() => giveUp(`no answer for ${ANSWER_MS} ms`), ANSWER_MS);
    ending.addEventListener('abort', onEnding, { once: true });
    work.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error instanceof Error ? error : new RangeError(String(error)))),
    );
    if (ending.aborted) onEnding();
  });
}
