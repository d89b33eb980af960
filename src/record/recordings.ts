import { EventEmitter } from 'node:events';
import type { Streams } from '../stream/index.ts';
import { errorMessage, safeEmit, type Logger } from '../util/index.ts';
import { ChangePace } from './change-pace.ts';
import { createJob } from './create-job.ts';
import { DiskSpace } from './disk-space.ts';
import { DoneProgram } from './done-program.ts';
import {
  DiskSpaceError,
  RecordingLimitError,
  RecordingRunningError,
  RecordingStoppedError,
  RecordingUnknownError,
} from './errors.ts';
import { parseFileName } from './file-name.ts';
import { Journal } from './journal.ts';
import { NameHolders } from './name-holders.ts';
import { openRecordedFile } from './opened-file.ts';
import { RecordFolder } from './record-folder.ts';
import type { JobChange, RecordingJob } from './recording-job.ts';
import { RecordingSums } from './recording-sums.ts';
import { withDefaults, type CompleteOptions, type RecordingsOptions } from './recordings-options.ts';
import { Recovery } from './recovery.ts';
import { Remover } from './remover.ts';
import { Retention } from './retention.ts';
import type {
  FileOfRecording,
  OpenedFile,
  Recording,
  RecordingCounters,
  RecordingFile,
  RecordingPage,
  RecordingQuery,
  RecordingRequest,
  RecordingRequester,
  Recordings,
  RecordingsEvents,
  RecordingStore,
} from './types.ts';
import type { RecordThreads } from './writer-types.ts';

export interface RecordingsParts {
  readonly streams: Pick<Streams, 'tap' | 'find'>;
  readonly threads: Pick<RecordThreads, 'open' | 'repair'>;
  readonly store: RecordingStore;
  readonly log: Logger;
  /** Default: of the file system. */
  readonly freeBytes?: () => Promise<number>;
}

/** Files that lists and events carry of one recording, the newest. */
const LISTED_FILES = 50;

class StoredRecordings extends EventEmitter<RecordingsEvents> implements Recordings {
  readonly #options: CompleteOptions;
  readonly #parts: RecordingsParts;
  readonly #log: Logger;
  readonly #folder: RecordFolder;
  readonly #space: DiskSpace;
  readonly #journal: Journal;
  readonly #names: NameHolders;
  readonly #remover: Remover;
  readonly #recovery: Recovery;
  readonly #retention: Retention;
  readonly #done: DoneProgram;
  readonly #jobs = new Map<string, RecordingJob>();
  readonly #pace = new ChangePace();
  readonly #timers: NodeJS.Timeout[];
  readonly #sums = new RecordingSums();
  #closing: Promise<void> | undefined;

