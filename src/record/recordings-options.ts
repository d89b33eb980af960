import type { ReopenTiming } from './recording-job.ts';

/** How recordings are made and kept. */
export interface RecordingsOptions {
  readonly path: string;
  /** Program and arguments for each finished file; empty = none. */
  readonly execRecordDone: readonly string[];
  /** 0 = one file. */
  readonly segmentMs: number;
  /** 0 = for ever. */
  readonly maxAgeMs: number;
  /** 0 = no limit. */
  readonly maxBytes: number;
  /** 0 = until the disk is full. */
  readonly minFreeBytes: number;
  /** At the same time; default 200. */
  readonly maxRunning?: number;
  /** Files of one recording; default 10000. */
  readonly maxFiles?: number;
  readonly reopen?: ReopenTiming;
  /** Free space is looked at so often; default 5000. */
  readonly spaceCheckMs?: number;
  /** Age and size are looked at so often; default 60000. */
  readonly retentionCheckMs?: number;
  /** Programs of execRecordDone; default 10 minutes. */
  readonly execLimitMs?: number;
  /** `close` waits no longer for the last files; default 1500. */
  readonly closeLimitMs?: number;
}

const DEFAULTS = {
  maxRunning: 200,
  maxFiles: 10_000,
  reopen: { limitMs: 600_000, firstWaitMs: 1000, maxWaitMs: 30_000 },
  spaceCheckMs: 5000,
  retentionCheckMs: 60_000,
  execLimitMs: 600_000,
  closeLimitMs: 1500,
};

/** With a value for each. */
export type CompleteOptions = RecordingsOptions & typeof DEFAULTS;

/** What is not given is the default. */
export function withDefaults(options: RecordingsOptions): CompleteOptions {
  return { ...DEFAULTS, ...options };
}
