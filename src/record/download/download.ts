import { randomBytes } from 'node:crypto';
import { materialBetween, type Stretch } from '../../gb28181/index.ts';
import type { DownloadEnd, RecordedDownload } from '../../stream/index.ts';
import { errorMessage, type Logger } from '../../util/index.ts';
import type { Recording, Recordings } from '../types.ts';
import type { DownloadRecord, DownloadRequest, DownloadSnapshot, DownloadState } from './types.ts';

/** A file that lacks no more than this, or one per cent, is whole: it begins at a key frame. */
const TOLERANCE_MS = 2000;
const TOLERANCE = 0.01;
/** A file that is longer than this, or one per cent, has what was not asked for: the next recording, or a part twice. */
const TOO_LONG_MS = 12_000;
/** Each call after a loss brings a second again, from the key frame before it on. */
const AGAIN_MS = 5000;

export interface DownloadParts {
  readonly request: DownloadRequest;
  readonly source: RecordedDownload;
  readonly recording: Recording;
  readonly recordings: Pick<Recordings, 'get' | 'stop'>;
  /** What of the range the device has; empty: not known. */
  readonly recorded: readonly Stretch[];
  readonly expectedMs: number;
  readonly onChanged: (download: Download) => void;
  readonly log: Logger;
}

/** One recording of a device on its way into a file. */
export class Download {
  readonly id = randomBytes(9).toString('base64url');
  readonly #parts: DownloadParts;
  readonly #createdAt = Date.now();
  readonly #ended = Promise.withResolvers<void>();
  #recording: Recording;
  #state: DownloadState = 'running';
  #end: DownloadEnd | undefined;
  #message: string | undefined;
  #endedAt: number | undefined;
  #progressed = 0;

  constructor(parts: DownloadParts) {
    this.#parts = parts;
    this.#recording = parts.recording;
    parts.source.on('resumed', () => parts.onChanged(this));
    parts.source.once('ended', (end, message) => void this.#handleEnded(end, message));
  }

  get ended(): boolean {
    return this.#endedAt !== undefined;
  }

  get record(): DownloadRecord {
    const { request, source, expectedMs, recording } = this.#parts;
    const { deviceId, channelId, fromMs, toMs, speed } = request;
    return {
      id: this.id,
      stream: source.stream,
      deviceId,
      channelId,
      fromMs,
      toMs,
      speed,
      state: this.#state,
      positionMs: source.positionMs,
      expectedMs,
      receivedBytes: source.receivedBytes,
      fileSize: source.fileSize,
      resumes: source.resumes,
      recordingId: recording.id,
      createdAt: this.#createdAt,
      ...(this.#endedAt === undefined ? {} : { endedAt: this.#endedAt }),
      ...(this.#end === undefined ? {} : { end: this.#end }),
      ...(this.#message === undefined ? {} : { message: this.#message }),
    };
  }

  get snapshot(): DownloadSnapshot {
    const { recordings, recording } = this.#parts;
    if (!this.ended) this.#recording = recordings.get(recording.id) ?? this.#recording;
    const now = snapshotOf(this.record, this.#recording, this.ended ? undefined : this.#reachedMs);
    // Never back, by an estimate that was too high.
    this.#progressed = Math.max(this.#progressed, now.progress);
    return { ...now, progress: this.#progressed };
  }

  get #reachedMs(): number {
    const { request, source, recorded } = this.#parts;
    return materialBetween(recorded, request.fromMs, source.positionMs);
  }

  async stop(): Promise<void> {
    await this.#parts.source.close();
    await this.#ended.promise;
  }

  /** Finishes the file, and compares its length with what was asked for. */
  async #handleEnded(end: DownloadEnd, message: string): Promise<void> {
    const { recording, recordings, source, expectedMs, log } = this.#parts;
    try {
      this.#recording = await recordings.stop(recording.id);
    } catch (error) {
      log.warn({ recordingId: recording.id, error: errorMessage(error) }, 'file of a download was not finished');
    }
    const { durationMs } = this.#recording;
    const missingMs = expectedMs - durationMs;
    const whole = missingMs <= Math.max(TOLERANCE_MS, expectedMs * TOLERANCE);
    this.#state = durationMs === 0 ? 'failed' : whole ? 'complete' : 'partial';
    this.#end = end;
    const tooLong = -missingMs > Math.max(TOO_LONG_MS, expectedMs * TOLERANCE) + source.resumes * AGAIN_MS;
    this.#message = message !== '' ? message : whole && !tooLong ? undefined : `${durationMs} of ${expectedMs} ms`;
    this.#endedAt = Date.now();
    log.info({ download: this.id, state: this.#state, end, durationMs, expectedMs }, 'download ended');
    this.#parts.onChanged(this);
    this.#ended.resolve();
  }
}

/** With the files that are there now; `reachedMs` is the material that has come, by default what is in them. */
export function snapshotOf(
  record: DownloadRecord,
  { durationMs, files }: Recording,
  reachedMs: number = durationMs,
): DownloadSnapshot {
  const { state, expectedMs } = record;
  // Only what is verified is the whole.
  const progress = state === 'complete' ? 1 : Math.min(0.999, Math.max(0, reachedMs / expectedMs));
  return { ...record, progress, durationMs, files };
}
