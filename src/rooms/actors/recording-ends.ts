import type { RoomRecording, RoomRecordings } from './types.ts';

/** Which recordings have ended, for all who wait for one; listens once. */
export class RecordingEnds {
  readonly #recordings: RoomRecordings;
  readonly #waiting = new Map<string, (recording: RoomRecording) => void>();

  constructor(recordings: RoomRecordings) {
    this.#recordings = recordings;
    recordings.on('changed', this.#handleChanged);
  }

  /** Resolves when it has ended or is not known, and with undefined when it is not to be waited for any longer. */
  async of(id: string, signal: AbortSignal): Promise<RoomRecording | undefined> {
    const { promise, resolve } = Promise.withResolvers<RoomRecording | undefined>();
    const stop = (): void => resolve(undefined);
    signal.addEventListener('abort', stop, { once: true });
    this.#waiting.set(id, resolve);
    try {
      // It may have ended before anybody waited.
      const now = this.#recordings.get(id) ?? { id, state: 'finished' };
      if (signal.aborted) stop();
      else if (now.state !== 'recording') resolve(now);
      return await promise;
    } finally {
      this.#waiting.delete(id);
      signal.removeEventListener('abort', stop);
    }
  }

  /** Idempotent. */
  close(): void {
    this.#recordings.off('changed', this.#handleChanged);
  }

  readonly #handleChanged = (recording: RoomRecording): void => {
    if (recording.state !== 'recording') this.#waiting.get(recording.id)?.(recording);
  };
}
