import type { DeviceAccess } from '../device-access.ts';
import { KnownRecords } from './known-records.ts';
import { queryRecords } from './records.ts';
import type { Stretch } from './stretches.ts';
import type { RecordList, RecordQuery } from './types.ts';

/** What devices have recorded, asked for, and as they told it the last time. */
export class RecordLists {
  readonly #access: DeviceAccess;
  readonly #now: () => number;
  readonly #known = new KnownRecords();

  constructor(access: DeviceAccess, now: () => number) {
    this.#access = access;
    this.#now = now;
  }

  /** @throws as `queryRecords` */
  async query(query: RecordQuery, signal?: AbortSignal): Promise<RecordList> {
    const list = await queryRecords(this.#access, query, { signal });
    this.#known.note(query, list, this.#now());
    return list;
  }

  stretches(query: RecordQuery): Stretch[] {
    return this.#known.find(query);
  }
}
