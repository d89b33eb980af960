import { finishInTurns } from '../../util/index.ts';
import type { DeviceAccess } from '../device-access.ts';
import type { DeviceRecord } from '../device/record.ts';
import type { DeviceTable } from '../device/table.ts';
import { DeviceRefusedError, RequestAbortedError } from '../errors.ts';
import { kindOfItem } from '../ids.ts';
import { catalogQuery } from '../manscdp/index.ts';
import { ResponseCollector, type CollectTimes } from '../response-collector.ts';
import type { CatalogResult, Channel } from '../types.ts';
import { buildChannels, selfChannel } from './channels.ts';
import { CatalogParts } from './collector.ts';

export interface CataloguesOptions {
  readonly access: DeviceAccess;
  readonly table: DeviceTable;
  readonly times: CollectTimes;
  readonly now: () => number;
}

/** Asks devices for their catalogues and keeps the channels. */
export class Catalogues {
  readonly #options: CataloguesOptions;
  /** One query per device at a time (GB/T 28181 7.4); later callers share it. */
  readonly #running = new Map<string, Promise<CatalogResult>>();

  constructor(options: CataloguesOptions) {
    this.#options = options;
  }

  /** With a signal one caller gives up; the query goes on for others who wait for it. @throws as `ResponseCollector.run` */
  async refresh(record: DeviceRecord, signal?: AbortSignal): Promise<CatalogResult> {
    const answer = this.#shared(record);
    if (signal === undefined) return answer;
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => aborted.reject(new RequestAbortedError('Catalog'));
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    try {
      return await Promise.race([answer, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', abort);
      answer.catch(() => undefined);
    }
  }

  #shared(record: DeviceRecord): Promise<CatalogResult> {
    const running = this.#running.get(record.id);
    if (running !== undefined) return running;
    const query = this.#collect(record).finally(() => this.#running.delete(record.id));
    this.#running.set(record.id, query);
    return query;
  }

  async #collect(record: DeviceRecord): Promise<CatalogResult> {
    const { access, table, times, now } = this.#options;
    const parts = new CatalogParts();
    try {
      await new ResponseCollector(record, access, { command: catalogQuery, parts, times }).run(access.closing);
    } catch (error) {
      const own = error instanceof DeviceRefusedError && record.channels.size === 0 ? alone(record) : [];
      if (own.length > 0) table.setChannels(record, own, NONE);
      throw error;
    }
    const { items, result } = parts;
    const kept = result.complete ? [] : record.channels.values();
    const channels = await finishInTurns(buildChannels(record.id, items, kept, now()));
    table.setChannels(record, channels.length === 0 ? alone(record) : channels, result);
    return result;
  }
}

const NONE: CatalogResult = { sumNum: 0, received: 0, complete: false };

/** A stand-alone camera without a catalogue of its own still has a picture. */
function alone(record: DeviceRecord): Channel[] {
  return kindOfItem(record.wireId, true) === 'video' ? [selfChannel(record.snapshot())] : [];
}
