import { randomBytes } from 'node:crypto';
import type { CommandTarget } from '../control/types.ts';
import type { Snapshot, SnapshotSession, SnapshotState } from './types.ts';

/** Beyond the intervals: to take the first picture and to bring the last one over. */
const PATIENCE_MS = 30_000;
/** The device says that it is done while its last upload is still under way. */
const GRACE_MS = 3_000;

/** One order for pictures, until all are here, the device is done, or time runs out. */
export class Session {
  readonly id = randomBytes(16).toString('hex');
  readonly secret = randomBytes(16).toString('hex');
  readonly wanted: number;
  readonly #target: CommandTarget;
  readonly #now: () => number;
  readonly #startedAt: number;
  readonly #snapshots: Snapshot[] = [];
  /** Pictures taken in, also those that are still being written. */
  #taken = 0;
  #confirmed = false;
  #endedAt: number | undefined;
  #timer: NodeJS.Timeout;

  constructor(
    target: CommandTarget,
    order: { readonly count: number; readonly intervalSec: number },
    now: () => number,
  ) {
    this.#target = target;
    this.wanted = order.count;
    this.#now = now;
    this.#startedAt = now();
    this.#timer = this.#endAfter(order.count * order.intervalSec * 1_000 + PATIENCE_MS);
  }

  get deviceId(): string {
    return this.#target.deviceId;
  }

  get ended(): boolean {
    return this.#endedAt !== undefined;
  }

  get view(): SnapshotSession {
    return {
      id: this.id,
      ...this.#target,
      state: this.#state,
      confirmed: this.#confirmed,
      wanted: this.wanted,
      snapshots: [...this.#snapshots],
      startedAt: this.#startedAt,
      ...(this.#endedAt !== undefined && { endedAt: this.#endedAt }),
    };
  }

  get #state(): SnapshotState {
    if (this.#endedAt === undefined) return 'waiting';
    if (this.#snapshots.length >= this.wanted) return 'complete';
    return this.#snapshots.length > 0 ? 'partial' : 'failed';
  }

  confirm(): void {
    this.#confirmed = true;
  }

  /** Takes places for this many files; undefined where there are not that many left. */
  reserve(files: number): Snapshot[] | undefined {
    if (this.#taken + files > this.wanted) return undefined;
    const first = this.#taken + 1;
    this.#taken += files;
    return Array.from({ length: files }, (_, index) => ({
      id: `${this.id}-${first + index}`,
      sessionId: this.id,
      ...this.#target,
      at: this.#now(),
      bytes: 0,
    }));
  }

  add(snapshot: Snapshot): void {
    this.#snapshots.push(snapshot);
    if (this.#snapshots.length >= this.wanted) this.end();
  }

  /** The device says that nothing more comes. */
  finish(): void {
    if (this.ended) return;
    clearTimeout(this.#timer);
    this.#timer = this.#endAfter(GRACE_MS);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#endedAt ??= this.#now();
  }

  #endAfter(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.end(), ms).unref();
  }
}
