import type { EventEmitter } from 'node:events';
import type { Tap } from '../stream/index.ts';

export type Container = 'mp4' | 'webm';

export interface RecordingWriterOptions {
  /** Closed by the writer when the recording ends. */
  readonly tap: Tap;
  /** Exists. */
  readonly directory: string;
  /** Without extension, checked already. */
  readonly baseName: string;
  /** Numbers behind the name that files of before have, also where these were moved away; the bare name has 1. */
  readonly takenNumbers?: readonly number[];
  /** The user's wish; the codec decides. */
  readonly container?: Container;
  /** A new file at the first key frame after so long. */
  readonly segmentMs?: number;
}

export interface WrittenFile {
  /** Relative to the directory. */
  readonly fileName: string;
  /** Wall clock, milliseconds since 1970. */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly bytes: number;
  readonly packetsIn: number;
  readonly packetsLost: number;
  readonly state: 'writing' | 'finished';
}

export type WriterEndReason = 'stopped' | 'stream_ended' | 'disk_full' | 'write_failed' | 'thread_died';

export type RecordingWriterEvents = {
  /** Begun or finished; finished also after `ended`. */
  file: [file: WrittenFile];
  /** Every second or so. */
  progress: [file: WrittenFile];
  /** Once; nothing is written any more. */
  ended: [reason: WriterEndReason, message: string];
};

/** One stream being written. */
export interface RecordingWriter extends EventEmitter<RecordingWriterEvents> {
  readonly container: Container;
  /** Encoding names of the tap, e.g. `H264`, `PCMA`. */
  readonly codecs: readonly string[];
  readonly files: readonly WrittenFile[];
  /** Finishes the file; resolves as `completed` does. Idempotent. */
  stop(): Promise<void>;
  /** Resolves when all files that are written to the end are complete, which takes long for long ones. Never rejects. */
  completed(): Promise<void>;
}

export type RecordThreadsEvents = {
  /** Its recordings end with `thread_died`; a new thread is on its way. */
  threadDied: [thread: { readonly index: number }];
  /** A dead one has been replaced. */
  threadUp: [thread: { readonly index: number }];
};

/** The threads that write recordings; each starts with its first work. */
export interface RecordThreads extends EventEmitter<RecordThreadsEvents> {
  /** Those that have died and are not replaced yet. */
  readonly threadsMissing: number;
  /** Resolves with the first key frame. @throws RecordingStartError */
  open(options: RecordingWriterOptions): Promise<RecordingWriter>;
  /** After a crash; writes only if the file needs it. @throws RecordingRepairError */
  repair(path: string): Promise<{ durationMs: number; bytes: number }>;
  /** Finishes all files. */
  close(): Promise<void>;
}
