import { EventEmitter } from 'node:events';
import { materialBetween, stretchesOf, type Platform, type Stretch } from '../../gb28181/index.ts';
import type { Streams } from '../../stream/index.ts';
import { errorMessage, safeEmit, type Logger } from '../../util/index.ts';
import { DownloadLimitError, DownloadNotResumableError, DownloadUnknownError } from '../errors.ts';
import type { Recordings } from '../types.ts';
import { Download } from './download.ts';
import { EndedDownloads } from './ended-downloads.ts';
import type {
  DownloadCounters,
  DownloadRequest,
  Downloads,
  DownloadsEvents,
  DownloadSnapshot,
  DownloadStore,
} from './types.ts';

export interface DownloadsParts {
  readonly platform: Pick<Platform, 'records'>;
  readonly streams: Pick<Streams, 'openDownload'>;
  readonly recordings: Pick<Recordings, 'start' | 'stop' | 'get' | 'on' | 'off'>;
  readonly store: DownloadStore;
  readonly log: Logger;
}

/** At the same time: each takes a session of its device and writes at many times the speed of play. */
const MAX_RUNNING = 32;
/** One file each; the recorder's own bound of a file's length counts besides. */
const NO_SEGMENTS = 0;
/** How often it is written down how far they are: from there one goes on that a crash has broken off. */
const SAVE_MS = 5000;
/** What was on the way at the end is asked for again, from a key frame on. */
const OVERLAP_MS = 1000;

/** Recordings of devices (GB/T 28181 13.7) into files, by the recorder that writes live streams. */
export function createDownloads(parts: DownloadsParts): Downloads {
  return new DownloadTable(parts);
}

class DownloadTable extends EventEmitter<DownloadsEvents> implements Downloads {
  readonly #parts: DownloadsParts;
  readonly #running = new Map<string, Download>();
  readonly #ended: EndedDownloads;
  readonly #resuming = new Set<string>();
  readonly #outcomes = { complete: 0, partial: 0, failed: 0 };
  readonly #saving: NodeJS.Timeout;
  #starting = 0;
  #closed = false;

  constructor(parts: DownloadsParts) {
    super();
    this.setMaxListeners(0);
    this.#parts = parts;
    const { store, recordings, log } = parts;
    this.#ended = new EndedDownloads({ store, recordings, onChanged: (download) => this.#tell(download), log });
    this.#saving = setInterval(() => this.#saveRunning(), SAVE_MS).unref();
  }

  get counters(): DownloadCounters {
    return { running: this.#running.size, ended: { ...this.#outcomes } };
  }

  async start(request: DownloadRequest, signal?: AbortSignal): Promise<DownloadSnapshot> {
    const running = this.#starting + this.#running.size;
    if (running >= MAX_RUNNING)
      throw new DownloadLimitError(`${running} downloads are running, the limit is ${MAX_RUNNING}`);
    this.#starting += 1;
    try {
      const download = await this.#open(request, signal);
      this.#running.set(download.id, download);
      this.#handleChanged(download);
      return download.snapshot;
    } finally {
      this.#starting -= 1;
    }
  }

  async resume(id: string, signal?: AbortSignal): Promise<DownloadSnapshot> {
    const { deviceId, channelId, fromMs, toMs, speed, positionMs } = this.#resumable(id);
    const reached = Math.min(positionMs, toMs) - OVERLAP_MS;
    this.#resuming.add(id);
    try {
      const rest = await this.start({ deviceId, channelId, fromMs: Math.max(fromMs, reached), toMs, speed }, signal);
      this.#ended.continue(id, rest.id);
      return rest;
    } finally {
      this.#resuming.delete(id);
    }
  }

  /** Newest first. */
  list(): DownloadSnapshot[] {
    const running = [...this.#running.values()].map(({ snapshot }) => snapshot);
    return [...this.#ended.list(), ...running].toSorted((a, b) => b.createdAt - a.createdAt);
  }

  get(id: string): DownloadSnapshot | undefined {
    return this.#running.get(id)?.snapshot ?? this.#ended.get(id);
  }

  async stop(id: string): Promise<boolean> {
    const download = this.#running.get(id);
    await download?.stop();
    return download !== undefined || this.#ended.get(id) !== undefined;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#saving);
    this.#ended.close();
    this.#saveRunning();
  }

  /** @throws DownloadUnknownError, DownloadNotResumableError */
  #resumable(id: string): DownloadSnapshot {
    const download = this.get(id);
    if (download === undefined) throw new DownloadUnknownError(`no download ${id.slice(0, 64)}`);
    const { state, continuedBy } = download;
    if (this.#resuming.has(id) || state === 'running' || state === 'complete' || continuedBy !== undefined) {
      const why = continuedBy === undefined ? state : `continued by ${continuedBy}`;
      throw new DownloadNotResumableError(`download ${id} is ${this.#resuming.has(id) ? 'being resumed' : why}`);
    }
    return download;
  }

  async #open(request: DownloadRequest, signal: AbortSignal | undefined): Promise<Download> {
    const { streams, recordings, log } = this.#parts;
    // Before the INVITE: small devices answer nothing while they send.
    const recorded = await this.#recordedOf(request, signal);
    const expectedMs = materialBetween(recorded, request.fromMs, request.toMs);
    const source = await streams.openDownload({ ...request, recorded }, signal);
    try {
      const recording = await recordings.start({
        stream: source.stream,
        fileName: fileNameOf(request),
        segmentMinutes: NO_SEGMENTS,
        requestedBy: 'api',
      });
      const onChanged = (changed: Download): void => this.#handleChanged(changed);
      return new Download({ request, source, recording, recordings, recorded, expectedMs, onChanged, log });
    } catch (error) {
      await source.close();
      throw error;
    }
  }

  /** What the device says that it has of the range; empty where it does not say. */
  async #recordedOf(request: DownloadRequest, signal: AbortSignal | undefined): Promise<Stretch[]> {
    const { fromMs, toMs, deviceId } = request;
    try {
      const { segments, complete } = await this.#parts.platform.records(request, signal);
      if (complete) return stretchesOf(segments, fromMs, toMs);
    } catch (error) {
      this.#parts.log.debug({ deviceId, error: errorMessage(error) }, 'device does not list its recordings');
    }
    return [];
  }

  #handleChanged(download: Download): void {
    // What ends because the gateway does was kept as it was before.
    if (this.#closed) return;
    const { snapshot } = download;
    if (download.ended) {
      if (this.#running.delete(download.id) && snapshot.state !== 'running') this.#outcomes[snapshot.state] += 1;
      this.#ended.add(download.record);
    } else this.#save(download);
    this.#tell(snapshot);
  }

  #saveRunning(): void {
    for (const download of this.#running.values()) this.#save(download);
  }

  #save({ record }: Download): void {
    try {
      this.#parts.store.save(record);
    } catch (error) {
      this.#parts.log.error({ download: record.id, error: errorMessage(error) }, 'download could not be written down');
    }
  }

  #tell(snapshot: DownloadSnapshot): void {
    safeEmit<DownloadsEvents, 'changed'>(this, this.#parts.log, 'changed', snapshot);
  }
}

/** `<device>_<channel>_20261127T130000Z.mp4`; what is no part of a name becomes `_`. */
function fileNameOf({ deviceId, channelId, fromMs }: DownloadRequest): string {
  const at = new Date(fromMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  return `${`${deviceId}_${channelId}`.replaceAll(/[^\w-]/g, '_')}_${at}.mp4`;
}
