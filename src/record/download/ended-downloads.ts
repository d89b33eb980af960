import { errorMessage, type Logger } from '../../util/index.ts';
import type { Recording, Recordings } from '../types.ts';
import { snapshotOf } from './download.ts';
import type { DownloadRecord, DownloadSnapshot, DownloadStore } from './types.ts';

/** Kept of those that have ended, with the newest first; their files stay in the list of recordings. */
const MAX_ENDED = 200;

export interface EndedDownloadsParts {
  readonly store: DownloadStore;
  readonly recordings: Pick<Recordings, 'get' | 'on' | 'off'>;
  readonly onChanged: (download: DownloadSnapshot) => void;
  readonly log: Logger;
}

/** Downloads that have ended, also those of earlier runs of the gateway, as long as there are files of theirs. */
export class EndedDownloads {
  readonly #parts: EndedDownloadsParts;
  /** By id, in the order in which they ended. */
  readonly #records = new Map<string, DownloadRecord>();
  readonly #byRecording = new Map<string, string>();

  constructor(parts: EndedDownloadsParts) {
    this.#parts = parts;
    for (const record of this.#load()) this.#restore(record);
    parts.recordings.on('changed', this.#handleRecording).on('removed', this.#handleRemoved);
  }

  list(): DownloadSnapshot[] {
    return [...this.#records.values()].flatMap((record) => this.#snapshotOf(record) ?? []);
  }

  get(id: string): DownloadSnapshot | undefined {
    const record = this.#records.get(id);
    return record === undefined ? undefined : this.#snapshotOf(record);
  }

  add(record: DownloadRecord): void {
    this.#keep(record);
    this.#write(record.id, (store) => store.save(record));
    for (const { id, recordingId } of this.#records.values()) {
      if (this.#records.size <= MAX_ENDED) return;
      this.#forget(id, recordingId);
    }
  }

  /** Another one fetches what this one lacks. */
  continue(id: string, by: string): void {
    const record = this.#records.get(id);
    if (record === undefined) return;
    this.add({ ...record, continuedBy: by });
    const snapshot = this.get(id);
    if (snapshot !== undefined) this.#parts.onChanged(snapshot);
  }

  close(): void {
    this.#parts.recordings.off('changed', this.#handleRecording).off('removed', this.#handleRemoved);
  }

  /** One that ran when the gateway ended has failed; what had come by then is there. */
  #restore(record: DownloadRecord): void {
    const recording = this.#parts.recordings.get(record.recordingId);
    if (recording === undefined) this.#forget(record.id, record.recordingId);
    else if (record.state === 'running') {
      const endedAt = recording.endedAt ?? record.createdAt;
      this.add({ ...record, state: 'failed', end: 'gateway_restarted', endedAt, message: 'gateway restarted' });
    } else this.#keep(record);
  }

  #keep(record: DownloadRecord): void {
    this.#records.set(record.id, record);
    this.#byRecording.set(record.recordingId, record.id);
  }

  readonly #handleRecording = ({ id }: Recording): void => {
    const snapshot = this.get(this.#byRecording.get(id) ?? '');
    if (snapshot !== undefined) this.#parts.onChanged(snapshot);
  };

  readonly #handleRemoved = ({ id }: { readonly id: string }): void => {
    const download = this.#byRecording.get(id);
    if (download !== undefined) this.#forget(download, id);
  };

  #snapshotOf(record: DownloadRecord): DownloadSnapshot | undefined {
    const recording = this.#parts.recordings.get(record.recordingId);
    return recording === undefined ? undefined : snapshotOf(record, recording);
  }

  #forget(id: string, recordingId: string): void {
    this.#records.delete(id);
    this.#byRecording.delete(recordingId);
    this.#write(id, (store) => store.remove(id));
  }

  #load(): DownloadRecord[] {
    try {
      return this.#parts.store.list();
    } catch (error) {
      this.#parts.log.error({ error: errorMessage(error) }, 'downloads of before could not be read');
      return [];
    }
  }

  #write(id: string, write: (store: DownloadStore) => void): void {
    try {
      write(this.#parts.store);
    } catch (error) {
      this.#parts.log.error({ download: id, error: errorMessage(error) }, 'download could not be written down');
    }
  }
}
