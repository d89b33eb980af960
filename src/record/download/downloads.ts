import { EventEmitter } from 'node:events';
import type { Platform } from '../../gb28181/index.ts';
import type { Streams } from '../../stream/index.ts';
import { errorMessage, safeEmit, type Logger } from '../../util/index.ts';
import { DownloadLimitError } from '../errors.ts';
import type { Recordings } from '../types.ts';
import { Download } from './download.ts';
import type { DownloadRequest, Downloads, DownloadsEvents, DownloadSnapshot } from './types.ts';

export interface DownloadsParts {
  readonly platform: Pick<Platform, 'records'>;
  readonly streams: Pick<Streams, 'openDownload'>;
  readonly recordings: Pick<Recordings, 'start' | 'stop' | 'get'>;
  readonly log: Logger;
}

/** At the same time: each takes a session of its device and writes at many times the speed of play. */
const MAX_RUNNING = 32;
/** That have ended, for those who ask how; their files are in the list of recordings. */
const MAX_ENDED = 200;
/** One file each; the recorder's own bound of a file's length counts besides. */
const NO_SEGMENTS = 0;

/** Recordings of devices (GB/T 28181 13.7) into files, by the recorder that writes live streams. */
export function createDownloads(parts: DownloadsParts): Downloads {
  return new DownloadTable(parts);
}

class DownloadTable extends EventEmitter<DownloadsEvents> implements Downloads {
  readonly #parts: DownloadsParts;
  readonly #downloads = new Map<string, Download>();
  #starting = 0;

  constructor(parts: DownloadsParts) {
    super();
    this.setMaxListeners(0);
    this.#parts = parts;
  }

  async start(request: DownloadRequest, signal?: AbortSignal): Promise<DownloadSnapshot> {
    const running = this.#starting + [...this.#downloads.values()].filter(({ ended }) => !ended).length;
    if (running >= MAX_RUNNING)
      throw new DownloadLimitError(`${running} downloads are running, the limit is ${MAX_RUNNING}`);
    this.#starting += 1;
    try {
      const download = await this.#open(request, signal);
      this.#downloads.set(download.id, download);
      this.#handleChanged(download);
      return download.snapshot;
    } finally {
      this.#starting -= 1;
    }
  }

  list(): DownloadSnapshot[] {
    return [...this.#downloads.values()].map(({ snapshot }) => snapshot).toReversed();
  }

  get(id: string): DownloadSnapshot | undefined {
    return this.#downloads.get(id)?.snapshot;
  }

  async stop(id: string): Promise<boolean> {
    const download = this.#downloads.get(id);
    await download?.stop();
    return download !== undefined;
  }

  async #open(request: DownloadRequest, signal: AbortSignal | undefined): Promise<Download> {
    const { streams, recordings, log } = this.#parts;
    // Before the INVITE: small devices answer nothing while they send.
    const expectedMs = await this.#expectedMs(request, signal);
    const source = await streams.openDownload(request, signal);
    try {
      const recording = await recordings.start({
        stream: source.stream,
        fileName: fileNameOf(request),
        segmentMinutes: NO_SEGMENTS,
        requestedBy: 'api',
      });
      const onChanged = (changed: Download): void => this.#handleChanged(changed);
      return new Download({ request, source, recording, recordings, expectedMs, onChanged, log });
    } catch (error) {
      await source.close();
      throw error;
    }
  }

  /** What the device says that it has of the range; the whole range where it does not say. */
  async #expectedMs(request: DownloadRequest, signal: AbortSignal | undefined): Promise<number> {
    const { fromMs, toMs, deviceId } = request;
    try {
      const { segments, complete } = await this.#parts.platform.records(request, signal);
      let [endMs, sum] = [fromMs, 0];
      for (const segment of segments) {
        sum += Math.max(0, segment.endMs - Math.max(endMs, segment.startMs));
        endMs = Math.max(endMs, segment.endMs);
      }
      if (complete && sum > 0) return sum;
    } catch (error) {
      this.#parts.log.debug({ deviceId, error: errorMessage(error) }, 'device does not list its recordings');
    }
    return toMs - fromMs;
  }

  #handleChanged(download: Download): void {
    if (download.ended) {
      const ended = [...this.#downloads.values()].filter((each) => each.ended);
      for (const { id } of ended.slice(0, Math.max(0, ended.length - MAX_ENDED))) this.#downloads.delete(id);
    }
    safeEmit<DownloadsEvents, 'changed'>(this, this.#parts.log, 'changed', download.snapshot);
  }
}

/** `<device>_<channel>_20261127T130000Z.mp4`; what is no part of a name becomes `_`. */
function fileNameOf({ deviceId, channelId, fromMs }: DownloadRequest): string {
  const at = new Date(fromMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  return `${`${deviceId}_${channelId}`.replaceAll(/[^\w-]/g, '_')}_${at}.mp4`;
}
