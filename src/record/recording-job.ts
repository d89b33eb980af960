import { setTimeout as delay } from 'node:timers/promises';
import type { Tap } from '../stream/index.ts';
import { errorMessage, type Logger } from '../util/index.ts';
import { RecordingStoppedError } from './errors.ts';
import { JobFiles } from './job-files.ts';
import type { RecordFolder } from './record-folder.ts';
import type { Recording, RecordingFile, RecordingReason, RecordingRequester, RecordingState } from './types.ts';
import type { Container, RecordThreads, RecordingWriter, WrittenFile } from './writer-types.ts';

export interface JobOptions {
  readonly id: string;
  /** As it was asked for. */
  readonly stream: string;
  readonly requestedBy: RecordingRequester;
  readonly fileName?: string;
  /** Base of the files' names, once the stream's full name is known. */
  readonly nameFor: (stream: string) => string;
  readonly container?: Container;
  readonly segmentMs: number;
  readonly reopen: ReopenTiming;
  readonly maxFiles: number;
}

/** How a lost source is asked for again. */
export interface ReopenTiming {
  readonly limitMs: number;
  readonly firstWaitMs: number;
  readonly maxWaitMs: number;
}

export type JobChange = 'begun' | 'state' | 'file' | 'progress' | 'ended';

export interface JobParts {
  readonly openTap: (stream: string) => Promise<Tap>;
  /** Whether a lost source comes back: a camera does, a publisher does not. */
  readonly comesBack: (stream: string) => boolean;
  readonly threads: Pick<RecordThreads, 'open'>;
  readonly folder: RecordFolder;
  /** Numbers behind this name that files of before have. */
  readonly takenNumbers: (baseName: string) => readonly number[];
  readonly onChange: (job: RecordingJob, change: JobChange, file?: RecordingFile) => void;
  readonly log: Logger;
}

type StopReason = 'stopped' | 'shutdown' | 'disk_full' | 'file_limit';

const FINISHED: ReadonlySet<RecordingReason> = new Set(['stopped', 'shutdown', 'stream_ended', 'file_limit']);

/** One running recording: a writer, and after a loss of the source the next one. */
export class RecordingJob {
  readonly options: JobOptions;
  readonly #parts: JobParts;
  readonly #log: Logger;
  readonly files = new JobFiles();
  readonly #codecs = new Set<string>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #abort = new AbortController();
  /** Of the files of writers that have ended. */
  #completed: Promise<unknown> = Promise.resolve();
  #ending = false;
  #stream: string;
  #container: Container = 'mp4';
  #tap: Tap | undefined;
  #writer: RecordingWriter | undefined;
  #state: RecordingState = 'recording';
  #reason: RecordingReason | undefined;
  #message: string | undefined;
  #stopping: { readonly reason: StopReason; readonly message: string } | undefined;
  #startedAt = 0;
  #endedAt: number | undefined;

  constructor(options: JobOptions, parts: JobParts) {
    this.options = options;
    this.#stream = options.stream;
    this.#parts = parts;
    this.#log = parts.log.child({ recordingId: options.id });
  }

  get id(): string {
    return this.options.id;
  }

  /** Its first file is, or was, being written. */
  get begun(): boolean {
    return this.#startedAt > 0;
  }

  get ended(): boolean {
    return this.#endedAt !== undefined;
  }

  /** `<app>/<name>`, or what was asked for until the stream is there. */
  get stream(): string {
    return this.#stream;
  }

