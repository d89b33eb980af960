import type { EventEmitter } from 'node:events';
import type { Readable } from 'node:stream';
import type { Container } from './writer-types.ts';

/** `interrupted`: the gateway ended without a chance to finish it; what was written is there. */
export type RecordingState = 'recording' | 'finished' | 'interrupted' | 'failed';

/** Why a recording is in its state; absent while it simply runs. */
export type RecordingReason =
  | 'stopped'
  | 'stream_ended'
  /** Running still: the source is gone and is being asked for again. */
  | 'source_lost'
  | 'shutdown'
  | 'crash'
  | 'disk_full'
  | 'write_failed'
  | 'thread_died'
  | 'file_limit';

/** Who asked for a recording. */
export type RecordingRequester = 'api' | 'pms' | 'room';

export interface RecordingFile {
  /** From 0 on. */
  readonly index: number;
  /** In the folder of the recordings. */
  readonly fileName: string;
  /** Unix ms. */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly bytes: number;
  readonly packetsIn: number;
  readonly packetsLost: number;
  readonly state: 'writing' | 'finished';
}

/** One recording without its files. */
export interface RecordingSummary {
  readonly id: string;
  /** `<app>/<name>`. */
  readonly stream: string;
  readonly state: RecordingState;
  readonly reason?: RecordingReason;
  /** One line for people. */
  readonly message?: string;
  readonly startedAt: number;
  readonly endedAt?: number;
  /** Sums over the files that are left. */
  readonly durationMs: number;
  readonly bytes: number;
  readonly packetsIn: number;
  readonly packetsLost: number;
  readonly container: Container;
  /** Encoding names, e.g. `H264`, `PCMA`. */
  readonly codecs: readonly string[];
  readonly requestedBy: RecordingRequester;
  readonly fileCount: number;
}

export interface Recording extends RecordingSummary {
  readonly files: readonly RecordingFile[];
}

export interface RecordingRequest {
  readonly stream: string;
  /** With or without extension; the container follows the codec. */
  readonly fileName?: string;
  /** A new file after so long; absent = as configured. */
  readonly segmentMinutes?: number;
  readonly requestedBy: RecordingRequester;
}

export interface RecordingQuery {
  readonly stream?: string;
  readonly state?: RecordingState;
  /** Unix ms; recordings that overlap the range. */
  readonly from?: number;
  readonly to?: number;
  /** Part of the stream's or a file's name. */
  readonly text?: string;
  /** From 1 on. */
  readonly page: number;
  readonly limit: number;
}

export interface RecordingPage {
  /** Newest first, each with its newest files only. */
  readonly items: readonly Recording[];
  readonly total: number;
  /** Of all that match, those that run as they were last saved. */
  readonly totalBytes: number;
}

/** One file as somebody may download it now. */
export interface OpenedFile {
  readonly stream: string;
  readonly fileName: string;
  readonly container: Container;
  /** What is complete so far. */
  readonly bytes: number;
  /** RFC 9110 §8.8.3; stays while the file only grows. */
  readonly etag: string;
  /** What a client has may be less than what is there. */
  readonly growing: boolean;
  readonly modifiedAt: number;
  /** Bytes `start` to `end`, both included; closes the file at its end. Once, or `close`. */
  read(start: number, end: number): Readable;
  close(): Promise<void>;
}

/** Sums since the start of the gateway. */
export interface RecordingCounters {
  readonly running: number;
  readonly bytes: number;
  readonly packets: number;
  readonly packetsLost: number;
  readonly failed: number;
}

export type RecordingsEvents = {
  /** Begun, ended, another file, or grown (every few seconds). */
  changed: [recording: Recording];
  removed: [removed: { readonly id: string }];
};

/** All recordings, running and past. */
export interface Recordings extends EventEmitter<RecordingsEvents> {
  readonly counters: RecordingCounters;
  /**
   * Resolves when the first file is being written. @throws RecordingNameError, RecordingLimitError,
   * DiskSpaceError, errors of the stream and of the writer
   */
  start(request: RecordingRequest): Promise<Recording>;
  /** Finishes the file; a recording that has ended stays as it is. @throws RecordingUnknownError */
  stop(id: string): Promise<Recording>;
  /** Those of one stream that were started by this requester, or only the one with this file's name. */
  stopStream(
    stream: string,
    which: { readonly requestedBy: RecordingRequester; readonly fileName?: string },
  ): Promise<Recording[]>;
  get(id: string): Recording | undefined;
  list(query: RecordingQuery): RecordingPage;
  /** Files and all. @throws RecordingUnknownError, RecordingRunningError */
  delete(id: string): Promise<void>;
  /** Undefined where there is no such recording or file. */
  openFile(id: string, index: number): Promise<OpenedFile | undefined>;
  /** Finishes what runs, within its limit. Idempotent. */
  close(): Promise<void>;
}

/** A file of some recording. */
export interface FileOfRecording {
  readonly recordingId: string;
  readonly file: RecordingFile;
}

/** A finished file as retention sees it. */
export interface StoredFile extends FileOfRecording {
  /** `markDone` was not told of it. */
  readonly pending: boolean;
}

/** Persistence of recordings; synchronous, calls may throw. */
export interface RecordingStore {
  /** Adds or replaces everything but the files. */
  save(recording: RecordingSummary): void;
  /** Adds or replaces one file. */
  saveFile(recordingId: string, file: RecordingFile): void;
  get(id: string): Recording | undefined;
  /** Newest first, each with its newest files only. */
  list(query: RecordingQuery, maxFiles: number): RecordingPage;
  /** Those whose state is `recording`. */
  unfinished(): Recording[];
  /** Files that were not finished, of recordings that are not running. */
  unfinishedFiles(): FileOfRecording[];
  /** Finished files of all recordings, those that run too, by their end; without the first `skip`. */
  oldestFiles(limit: number, skip: number): StoredFile[];
  /** Of all ended ones. */
  totalBytes(): number;
  remove(id: string): void;
  /** Takes the file off the sums of its recording. False where that has no other file. */
  removeFile(recordingId: string, file: RecordingFile): boolean;
  /** Finished files that `markDone` was not told of, oldest first. */
  pendingFiles(limit: number): FileOfRecording[];
  markDone(recordingId: string, index: number): void;
  /** The file that was the last to get this name. */
  holderOf(fileName: string): { readonly recordingId: string; readonly index: number } | undefined;
  /** Names of files that are `base` and an extension, or begin with `base-`. */
  namesOf(base: string): string[];
}
