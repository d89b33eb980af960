import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import type { FramedPackets, Tap, TapFrames } from '../../stream/index.ts';
import { errorMessage, safeEmit, type Logger } from '../../util/index.ts';
import type {
  Container,
  RecordingWriter,
  RecordingWriterEvents,
  WriterEndReason,
  WrittenFile,
} from '../writer-types.ts';
import { RecordingRepairError, RecordingStartError } from './errors.ts';
import { PacketBatch } from './packet-batch.ts';
import type { ThreadNotice, ThreadRequest } from './protocol.ts';
import { sharedNowMs } from './record-thread.ts';

/** Files of one recording that are remembered one by one. */
const MAX_FILES = 10_000;
/** A disk that takes longer for the last fragment does not answer. */
const STOP_MS = 30_000;

type OwnNotice = Extract<ThreadNotice, { readonly key: number }>;

/** Makes a file complete. @throws RecordingRepairError */
export type CompleteFile = (path: string) => Promise<{ durationMs: number; bytes: number }>;

export interface RecordingProxyOptions {
  readonly key: number;
  readonly tap: Tap;
  readonly directory: string;
  readonly complete: CompleteFile;
  readonly post: (request: ThreadRequest, transfer?: readonly ArrayBuffer[]) => void;
  readonly log: Logger;
  /** Ended, and its files are complete. */
  readonly onEnded: (key: number) => void;
}

/** A recording as the main thread has it: hands packets on and keeps what the thread tells. */
export class RecordingProxy extends EventEmitter<RecordingWriterEvents> implements RecordingWriter {
  container: Container = 'mp4';
  codecs: readonly string[] = [];
  readonly #options: RecordingProxyOptions;
  readonly #batch: PacketBatch;
  readonly #begun = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #files: WrittenFile[] = [];
  /** Files that are being completed. */
  readonly #completing = new Map<string, Promise<void>>();
  #frames: TapFrames | undefined;
  #state: 'opening' | 'writing' | 'stopping' | 'ended' = 'opening';
  #stopTimer: NodeJS.Timeout | undefined;

  constructor(options: RecordingProxyOptions) {
    super();
    this.#options = options;
    const { key, post } = options;
    this.#begun.promise.catch(() => undefined);
    this.#batch = new PacketBatch({
      onPackets: (memory, length) => post({ type: 'packets', key, memory, length }, [memory]),
      onSkipped: (packets) => post({ type: 'skipped', key, packets }),
    });
  }

  get files(): readonly WrittenFile[] {
    return this.#files;
  }

  /** Resolves with the first file. @throws RecordingStartError */
  async begin(): Promise<void> {
    const { tap } = this.#options;
    tap.once('closed', (reason) => this.#requestStop('stream_ended', `the stream ended: ${reason}`));
    try {
      if (tap.closed) throw new RecordingStartError('stream_ended', 'the stream ended');
      this.#frames = await tap.openFrames((frames) => this.#onFrames(frames));
      if (this.#state === 'ended') this.#frames.close();
      await this.#begun.promise;
    } catch (error) {
      this.#requestStop('stopped', 'not begun');
      this.#close();
      throw error;
    }
  }

  flush(): void {
    this.#batch.flush();
  }

  async stop(): Promise<void> {
    this.#requestStop('stopped', 'stopped');
    await this.#ended.promise;
    await this.completed();
  }

  async completed(): Promise<void> {
    await Promise.all(this.#completing.values());
  }

  onNotice(notice: OwnNotice): void {
    switch (notice.type) {
      case 'taken':
        return this.#batch.give(notice.memory);
      case 'begun':
        this.container = notice.container;
        this.codecs = notice.codecs;
        this.#keep(notice.file);
        if (this.#state === 'opening') this.#state = 'writing';
        return this.#begun.resolve();
      case 'notBegun':
        this.#begun.reject(new RecordingStartError(notice.failure, notice.message));
        return this.#close();
      case 'file':
        if (notice.file.state === 'finished') return this.#complete(notice.file);
        return this.#onFile(notice.file, notice.event);
      case 'keyFrameNeeded':
        return this.#frames?.requestKeyFrame();
      case 'ended':
        return this.#end(notice.reason, notice.message);
      case 'repaired':
      case 'notRepaired':
        return undefined;
    }
  }

  /** The thread is gone: nobody takes packets any more, and what it has left is completed first. */
  endDead(): void {
    if (this.#state !== 'ended') this.#state = 'stopping';
    this.#frames?.close();
    for (const file of this.#files.filter(({ state }) => state === 'writing')) this.#complete(file);
    void this.completed().then(() => this.#end('thread_died', 'the record thread died'));
  }

  #onFile(file: WrittenFile, event: 'file' | 'progress' = 'file'): void {
    this.#keep(file);
    safeEmit<RecordingWriterEvents, 'file' | 'progress'>(this, this.#options.log, event, file);
  }

  /** The thread has only closed it. */
  #complete(file: WrittenFile): void {
    const { fileName } = file;
    if (this.#completing.has(fileName)) return;
    this.#onFile({ ...file, state: 'writing' }, 'progress');
    const work = this.#completed(file).finally(() => void this.#completing.delete(fileName));
    this.#completing.set(fileName, work);
  }

  async #completed(file: WrittenFile): Promise<void> {
    const { directory, complete, log } = this.#options;
    try {
      this.#onFile({ ...file, ...(await complete(join(directory, file.fileName))), state: 'finished' });
    } catch (error) {
      log.warn({ fileName: file.fileName, error: errorMessage(error) }, 'recording is left in fragments');
      // Else it is tried again: its state says so.
      if (error instanceof RecordingRepairError && error.reason === 'file')
        this.#onFile({ ...file, state: 'finished' });
    }
  }

  /** What the thread said last, or that it is gone; idempotent. */
  #end(reason: WriterEndReason, message: string): void {
    if (this.#state === 'ended') return;
    this.#begun.reject(new RecordingStartError('thread_died', message));
    this.#close();
    safeEmit<RecordingWriterEvents, 'ended'>(this, this.#options.log, 'ended', reason, message);
  }

  #onFrames({ data }: FramedPackets): 'done' {
    if (this.#state === 'opening' || this.#state === 'writing') this.#batch.push(data, sharedNowMs());
    return 'done';
  }

  #requestStop(reason: WriterEndReason, message: string): void {
    if (this.#state !== 'opening' && this.#state !== 'writing') return;
    this.#state = 'stopping';
    this.#batch.end();
    const { key, post } = this.#options;
    post({ type: 'stop', key, reason, message });
    this.#stopTimer = setTimeout(() => this.#end('write_failed', `not finished within ${STOP_MS} ms`), STOP_MS);
  }

  #close(): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    clearTimeout(this.#stopTimer);
    this.#frames?.close();
    this.#options.tap.close();
    void this.completed().then(() => this.#options.onEnded(this.#options.key));
    this.#ended.resolve();
  }

  #keep(file: WrittenFile): void {
    const index = this.#files.findLastIndex(({ fileName }) => fileName === file.fileName);
    if (index >= 0) this.#files[index] = file;
    else this.#files.push(file);
    if (this.#files.length > MAX_FILES) this.#files.shift();
  }
}
