import type { EventEmitter } from 'node:events';
import type { DownloadEnd, RecordedRange } from '../../stream/index.ts';
import type { RecordingFile } from '../types.ts';

/**
 * `complete`: as long as what the device has recorded; `partial`: shorter; the file is there in both cases. `failed`:
 * nothing has come, or the gateway ended meanwhile; what had come by then is there.
 */
export type DownloadState = 'running' | 'complete' | 'partial' | 'failed';

export interface DownloadRequest extends RecordedRange {
  /** Times the speed of play. */
  readonly speed: number;
}

export interface DownloadSnapshot extends RecordedRange {
  readonly id: string;
  /** As which its pictures come. */
  readonly stream: string;
  readonly speed: number;
  readonly state: DownloadState;
  /** 0 to 1. */
  readonly progress: number;
  /** Unix ms, up to where it has arrived. */
  readonly positionMs: number;
  /** What the device has recorded of the range, by its own list; the whole range where it tells none. */
  readonly expectedMs: number;
  /** Of the files. */
  readonly durationMs: number;
  readonly receivedBytes: number;
  /** As the device announced it; 0 = unknown. */
  readonly fileSize: number;
  /** Calls after a loss. */
  readonly resumes: number;
  /** Its files are those of this recording. */
  readonly recordingId: string;
  /** One, and another after each loss. */
  readonly files: readonly RecordingFile[];
  readonly createdAt: number;
  readonly endedAt?: number;
  readonly end?: DownloadEnd | 'gateway_restarted';
  /** One line for people. */
  readonly message?: string;
  /** The download that fetches what this one lacks. */
  readonly continuedBy?: string;
}

/** What is kept of a download; its files are kept with the recording. */
export type DownloadRecord = Omit<DownloadSnapshot, 'progress' | 'durationMs' | 'files'>;

/** Persistence of downloads; synchronous, calls may throw. */
export interface DownloadStore {
  /** Adds or replaces. */
  save(download: DownloadRecord): void;
  /** Oldest first. */
  list(): DownloadRecord[];
  remove(id: string): void;
}

export type DownloadsEvents = {
  /** Begun, called again, ended, or its files have changed since. */
  changed: [download: DownloadSnapshot];
};

export interface DownloadCounters {
  readonly running: number;
  /** Since the start, by what came of them. */
  readonly ended: Readonly<Record<Exclude<DownloadState, 'running'>, number>>;
}

/** Recordings of devices that are fetched into files. */
export interface Downloads extends EventEmitter<DownloadsEvents> {
  readonly counters: DownloadCounters;
  /** Resolves when the first picture is written. @throws StreamError, DownloadLimitError, and those of `Recordings.start` */
  start(request: DownloadRequest, signal?: AbortSignal): Promise<DownloadSnapshot>;
  /**
   * Another download, of what one that has ended lacks. @throws DownloadUnknownError, DownloadNotResumableError, and
   * those of `start`
   */
  resume(id: string, signal?: AbortSignal): Promise<DownloadSnapshot>;
  /** Newest first; those that have ended as long as there are files of theirs. */
  list(): DownloadSnapshot[];
  get(id: string): DownloadSnapshot | undefined;
  /** What has arrived stays. Returns false for an unknown one. */
  stop(id: string): Promise<boolean>;
  /** The gateway ends: what runs is kept as it is now. Idempotent. */
  close(): void;
}
