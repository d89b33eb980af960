import { EventEmitter } from 'node:events';
import type { Platform } from '../../gb28181/index.ts';
import { safeEmit, type Logger } from '../../util/index.ts';
import { PlaybackUnknownError, StreamLimitError } from '../errors.ts';
import type { LiveStream } from '../live-stream.ts';
import type { PlayRequest } from '../types.ts';
import type { HistoryDirector } from './director.ts';
import { DownloadSource } from './download-source.ts';
import { Playback } from './playback.ts';
import type {
  PlaybackChange,
  PlaybackCounters,
  PlaybackEnd,
  PlaybackRequest,
  Playbacks,
  PlaybacksEvents,
  PlaybackSnapshot,
  RecordedDownload,
  RecordedDownloadRequest,
  RecordedRange,
} from './types.ts';

export interface HistoriesParts {
  readonly platform: Pick<Platform, 'recordedStretches'>;
  readonly open: (name: string, request: PlayRequest, director: HistoryDirector) => LiveStream;
  readonly log: Logger;
}

/** At the same time. */
const MAX_PLAYBACKS = 200;
/** That have ended, for those who ask how. */
const MAX_ENDED = 200;

/** What is played and fetched of devices' recordings. */
export class Histories {
  readonly playbacks: PlaybackTable;
  readonly #parts: HistoriesParts;

  constructor(parts: HistoriesParts) {
    this.#parts = parts;
    this.playbacks = new PlaybackTable(parts);
  }

  /** @throws StreamError */
  async openDownload(request: RecordedDownloadRequest, signal?: AbortSignal): Promise<RecordedDownload> {
    const { log } = this.#parts;
    const source = new DownloadSource(request, { open: opener(this.#parts, request), log });
    try {
      await source.begin(signal);
    } catch (error) {
      await source.close();
      throw error;
    }
    return source;
  }
}

class PlaybackTable extends EventEmitter<PlaybacksEvents> implements Playbacks {
  readonly #parts: HistoriesParts;
  readonly #playbacks = new Map<string, Playback>();
  readonly #running = new Set<Playback>();
  readonly #ended = new Map<PlaybackEnd, number>();

  constructor(parts: HistoriesParts) {
    super();
    this.setMaxListeners(0);
    this.#parts = parts;
  }

  get counters(): PlaybackCounters {
    return { running: this.#running.size, ended: Object.fromEntries(this.#ended) };
  }

  async start(request: PlaybackRequest, signal?: AbortSignal): Promise<PlaybackSnapshot> {
    const running = this.#running.size;
    if (running >= MAX_PLAYBACKS) {
      throw new StreamLimitError(`${running} playbacks are open, the limit is ${MAX_PLAYBACKS}`);
    }
    const playback = new Playback({
      request,
      recorded: this.#parts.platform.recordedStretches(request),
      open: opener(this.#parts, request, request.subStream),
      onChanged: (changed) => this.#handleChanged(changed),
      log: this.#parts.log,
    });
    this.#playbacks.set(playback.id, playback);
    this.#running.add(playback);
    try {
      await playback.begin(signal);
    } catch (error) {
      await playback.stop();
      throw error;
    }
    return playback.snapshot;
  }

  list(): PlaybackSnapshot[] {
    return [...this.#playbacks.values()].map(({ snapshot }) => snapshot).toReversed();
  }

  get(id: string): PlaybackSnapshot | undefined {
    return this.#playbacks.get(id)?.snapshot;
  }

  async change(id: string, change: PlaybackChange): Promise<PlaybackSnapshot> {
    const playback = this.#playbacks.get(id);
    if (playback === undefined) throw new PlaybackUnknownError(`no playback ${id.slice(0, 64)}`);
    await playback.change(change);
    return playback.snapshot;
  }

  async stop(id: string): Promise<boolean> {
    const playback = this.#playbacks.get(id);
    await playback?.stop();
    return playback !== undefined;
  }

  #handleChanged(playback: Playback): void {
    const { snapshot } = playback;
    if (playback.ended) {
      // Told of once more by an order that it has ended in.
      if (this.#running.delete(playback)) this.#count(snapshot.end);
      const ended = [...this.#playbacks.values()].filter((each) => each.ended);
      for (const { id } of ended.slice(0, Math.max(0, ended.length - MAX_ENDED))) this.#playbacks.delete(id);
    }
    safeEmit<PlaybacksEvents, 'changed'>(this, this.#parts.log, 'changed', snapshot);
  }

  #count(end: PlaybackEnd | undefined): void {
    if (end !== undefined) this.#ended.set(end, (this.#ended.get(end) ?? 0) + 1);
  }
}

function opener(parts: HistoriesParts, { deviceId, channelId }: RecordedRange, subStream = 0) {
  return (name: string, director: HistoryDirector): LiveStream =>
    parts.open(name, { deviceId, channelId, subStream }, director);
}
