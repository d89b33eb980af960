import { errorMessage, type Logger } from '../../util/index.ts';
import { SpoolQueue } from './spool-queue.ts';
import { RECORD_ID, TABLES, type Row, type SqlValue, type TableName } from './tables.ts';
import type { RowsByTable } from './write.ts';

export interface SpoolOptions {
  readonly folder: string;
  /** On disk, for both queues together. */
  readonly maxBytes: number;
}

/** What was taken out, to be acknowledged when it is in the database. */
export interface SpoolBatch {
  readonly rows: RowsByTable;
  /** More is likely to wait behind it. */
  readonly full: boolean;
  acknowledge(): void;
}

/** Rows of one batch. */
const BATCH = 500;
/** A turn of the event loop with so much does not wait for its end. */
const FLUSH_BYTES = 1_048_576;
/** While the disk cannot be written. */
const MAX_MEMORY_BYTES = 67_108_864;
const RETRY_MS = 1_000;
/** A power cut may take as much as this while the database is away; an end of the process takes nothing. */
const SYNC_MS = 1_000;
/** Over the bound one segment goes at a time. */
const SEGMENTS = 16;
const SEGMENT_BYTES = { min: 65_536, max: 1_048_576 } as const;

/**
 * Rows between the gateway and the database, on disk as JSON lines. Quality reports have a queue of their own, because
 * they go first when there is no room.
 */
export class Spool {
  readonly #calls: SpoolQueue;
  readonly #quality: SpoolQueue;
  readonly #maxBytes: number;
  readonly #log: Logger;
  /** One of them would starve behind the other. */
  #qualityNext = false;
  #dropped = 0;
  #scheduled: NodeJS.Immediate | undefined;
  #failing = false;
  #retry: NodeJS.Timeout | undefined;
  readonly #syncing: NodeJS.Timeout;
  #closed = false;

  /** @throws what the file system says */
  constructor({ folder, maxBytes }: SpoolOptions, log: Logger) {
    this.#maxBytes = maxBytes;
    this.#log = log;
    const segment = Math.min(Math.max(maxBytes / SEGMENTS, SEGMENT_BYTES.min), SEGMENT_BYTES.max);
    this.#calls = new SpoolQueue(folder, 'calls', segment);
    this.#quality = new SpoolQueue(folder, 'quality', segment);
    this.#syncing = setInterval(() => {
      void this.#calls.sync();
      void this.#quality.sync();
    }, SYNC_MS);
    this.#syncing.unref();
  }

  get bytes(): number {
    return this.#calls.bytes + this.#quality.bytes;
  }

  get rows(): number {
    return this.#calls.lines + this.#quality.lines;
  }

  /** Rows that were let go, for lack of room or because they could not be read back. */
  get dropped(): number {
    return this.#dropped + this.#calls.lost + this.#quality.lost;
  }

  /** In a file at the end of this turn of the event loop. */
  push(table: TableName, row: Row): void {
    if (this.#closed) {
      this.#dropped += 1;
      return;
    }
    const queue = table === 'rtc_talk_quality_stats_infos' ? this.#quality : this.#calls;
    queue.push(JSON.stringify({ table, row }));
    const waiting = this.#memoryBytes;
    if (this.#retry !== undefined) {
      if (waiting > MAX_MEMORY_BYTES) this.#drop(this.#quality.dropFromMemory() || this.#calls.dropFromMemory());
    } else if (waiting > FLUSH_BYTES) this.flush();
    else this.#scheduled ??= setImmediate(() => this.flush());
  }

  get #memoryBytes(): number {
    return this.#quality.memoryBytes + this.#calls.memoryBytes;
  }

  /** Writes what waits in memory; where the disk refuses, it is tried again later. Never throws. */
  flush(): void {
    clearImmediate(this.#scheduled);
    clearTimeout(this.#retry);
    this.#scheduled = this.#retry = undefined;
    try {
      this.#calls.flush();
      this.#quality.flush();
      this.#makeRoom();
      if (this.#failing) this.#log.info({}, 'spool of calls can be written again');
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) this.#log.error({ error: errorMessage(error) }, 'spool of calls cannot be written');
      this.#failing = true;
      if (!this.#closed) this.#retry = setTimeout(() => this.flush(), RETRY_MS).unref();
    }
  }

  #makeRoom(): void {
    while (this.bytes > this.#maxBytes) {
      const gone = this.#quality.drop() || this.#calls.drop();
      if (gone === 0) return;
      this.#drop(gone);
    }
  }

  #drop(rows: number): void {
    if (rows === 0) return;
    this.#dropped += rows;
    this.#log.warn({ rows, dropped: this.dropped, maxBytes: this.#maxBytes }, 'spool of calls is full');
  }

  /** The oldest rows of calls and of quality in turn; undefined when nothing waits. Again the same until acknowledged. */
  async take(): Promise<SpoolBatch | undefined> {
    const queues = [this.#calls, this.#quality];
    for (const queue of this.#qualityNext ? queues.toReversed() : queues) {
      const lines = await queue.take(BATCH);
      if (lines.length === 0) continue;
      const { rows, unreadable } = readLines(lines);
      const acknowledge = (): void => {
        queue.acknowledge();
        this.#qualityNext = queue === this.#calls;
        if (unreadable === 0) return;
        this.#dropped += unreadable;
        this.#log.warn({ rows: unreadable }, 'spool of calls has lines that are no records');
      };
      return { rows, full: this.rows > lines.length, acknowledge };
    }
    return undefined;
  }

  /** What is in memory goes to the disk; where it refuses, it is lost and counted. Idempotent, never rejects. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#syncing);
    clearTimeout(this.#retry);
    clearImmediate(this.#scheduled);
    for (const queue of [this.#calls, this.#quality]) {
      try {
        await queue.close();
      } catch (error) {
        this.#log.error({ error: errorMessage(error), rows: queue.lines }, 'spool of calls was not written at the end');
      }
    }
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isSqlValue = (value: unknown): value is SqlValue =>
  typeof value === 'string' || typeof value === 'number' || value === null;

function readLines(lines: readonly string[]): { rows: RowsByTable; unreadable: number } {
  const tables = new Map<TableName, Map<string, Row>>();
  let unreadable = 0;
  for (const line of lines) {
    const found = parseLine(line);
    if (found === undefined) unreadable += 1;
    else {
      const rows = tables.get(found.table) ?? new Map<string, Row>();
      tables.set(found.table, rows.set(found.id, found.row));
    }
  }
  return { rows: tables, unreadable };
}

/** A row as it was written, with the columns that this version knows. */
function parseLine(line: string): { table: TableName; id: string; row: Row } | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isObject(parsed) || !isObject(parsed['row'])) return undefined;
  const { row: values } = parsed;
  const table = TABLES.find(({ name }) => name === parsed['table']);
  const id = values[RECORD_ID];
  if (table === undefined || typeof id !== 'string') return undefined;
  const row: Record<string, SqlValue> = {};
  for (const { name } of table.columns) {
    const value = values[name] ?? null;
    if (!isSqlValue(value)) return undefined;
    row[name] = value;
  }
  return { table: table.name, id, row };
}
