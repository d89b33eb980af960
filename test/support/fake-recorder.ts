import { EventEmitter } from 'node:events';
import { appendFileSync, openSync, closeSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type {
  Container,
  RecordThreads,
  RecordingWriter,
  RecordingWriterEvents,
  RecordingWriterOptions,
  WriterEndReason,
  WrittenFile,
} from '../../src/record/writer-types.ts';
import { FakeError } from './fake-platform.ts';

/** Writes small real files instead of media; a test decides when and how it ends. */
export class FakeWriter extends EventEmitter<RecordingWriterEvents> implements RecordingWriter {
  readonly container: Container;
  readonly codecs: readonly string[];
  readonly options: RecordingWriterOptions;
  readonly files: WrittenFile[] = [];
  /** While set, `stop` does not finish. */
  stuck = false;
  /** While set, its files are not complete. */
  completing: Promise<void> | undefined;
  #ended = false;

  constructor(options: RecordingWriterOptions, codecs: readonly string[]) {
    super();
    this.options = options;
    this.codecs = codecs;
    this.container = codecs.includes('H264') ? 'mp4' : 'webm';
    options.tap.once('closed', (reason) => this.end('stream_ended', `tap closed: ${reason}`));
    this.nextFile();
  }

  /** Finishes the current file and begins the next. */
  nextFile(): void {
    this.#finishFile();
    this.files.push({
      fileName: this.#create(),
      startedAt: Date.now(),
      durationMs: 0,
      bytes: 0,
      packetsIn: 0,
      packetsLost: 0,
      state: 'writing',
    });
    this.#emit('file');
  }

  /** One second of media; only the first `complete` bytes of it are told. */
  write(text: string, { complete = text.length, lost = 0 } = {}): void {
    const file = this.files.at(-1);
    if (file === undefined) return;
    appendFileSync(join(this.options.directory, file.fileName), text);
    this.files[this.files.length - 1] = {
      ...file,
      bytes: file.bytes + complete,
      durationMs: file.durationMs + 1000,
      packetsIn: file.packetsIn + 10,
      packetsLost: file.packetsLost + lost,
    };
    this.#emit('progress');
  }

  async stop(): Promise<void> {
    if (!this.stuck) this.end('stopped', '');
  }

  async completed(): Promise<void> {
    await this.completing;
  }

  /** `thread_died` leaves its file as it is. */
  end(reason: WriterEndReason, message = reason as string): void {
    if (this.#ended) return;
    this.#ended = true;
    if (reason !== 'thread_died') this.#finishFile();
    this.options.tap.close();
    this.emit('ended', reason, message);
  }

  /** As the real one: what exists is never opened, a number makes another name. */
  #create(): string {
    const { directory, baseName, takenNumbers } = this.options;
    for (let number = this.files.length + 1; ; number += 1) {
      if (takenNumbers?.includes(number) === true) continue;
      const fileName = `${baseName}${number === 1 ? '' : `-${number}`}.${this.container}`;
      try {
        closeSync(openSync(join(directory, fileName), 'wx'));
        return fileName;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }
  }

  #finishFile(): void {
    const file = this.files.at(-1);
    if (file?.state !== 'writing') return;
    this.files[this.files.length - 1] = { ...file, state: 'finished' };
    this.#emit('file');
  }

  #emit(event: 'file' | 'progress'): void {
    const file = this.files.at(-1);
    if (file !== undefined) this.emit(event, file);
  }
}

export class FakeRecordThreads implements Pick<RecordThreads, 'open' | 'repair' | 'close'> {
  readonly writers: FakeWriter[] = [];
  readonly repaired: string[] = [];
  codecs: readonly string[] = ['H264', 'PCMA'];
  /** Thrown by `open`. */
  failure: Error | undefined;
  /** Thrown by `repair`. */
  repairFailure: Error | undefined;
  /** While set, `open` waits for it: no key frame yet. */
  hold: Promise<void> | undefined;

  get last(): FakeWriter {
    const writer = this.writers.at(-1);
    if (writer === undefined) throw new Error('nothing is recorded');
    return writer;
  }

  async open(options: RecordingWriterOptions): Promise<RecordingWriter> {
    await this.hold;
    if (this.failure !== undefined) throw this.failure;
    if (options.tap.closed) throw new FakeError('recording_start_failed', 'the stream ended before a key frame');
    const writer = new FakeWriter(options, this.codecs);
    this.writers.push(writer);
    return writer;
  }

  async repair(path: string): Promise<{ durationMs: number; bytes: number }> {
    this.repaired.push(path);
    if (this.repairFailure !== undefined) throw this.repairFailure;
    return { durationMs: 12_345, bytes: statSync(path).size };
  }

  async close(): Promise<void> {
    for (const writer of this.writers) await writer.stop();
  }
}
