import { finishInTurns } from '../../util/index.ts';
import type { Command } from '../commander.ts';
import type { DeviceAccess } from '../device-access.ts';
import type { DeviceRecord } from '../device/record.ts';
import type { DeviceTable } from '../device/table.ts';
import { DeviceRefusedError, PendingLimitError, RequestAbortedError } from '../errors.ts';
import { kindOfItem } from '../ids.ts';
import { catalogQuery } from '../manscdp/index.ts';
import { ResponseCollector, type CollectTimes } from '../response-collector.ts';
import { buildChannels, selfChannel } from './channels.ts';
import { CatalogParts } from './collector.ts';
import type { CatalogResult, CatalogScope, Channel } from './types.ts';

export interface CataloguesOptions {
  readonly access: DeviceAccess;
  readonly table: DeviceTable;
  readonly times: CollectTimes;
  readonly now: () => number;
}

/** The last query of a device, which may wait for others. */
interface Turn {
  readonly answer: Promise<CatalogResult>;
  readonly whole: boolean;
  /** From 1. */
  readonly place: number;
}

const MAX_TURNS = 8;

/** Asks devices for their catalogues and keeps the channels. */
export class Catalogues {
  readonly #options: CataloguesOptions;
  /** One query per device at a time (GB/T 28181 7.4); later callers share that of a whole catalogue. */
  readonly #turns = new Map<string, Turn>();

  constructor(options: CataloguesOptions) {
    this.#options = options;
  }

  /** With a signal one caller gives up; the query goes on for others who wait for it. @throws as `ResponseCollector.run` */
  async refresh(record: DeviceRecord, signal?: AbortSignal, scope?: CatalogScope): Promise<CatalogResult> {
    const answer = this.#inTurn(record, scope);
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

  #inTurn(record: DeviceRecord, scope: CatalogScope | undefined): Promise<CatalogResult> {
    const { id } = record;
    const before = this.#turns.get(id);
    if (scope === undefined && before?.whole === true) return before.answer;
    const place = (before?.place ?? 0) + 1;
    if (place > MAX_TURNS) throw new PendingLimitError(place, MAX_TURNS);
    const run = () => this.#collect(record, scope);
    const answer = (before === undefined ? run() : before.answer.then(run, run)).finally(() => {
      if (this.#turns.get(id)?.answer === answer) this.#turns.delete(id);
    });
    this.#turns.set(id, { answer, whole: scope === undefined, place });
    return answer;
  }

  async #collect(record: DeviceRecord, scope: CatalogScope | undefined): Promise<CatalogResult> {
    const { access, table, times, now } = this.#options;
    const parts = new CatalogParts();
    const command: Command = (sn, deviceId) => catalogQuery(sn, scope?.id ?? deviceId, scope);
    try {
      await new ResponseCollector(record, access, { command, parts, times }).run(access.closing);
    } catch (error) {
      const refused = error instanceof DeviceRefusedError && scope === undefined && record.channels.size === 0;
      const own = refused ? alone(record) : [];
      if (own.length > 0) table.setChannels(record, own, NONE);
      throw error;
    }
    const { items, result } = parts;
    const kept = result.complete && scope === undefined ? [] : record.channels.values();
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
