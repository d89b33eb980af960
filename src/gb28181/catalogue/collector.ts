import type { Commander } from '../commander.ts';
import type { DeviceRecord } from '../device/record.ts';
import { DeviceSilentError, RequestAbortedError } from '../errors.ts';
import { catalogQuery, parseCatalogPart, type Manscdp } from '../manscdp/index.ts';
import type { PendingTable } from '../pending-table.ts';
import type { CatalogItem, CatalogResult } from '../types.ts';

/** Everything that one query brought. */
export interface CollectedCatalog {
  readonly items: readonly CatalogItem[];
  readonly result: CatalogResult;
}

export interface CatalogTimes {
  /** Big NVRs need up to two minutes for the first page (quirks 2.3). */
  readonly firstPartMs: number;
  /** Silence after which the rest is not waited for any more (GB/T 28181 7.4). */
  readonly idleMs: number;
}

export const CATALOG_TIMES: CatalogTimes = { firstPartMs: 120_000, idleMs: 5_000 };

const MAX_ITEMS = 50_000;

/** One catalogue query: gathers the parts by SN until all announced items are here or the device falls silent. */
export class CatalogCollector {
  readonly #record: DeviceRecord;
  readonly #commander: Commander;
  readonly #pending: PendingTable;
  readonly #times: CatalogTimes;
  readonly #items = new Map<string, CatalogItem>();
  readonly #done = Promise.withResolvers<void>();
  #sumNum: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    record: DeviceRecord,
    parts: { readonly commander: Commander; readonly pending: PendingTable; readonly times: CatalogTimes },
  ) {
    this.#record = record;
    this.#commander = parts.commander;
    this.#pending = parts.pending;
    this.#times = parts.times;
  }

  /** @throws DeviceSilentError, RequestAbortedError, and those of `Commander.send` */
  async run(signal: AbortSignal): Promise<CollectedCatalog> {
    const { id, wireId } = this.#record;
    const parts = catalogQuery(this.#commander.nextSn(), wireId);
    const remove = this.#pending.add({ deviceId: id, cmdType: parts.cmdType, sn: parts.sn }, (part) =>
      this.#take(part),
    );
    const abort = (): void => this.#done.reject(new RequestAbortedError('Catalog'));
    this.#done.promise.catch(() => undefined);
    signal.addEventListener('abort', abort, { once: true });
    try {
      const { firstPartMs } = this.#times;
      this.#restart(firstPartMs, () => this.#done.reject(new DeviceSilentError(id, 'Catalog', firstPartMs)));
      await this.#send(parts, signal);
      await this.#done.promise;
      return this.#collected();
    } finally {
      clearTimeout(this.#timer);
      signal.removeEventListener('abort', abort);
      remove();
    }
  }

  async #send(parts: ReturnType<typeof catalogQuery>, signal: AbortSignal): Promise<void> {
    try {
      await this.#commander.send(this.#record, parts, signal);
    } catch (error) {
      // The 200 may get lost while the answer comes through.
      if (this.#sumNum === undefined && this.#items.size === 0) throw error;
    }
  }

  #take(message: Manscdp): void {
    const part = parseCatalogPart(message);
    for (const item of part.items)
      if (this.#items.size < MAX_ITEMS || this.#items.has(item.id)) this.#items.set(item.id, item);
    if (part.sumNum !== undefined) this.#sumNum = Math.max(part.sumNum, this.#sumNum ?? 0);
    if (this.#complete) this.#done.resolve();
    else this.#restart(this.#times.idleMs, () => this.#done.resolve());
  }

  /** A total of 0 beside items is a device that does not count. */
  get #complete(): boolean {
    if (this.#sumNum === undefined) return false;
    return this.#sumNum === 0 ? this.#items.size === 0 : this.#items.size >= this.#sumNum;
  }

  #collected(): CollectedCatalog {
    const received = this.#items.size;
    const result = { sumNum: this.#sumNum ?? received, received, complete: this.#complete };
    return { items: [...this.#items.values()], result };
  }

  #restart(ms: number, action: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, ms);
  }
}
