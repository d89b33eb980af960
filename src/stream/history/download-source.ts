import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { HistoryInvite } from '../../gb28181/index.ts';
import { safeEmit, type Logger } from '../../util/index.ts';
import type { StreamError } from '../errors.ts';
import type { LiveStream } from '../live-stream.ts';
import type { Source } from '../source.ts';
import { BEYOND_MS, END_MS, type HistoryDirector } from './director.ts';
import { MediaPosition } from './media-position.ts';
import type { DownloadEnd, RecordedDownload, RecordedDownloadEvents, RecordedDownloadRequest } from './types.ts';

/** A device that is lost so often, without bringing anything in between, is given up. */
const MAX_FAILURES = 5;
/** What was on the way when the device was lost is asked for again, from a key frame on. */
const OVERLAP_MS = 1000;
/** The recorder has the last packets a moment after the device says that it has sent them. */
const TAIL_MS = 500;

/** The stream of a download (GB/T 28181 13.7): called again from where it was lost, until it is complete. */
export class DownloadSource extends EventEmitter<RecordedDownloadEvents> implements HistoryDirector, RecordedDownload {
  readonly held = false;
  readonly #request: RecordedDownloadRequest;
  readonly #stream: LiveStream;
  readonly #position: MediaPosition;
  /** Of what is recorded. */
  readonly #endMs: number;
  readonly #log: Logger;
  #inviteFromMs: number;
  #fileSize = 0;
  #resumes = 0;
  #failures = 0;
  #reachedMs: number;
  /** To be called again from where it is. */
  #lost = false;
  #ended = false;
  #closing = false;
  #finished: NodeJS.Timeout | undefined;

  constructor(
    request: RecordedDownloadRequest,
    parts: {
      readonly open: (name: string, director: HistoryDirector) => LiveStream;
      readonly log: Logger;
    },
  ) {
    super();
    const { deviceId, channelId, fromMs, toMs, recorded = [] } = request;
    this.#request = request;
    this.#position = new MediaPosition(recorded);
    this.#endMs = recorded.at(-1)?.endMs ?? toMs;
    this.#inviteFromMs = fromMs;
    this.#reachedMs = fromMs;
    this.#log = parts.log;
    this.#stream = parts.open(`download/${deviceId}_${channelId}_${randomBytes(6).toString('hex')}`, this);
  }

  get stream(): string {
    return this.#stream.name;
  }

  get positionMs(): number {
    const { fromMs, toMs } = this.#request;
    return Math.round(Math.min(toMs, Math.max(fromMs, this.#position.ms)));
  }

  get receivedMs(): number {
    return this.#position.receivedMs;
  }

  get receivedBytes(): number {
    return this.#position.receivedBytes;
  }

  get fileSize(): number {
    return this.#fileSize;
  }

  get resumes(): number {
    return this.#resumes;
  }

  /** @throws StreamError */
  async begin(signal?: AbortSignal): Promise<void> {
    await this.#stream.join(signal);
  }

  async close(): Promise<void> {
    this.#closing = true;
    await this.#stream.close();
  }

  async invite(): Promise<HistoryInvite> {
    const { fromMs, toMs, speed } = this.#request;
    if (this.#lost) {
      this.#lost = false;
      await this.#position.settle();
      this.#reachedMs = Math.max(this.#reachedMs, this.positionMs);
      this.#inviteFromMs = Math.max(fromMs, Math.min(this.#reachedMs, toMs) - OVERLAP_MS);
      this.#log.info({ stream: this.stream, fromMs: this.#inviteFromMs }, 'download goes on');
    }
    return {
      kind: 'download',
      fromSec: Math.floor(this.#inviteFromMs / 1000),
      toSec: Math.ceil(toMs / 1000),
      downloadSpeed: speed,
    };
  }

  onSource(source: Source): void {
    this.#position.start(source, this.#inviteFromMs, this.#request.speed);
    if (this.#resumes === 0) this.#fileSize = source.session.answer.fileSize ?? 0;
    source.ingest.on('stats', () => {
      if (this.#position.ms > this.#request.toMs + BEYOND_MS) this.#finish();
    });
    source.session.once('fileEnded', () => this.#finish());
  }

  comesBack(error: StreamError): boolean {
    this.#position.stop();
    const { positionMs } = this;
    if (this.#closing || this.#finished !== undefined || this.#atEnd) return false;
    // What brings something is no failure.
    this.#failures = positionMs > this.#reachedMs + OVERLAP_MS ? 0 : this.#failures + 1;
    if (this.#failures >= MAX_FAILURES) return false;
    this.#lost = true;
    this.#resumes += 1;
    this.#log.info({ stream: this.stream, code: error.code, positionMs }, 'download was broken off');
    safeEmit<RecordedDownloadEvents, 'resumed'>(this, this.#log, 'resumed', positionMs);
    return true;
  }

  onClosed(error: StreamError | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#finished);
    this.#position.stop();
    const end: DownloadEnd =
      this.#finished !== undefined || (this.#atEnd && !this.#closing)
        ? 'finished'
        : this.#closing
          ? 'stopped'
          : (error?.code ?? 'media_lost');
    safeEmit<RecordedDownloadEvents, 'ended'>(this, this.#log, 'ended', end, error?.message ?? '');
  }

  get #atEnd(): boolean {
    return this.positionMs >= this.#endMs - END_MS;
  }

  #finish(): void {
    this.#finished ??= setTimeout(() => {
      void this.#stream.close();
    }, TAIL_MS);
  }
}