  constructor(options: RecordingsOptions, parts: RecordingsParts) {
    super();
    const { store, threads, log } = parts;
    this.#options = withDefaults(options);
    this.#parts = parts;
    this.#log = log;
    this.#folder = new RecordFolder(options.path);
    this.#space = new DiskSpace({
      minFreeBytes: this.#options.minFreeBytes,
      folder: this.#folder,
      freeBytes: parts.freeBytes,
    });
    this.#journal = new Journal(store, log);
    this.#names = new NameHolders({ store, running: () => this.#running(), log });
    this.#remover = new Remover({ store, journal: this.#journal, folder: this.#folder, names: this.#names });
    const { maxAgeMs, maxBytes, execRecordDone, execLimitMs, spaceCheckMs, retentionCheckMs } = this.#options;
    this.#done = new DoneProgram(
      { command: execRecordDone, timeLimitMs: execLimitMs },
      { store, pathOf: (fileName) => this.#folder.pathOf(fileName), log },
    );
    this.#recovery = new Recovery({
      store,
      journal: this.#journal,
      folder: this.#folder,
      threads,
      onChanged: (id) => this.#handleRecovered(id),
      log,
    });
    this.#retention = new Retention(
      { maxAgeMs, maxBytes, hasProgram: execRecordDone.length > 0 },
      {
        store,
        running: () =>
          this.#running().map(({ files }) => ({ bytes: files.sums.bytes, open: files.newest?.bytes ?? 0 })),
        isOpen: ({ recordingId, file }) => this.#jobs.get(recordingId)?.files.newest?.index === file.index,
        removeFile: (each) => this.#removeFile(each),
        onRemoved: (ids) => this.#handleFilesRemoved(ids),
        log,
      },
    );
    this.#recovery.start();
    this.#done.wake();
    void this.#retention.check();
    this.#timers = [
      setInterval(() => void this.#checkSpace(), spaceCheckMs).unref(),
      setInterval(() => void this.#retention.check(), retentionCheckMs).unref(),
    ];
  }

  get counters(): RecordingCounters {
    return this.#sums.with(this.#running());
  }

  async start(request: RecordingRequest): Promise<Recording> {
    const name = request.fileName === undefined ? undefined : parseFileName(request.fileName);
    this.#checkLimit();
    const { streams, threads } = this.#parts;
    const job = createJob(request, name, this.#options, {
      streams,
      threads,
      folder: this.#folder,
      takenNumbers: (base) => this.#names.takenNumbers(base),
      onChange: (changed, change, file) => this.#handleChange(changed, change, file),
      log: this.#log,
    });
    this.#jobs.set(job.id, job);
    try {
      await this.#folder.prepare();
      await this.#space.require();
      if (this.#closing !== undefined) throw new RecordingStoppedError('the gateway is closing');
      await job.begin();
    } catch (error) {
      this.#jobs.delete(job.id);
      job.giveUp();
      throw error;
    }
    this.#log.info({ recordingId: job.id, stream: job.stream, by: request.requestedBy }, 'recording begun');
    return job.snapshot;
  }

  async stop(id: string): Promise<Recording> {
    const job = this.#jobs.get(id);
    await job?.stop('stopped');
    if (job?.begun === true) return job.snapshot;
    const recording = this.get(id);
    if (recording === undefined) throw new RecordingUnknownError(`no recording ${id.slice(0, 64)}`);
    return recording;
  }

  async stopStream(
    stream: string,
    { requestedBy, fileName }: { readonly requestedBy: RecordingRequester; readonly fileName?: string },
  ): Promise<Recording[]> {
    // Those that begin as well: nobody could stop them otherwise.
    const jobs = [...this.#jobs.values()].filter(
      (job) =>
        !job.ended &&
        job.options.requestedBy === requestedBy &&
        [job.options.stream, job.stream].some((name) => name === stream || name === `live/${stream}`) &&
        (fileName === undefined ||
          job.options.fileName === fileName ||
          job.files.list.some((f) => f.fileName === fileName)),
    );
    return Promise.all(
      jobs.map(async (job) => {
        await job.stop('stopped');
        return job.snapshot;
      }),
    );
  }

  get(id: string): Recording | undefined {
    const job = this.#jobs.get(id);
    return job?.begun === true ? job.snapshot : this.#parts.store.get(id);
  }

  list(query: RecordingQuery): RecordingPage {
    const { items, ...totals } = this.#parts.store.list(query, LISTED_FILES);
    return {
      items: items.map((item) => {
        const job = this.#jobs.get(item.id);
        return job === undefined ? item : listed(job.snapshot);
      }),
      ...totals,
    };
  }

  async delete(id: string): Promise<void> {
    if (this.#jobs.has(id)) throw new RecordingRunningError(`recording ${id} is running; stop it first`);
    const recording = this.#parts.store.get(id);
    if (recording === undefined) throw new RecordingUnknownError(`no recording ${id.slice(0, 64)}`);
    await this.#remove(recording);
    this.#log.info({ recordingId: id, stream: recording.stream }, 'recording deleted');
  }

  async openFile(id: string, index: number): Promise<OpenedFile | undefined> {
    const recording = this.get(id);
    const file = recording?.files.find((each) => each.index === index);
    if (recording === undefined || file === undefined || !this.#names.holds(id, file)) return undefined;
    return openRecordedFile(this.#folder, recording, file);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#done.close();
    const stopped = Promise.all([...this.#jobs.values()].map((job) => job.stop('shutdown')));
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, this.#options.closeLimitMs, 'late');
    });
    const ended = await Promise.race([Promise.all([stopped, this.#recovery.close()]), limit]);
    clearTimeout(timer);
    // The next start finds them as interrupted.
    if (ended === 'late') this.#log.warn({ recordings: this.#jobs.size }, 'recordings are not finished in time');
    this.#journal.retry();
  }

  #running(): RecordingJob[] {
    return [...this.#jobs.values()].filter(({ begun, ended }) => begun && !ended);
  }

  /** @throws RecordingLimitError, RecordingStoppedError */
  #checkLimit(): void {
    if (this.#closing !== undefined) throw new RecordingStoppedError('the gateway is closing');
    const { maxRunning } = this.#options;
    if (this.#jobs.size >= maxRunning) {
      throw new RecordingLimitError(`${this.#jobs.size} recordings are running, the limit is ${maxRunning}`);
    }
  }

  #handleChange(job: RecordingJob, change: JobChange, file?: RecordingFile): void {
    const { tell, save } = this.#pace.take(job.id, change);
    if (save) this.#journal.save(job.snapshot);
    if (save && file !== undefined) this.#journal.saveFile(job.id, file);
    if (tell) this.#tell('changed', listed(job.snapshot));
    if (file?.state === 'finished') this.#done.wake();
    if (change === 'ended') this.#handleEnded(job);
  }

  #handleEnded(job: RecordingJob): void {
    const { state, reason, message, stream, files } = job.snapshot;
    this.#jobs.delete(job.id);
    this.#pace.forget(job.id);
    this.#sums.addEnded(job);
    const { bytes } = job.files.written;
    const fields = { recordingId: job.id, stream, state, reason, message, bytes };
    if (state === 'failed') this.#log.warn(fields, 'recording ended');
    else this.#log.info(fields, 'recording ended');
    const open = files.filter((file) => file.state === 'writing');
    if (open.length > 0) this.#recovery.repair(open.map((file) => ({ recordingId: job.id, file })));
  }

  #handleRecovered(id: string): void {
    const recording = this.get(id);
    if (recording !== undefined) this.#tell('changed', listed(recording));
    this.#done.wake();
  }

  async #remove(recording: Recording): Promise<void> {
    await this.#remover.remove(recording);
    this.#tell('removed', { id: recording.id });
  }

  async #removeFile(each: FileOfRecording): Promise<void> {
    await this.#remover.removeFile(each, () => this.#jobs.has(each.recordingId));
    this.#jobs.get(each.recordingId)?.files.remove(each.file.index);
  }

  #handleFilesRemoved(ids: ReadonlySet<string>): void {
    for (const id of ids) {
      const job = this.#jobs.get(id);
      if (job !== undefined) this.#journal.save(job.snapshot);
      const recording = this.get(id);
      if (recording === undefined) this.#tell('removed', { id });
      else this.#tell('changed', listed(recording));
    }
  }

  async #checkSpace(): Promise<void> {
    const late = this.#journal.late;
    this.#journal.retry();
    if (late > 0 && this.#journal.late === 0) this.#done.wake();
    if (this.#jobs.size === 0) return;
    try {
      await this.#space.require();
    } catch (error) {
      if (!(error instanceof DiskSpaceError)) {
        this.#log.error({ error: errorMessage(error) }, 'free space is unknown');
        return;
      }
      this.#log.error({ error: error.message, recordings: this.#jobs.size }, 'recordings are stopped');
      for (const job of this.#running()) void job.stop('disk_full', error.message);
    }
  }

  #tell<K extends keyof RecordingsEvents>(event: K, ...args: RecordingsEvents[K]): void {
    safeEmit<RecordingsEvents, K>(this, this.#log, event, ...args);
  }
}

function listed(recording: Recording): Recording {
  return recording.files.length <= LISTED_FILES
    ? recording
    : { ...recording, files: recording.files.slice(-LISTED_FILES) };
}

/** Opens what is kept; what ran when the gateway ended becomes `interrupted`. */
export function createRecordings(options: RecordingsOptions, parts: RecordingsParts): Recordings {
  return new StoredRecordings(options, parts);
}
