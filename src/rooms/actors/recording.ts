import { setTimeout as delay } from 'node:timers/promises';
import { errorMessage, type Logger } from '../../util/index.ts';
import type { MemberStream } from '../meeting/index.ts';
import type { RecordingEnds } from './recording-ends.ts';
import { failureOf, type Taking } from './taker.ts';
import type { RoomRecording, RoomRecordings, TakenStream } from './types.ts';

/** A stream may be declared a moment before its first packets, or while a disk is being cleared. */
const DEFAULT_RETRY_MS = 2000;
/** Waits grow to this; a recording that lasted as long begins anew with the shortest one. */
const MAX_RETRY_MS = 60_000;

export interface StreamRecordingOptions {
  readonly stream: MemberStream;
  readonly segmentMinutes: number | undefined;
  readonly recordings: RoomRecordings;
  readonly ends: RecordingEnds;
  readonly retryMs: number | undefined;
  readonly log: Logger;
}

/**
 * One stream of a room in recordings of its own: one after the other while the stream is declared, because a publisher
 * that comes back under its name, a full disk or a camera that was away for long ends each of them.
 */
export class StreamRecording implements Taking {
  readonly #options: StreamRecordingOptions;
  readonly #abort = new AbortController();
  readonly #done: Promise<void>;
  #state: TakenStream['state'] = 'starting';
  /** The latest one. */
  #recordingId: string | undefined;
  #failure: TakenStream['failure'];

  constructor(options: StreamRecordingOptions) {
    this.#options = options;
    this.#done = this.#run();
  }

  view(): ReturnType<Taking['view']> {
    return {
      state: this.#state,
      ...(this.#recordingId === undefined ? {} : { recordingId: this.#recordingId }),
      ...(this.#failure === undefined ? {} : { failure: this.#failure }),
    };
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#done;
    if (this.#recordingId === undefined) return;
    const { recordings, log } = this.#options;
    // Where the stream has ended it has ended, too; its file is finished either way.
    await recordings.stop(this.#recordingId).catch((error: unknown) => {
      log.warn({ recordingId: this.#recordingId, error: errorMessage(error) }, 'recording of a room was not stopped');
    });
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    const { retryMs = DEFAULT_RETRY_MS } = this.#options;
    let waitMs = retryMs;
    while (!signal.aborted) {
      const begunAt = performance.now();
      const goesOn = await this.#record();
      if (!goesOn || signal.aborted) return;
      if (performance.now() - begunAt >= MAX_RETRY_MS) waitMs = retryMs;
      await delay(waitMs, undefined, { signal }).catch(() => undefined);
      waitMs = Math.min(waitMs * 2, MAX_RETRY_MS);
    }
  }

  /** One recording from its beginning to its end. False = no other one is wanted. Never rejects. */
  async #record(): Promise<boolean> {
    const { ends, log } = this.#options;
    try {
      const id = await this.#start();
      this.#recordingId = id;
      this.#enter('running');
      const ended = await ends.of(id, this.#abort.signal);
      if (ended === undefined) return false;
      log.info({ recordingId: id, reason: ended.reason }, 'recording of a room has ended before its stream');
      return this.#handleEnded(ended);
    } catch (error) {
      this.#enter('failed', failureOf(error));
      return true;
    }
  }

  #handleEnded({ state, reason, message }: RoomRecording): boolean {
    // Somebody has stopped this one recording, and would not want to stop it again and again.
    const wanted = reason === 'stopped';
    if (state === 'failed') this.#enter('failed', { code: reason ?? 'internal_error', message: message ?? '' });
    else this.#enter(wanted ? 'ended' : 'starting');
    return !wanted;
  }

  #enter(state: TakenStream['state'], failure?: TakenStream['failure']): void {
    this.#state = state;
    this.#failure = failure;
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
