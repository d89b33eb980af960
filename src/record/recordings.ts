import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { Streams } from '../stream/index.ts';
import { errorMessage, safeEmit, type Logger } from '../util/index.ts';
import { DoneProgram } from './done-program.ts';
import {
  DiskSpaceError,
  RecordingLimitError,
  RecordingRunningError,
  RecordingStoppedError,
  RecordingUnknownError,
} from './errors.ts';
import { nameOfStream, parseFileName, timeSuffix, type RequestedName } from './file-name.ts';
import { Journal } from './journal.ts';
import { NameHolders } from './name-holders.ts';
import { openRecordedFile } from './opened-file.ts';
import { RecordFolder } from './record-folder.ts';
import { RecordingJob, type JobChange, type ReopenTiming } from './recording-job.ts';
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

export interface RecordingsParts {
  readonly streams: Pick<Streams, 'tap' | 'find'>;
  readonly threads: Pick<RecordThreads, 'open' | 'repair'>;
  readonly store: RecordingStore;
  readonly log: Logger;
  /** Default: of the file system. */
  readonly freeBytes?: () => Promise<number>;
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

/** Progress is told this often at most. */
const PROGRESS_MS = 2000;
/** How often progress is written down: after a crash the file itself tells more. */
const SAVE_MS = 30_000;
const MINUTE_MS = 60_000;
/** Files that lists and events carry of one recording, the newest. */
const LISTED_FILES = 50;

class StoredRecordings extends EventEmitter<RecordingsEvents> implements Recordings {
  readonly #options: RecordingsOptions & typeof DEFAULTS;
  readonly #parts: RecordingsParts;
  readonly #log: Logger;
  readonly #folder: RecordFolder;
  readonly #journal: Journal;
  readonly #names: NameHolders;
  readonly #remover: Remover;
  readonly #recovery: Recovery;
  readonly #retention: Retention;
  readonly #done: DoneProgram;
  readonly #jobs = new Map<string, RecordingJob>();
  readonly #toldAt = new Map<string, { told: number; saved: number }>();
  readonly #timers: NodeJS.Timeout[];
  readonly #sums = { bytes: 0, packets: 0, packetsLost: 0, failed: 0 };
  #closing: Promise<void> | undefined;

  constructor(options: RecordingsOptions, parts: RecordingsParts) {
    super();
    const { store, threads, log } = parts;
    this.#options = { ...DEFAULTS, ...options };
    this.#parts = parts;
    this.#log = log;
    this.#folder = new RecordFolder(options.path);
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
    const running = this.#running();
    const sum = (key: 'bytes' | 'packetsIn' | 'packetsLost'): number =>
      running.reduce((total, { files }) => total + files.written[key], 0);
    const { bytes, packets, packetsLost, failed } = this.#sums;
    return {
      running: running.length,
      bytes: bytes + sum('bytes'),
      packets: packets + sum('packetsIn'),
      packetsLost: packetsLost + sum('packetsLost'),
      failed,
    };
  }

  async start(request: RecordingRequest): Promise<Recording> {
    const name = request.fileName === undefined ? undefined : parseFileName(request.fileName);
    this.#checkLimit();
    const job = this.#newJob(request, name);
    this.#jobs.set(job.id, job);
    try {
      await this.#folder.prepare();
      await this.#requireSpace();
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

  #newJob({ stream, fileName, segmentMinutes, requestedBy }: RecordingRequest, name?: RequestedName): RecordingJob {
    const { segmentMs, reopen, maxFiles } = this.#options;
    const { streams, threads } = this.#parts;
    const suffix = timeSuffix(new Date());
    return new RecordingJob(
      {
        id: randomBytes(12).toString('base64url'),
        stream,
        requestedBy,
        ...(fileName === undefined ? {} : { fileName }),
        // pms calls the file as its client calls the stream, and nothing else.
        nameFor: (full) => name?.base ?? (requestedBy === 'pms' ? nameOfStream(stream) : nameOfStream(full) + suffix),
        ...(name?.container === undefined ? {} : { container: name.container }),
        segmentMs: segmentMinutes === undefined ? segmentMs : segmentMinutes * MINUTE_MS,
        reopen,
        maxFiles,
      },
      {
        openTap: (wanted) => streams.tap(wanted),
        comesBack: (full) => {
          const source = streams.find(full);
          return source?.source === 'camera' || source?.transport === 'pull';
        },
        threads,
        folder: this.#folder,
        takenNumbers: (base) => this.#names.takenNumbers(base),
        onChange: (job, change, file) => this.#handleChange(job, change, file),
        log: this.#log,
      },
    );
  }

  #handleChange(job: RecordingJob, change: JobChange, file?: RecordingFile): void {
    const now = Date.now();
    const at = this.#toldAt.get(job.id) ?? { told: 0, saved: 0 };
    const progress = change === 'progress';
    const tell = !progress || now - at.told >= PROGRESS_MS;
    const save = !progress || now - at.saved >= SAVE_MS;
    this.#toldAt.set(job.id, { told: tell ? now : at.told, saved: save ? now : at.saved });
    if (save) this.#journal.save(job.snapshot);
    if (save && file !== undefined) this.#journal.saveFile(job.id, file);
    if (tell) this.#tell('changed', listed(job.snapshot));
    if (file?.state === 'finished') this.#done.wake();
    if (change === 'ended') this.#handleEnded(job);
  }

  #handleEnded(job: RecordingJob): void {
    const { state, reason, message, stream, files } = job.snapshot;
    const { bytes, packetsIn, packetsLost } = job.files.written;
    this.#jobs.delete(job.id);
    this.#toldAt.delete(job.id);
    this.#sums.bytes += bytes;
    this.#sums.packets += packetsIn;
    this.#sums.packetsLost += packetsLost;
    if (state === 'failed') this.#sums.failed += 1;
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

  /** @throws DiskSpaceError */
  async #requireSpace(): Promise<void> {
    const { minFreeBytes } = this.#options;
    if (minFreeBytes === 0) return;
    const free = await (this.#parts.freeBytes?.() ?? this.#folder.freeBytes());
    if (free < minFreeBytes) {
      throw new DiskSpaceError(`${free} bytes are free in ${this.#folder.path}, ${minFreeBytes} must stay free`);
    }
  }

  async #checkSpace(): Promise<void> {
    const late = this.#journal.late;
    this.#journal.retry();
    if (late > 0 && this.#journal.late === 0) this.#done.wake();
    if (this.#jobs.size === 0) return;
    try {
      await this.#requireSpace();
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