  get snapshot(): Recording {
    return {
      id: this.id,
      stream: this.#stream,
      state: this.#state,
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
      ...(this.#message === undefined ? {} : { message: this.#message }),
      startedAt: this.#startedAt,
      ...(this.#endedAt === undefined ? {} : { endedAt: this.#endedAt }),
      ...this.files.sums,
      container: this.#container,
      codecs: [...this.#codecs],
      requestedBy: this.options.requestedBy,
      fileCount: this.files.count,
      files: this.files.list,
    };
  }

  /** Resolves when the first file is being written; else `giveUp` is next. @throws GatewayError */
  async begin(): Promise<void> {
    await this.#open();
  }

  /** It could not begin: nobody waits for its end any more. */
  giveUp(): void {
    this.#ended.resolve();
  }

  /** Resolves when the last file is finished. Idempotent; the first reason counts. */
  stop(reason: StopReason, message = ''): Promise<void> {
    if (this.#ending || this.#stopping !== undefined) return this.#ended.promise;
    this.#stopping = { reason, message };
    this.#abort.abort();
    if (this.#writer === undefined) {
      // Being opened: without its tap that cannot go on.
      this.#tap?.close();
      if (this.begun) this.#end(reason, message);
    } else {
      this.#writer.stop().catch((error: unknown) => this.#log.error({ error: errorMessage(error) }, 'stop failed'));
    }
    return this.#ended.promise;
  }

  async #open(): Promise<void> {
    const { openTap, threads, folder, takenNumbers } = this.#parts;
    const { container, segmentMs, nameFor } = this.options;
    // Its full name after a loss: an SSRC, as some ask by, is another one then.
    const tap = await openTap(this.#stream);
    let lost: string | undefined;
    tap.once('closed', (reason) => {
      lost ??= reason;
    });
    this.#tap = tap;
    try {
      this.#checkWanted();
      const baseName = nameFor(tap.stream);
      const writer = await threads.open({
        tap,
        directory: folder.path,
        // Where the name is taken the writer appends a number.
        baseName,
        takenNumbers: [...takenNumbers(baseName), ...this.files.removedNumbers(baseName)],
        ...(container === undefined ? {} : { container }),
        ...(segmentMs === 0 ? {} : { segmentMs }),
      });
      if (this.#stopping !== undefined) await this.#discard(writer);
      this.#checkWanted();
      this.#adopt(writer, tap, () => lost);
    } catch (error) {
      this.#tap = undefined;
      tap.close();
      throw error;
    }
  }

  /** It came too late: nobody would ever know of its file. */
  async #discard(writer: RecordingWriter): Promise<void> {
    await writer.stop();
    for (const { fileName } of writer.files) await this.#parts.folder.remove(fileName);
  }

  #checkWanted(): void {
    if (this.#stopping !== undefined) throw new RecordingStoppedError('the recording was stopped while it began');
  }

  #adopt(writer: RecordingWriter, tap: Tap, lostBy: () => string | undefined): void {
    this.#writer = writer;
    // A name that it has is another file, even if one of before had it.
    const indexOf = new Map<string, number>();
    this.#container = this.begun ? this.#container : writer.container;
    this.#stream = tap.stream;
    for (const codec of writer.codecs) this.#codecs.add(codec);
    this.#reason = undefined;
    this.#message = undefined;
    // Asked while it is there: of a stream that is gone nobody knows what it was.
    const comesBack = this.#parts.comesBack(tap.stream);
    writer.on('file', (file) => this.#handleFile(file, 'file', indexOf));
    writer.on('progress', (file) => this.#handleFile(file, 'progress', indexOf));
    writer.once('ended', (reason, message) => {
      this.#writer = undefined;
      this.#tap = undefined;
      tap.close();
      this.#completed = Promise.all([this.#completed, writer.completed()]);
      // `closed`: somebody has ended the stream on purpose.
      const again = comesBack && reason === 'stream_ended' && lostBy() !== 'closed';
      const wanted = this.#stopping === undefined;
      if (!wanted && (reason === 'stopped' || reason === 'stream_ended')) {
        this.#end(this.#stopping?.reason ?? reason, this.#stopping?.message ?? message);
      } else if (wanted && again) void this.#reopen(message);
      else this.#end(reason, message);
    });
    const first = !this.begun;
    if (first) this.#startedAt = Date.now();
    this.#parts.onChange(this, first ? 'begun' : 'state');
    for (const file of writer.files) this.#handleFile(file, 'file', indexOf);
  }

  #handleFile(written: WrittenFile, change: 'file' | 'progress', indexOf: Map<string, number>): void {
    const known = indexOf.get(written.fileName);
    const index = known ?? this.files.take();
    const { fileName, startedAt, durationMs, bytes, packetsIn, packetsLost, state } = written;
    const file: RecordingFile = { index, fileName, startedAt, durationMs, bytes, packetsIn, packetsLost, state };
    this.files.set(file);
    // Nothing follows for it.
    if (state === 'finished') indexOf.delete(fileName);
    else indexOf.set(fileName, index);
    this.#parts.onChange(this, known === undefined ? 'file' : change, file);
    const { maxFiles } = this.options;
    if (known === undefined && this.files.count >= maxFiles && this.#stopping === undefined) {
      void this.stop('file_limit', `${this.files.count} files, the limit is ${maxFiles}`);
    }
  }

  /** The source is gone: asks for it with growing waits, while somebody wants the recording. */
  async #reopen(why: string): Promise<void> {
    this.#reason = 'source_lost';
    this.#message = why;
    this.#parts.onChange(this, 'state');
    const { limitMs, firstWaitMs, maxWaitMs } = this.options.reopen;
    const until = Date.now() + limitMs;
    let waitMs = firstWaitMs;
    let problem = why;
    while (!this.#ending && Date.now() + waitMs <= until) {
      const aborted = await delay(waitMs, false, { signal: this.#abort.signal }).catch(() => true);
      if (aborted || this.#ending) return;
      try {
        await this.#open();
        return;
      } catch (error) {
        problem = errorMessage(error);
        this.#log.debug({ error: problem }, 'the source is not back yet');
      }
      waitMs = Math.min(maxWaitMs, waitMs * 2);
    }
    this.#end('stream_ended', `the source did not come back within ${limitMs} ms: ${problem}`);
  }

  /** Files of before may still be completed; that neither stops nor fails it. */
  #end(reason: RecordingReason, message: string): void {
    if (this.#ending) return;
    this.#ending = true;
    void this.#completed.then(() => this.#finish(reason, message));
  }

  #finish(reason: RecordingReason, message: string): void {
    this.#state = FINISHED.has(reason) ? 'finished' : 'failed';
    this.#reason = reason;
    this.#message = message === '' ? undefined : message;
    this.#endedAt = Date.now();
    this.#parts.onChange(this, 'ended');
    this.#ended.resolve();
  }
}
