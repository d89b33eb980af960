import { setTimeout as delay } from 'node:timers/promises';
import { errorMessage, type Logger } from '../../util/index.ts';
import type { MemberStream } from '../meeting/index.ts';
import { failureOf, type Taking } from './taker.ts';
import type { RoomRecordings, TakenStream } from './types.ts';

/** A stream may be declared a moment before its first packets, or while a disk is being cleared. */
const DEFAULT_RETRY_MS = 2000;
const MAX_ATTEMPTS = 30;

export interface StreamRecordingOptions {
  readonly stream: MemberStream;
  readonly segmentMinutes: number | undefined;
  readonly recordings: RoomRecordings;
  readonly retryMs: number | undefined;
  readonly log: Logger;
}

/** One stream of a room in a recording of its own. */
export class StreamRecording implements Taking {
  readonly #options: StreamRecordingOptions;
  readonly #abort = new AbortController();
  readonly #running: Promise<void>;
  #recordingId: string | undefined;
  #failure: TakenStream['failure'];

  constructor(options: StreamRecordingOptions) {
    this.#options = options;
    this.#running = this.#begin();
  }

  view(): ReturnType<Taking['view']> {
    if (this.#recordingId !== undefined) return { state: 'running', recordingId: this.#recordingId };
    return this.#failure === undefined ? { state: 'starting' } : { state: 'failed', failure: this.#failure };
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
    if (this.#recordingId === undefined) return;
    const { recordings, log } = this.#options;
    // Where the stream has ended it has ended, too; its file is finished either way.
    await recordings.stop(this.#recordingId).catch((error: unknown) => {
      log.warn({ recordingId: this.#recordingId, error: errorMessage(error) }, 'recording of a room was not stopped');
    });
  }

  async #begin(): Promise<void> {
    const { signal } = this.#abort;
    const { retryMs = DEFAULT_RETRY_MS } = this.#options;
    for (let attempt = 0; attempt < MAX_ATTEMPTS && !signal.aborted; attempt += 1) {
      try {
        this.#recordingId = await this.#start();
        this.#failure = undefined;
        return;
      } catch (error) {
        this.#failure = failureOf(error);
        await delay(retryMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #start(): Promise<string> {
    const { stream, segmentMinutes, recordings } = this.#options;
    const { id } = await recordings.start({
      stream: stream.stream.stream_id,
      requestedBy: 'room',
      ...(segmentMinutes === undefined ? {} : { segmentMinutes }),
    });
    return id;
  }
}
