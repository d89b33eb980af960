import { parseCatalogPart, type Manscdp } from '../manscdp/index.ts';
import type { CollectTimes, ResponseParts } from '../response-collector.ts';
import type { CatalogItem, CatalogResult } from './types.ts';

/** Big NVRs need up to two minutes for the first page (quirks 2.3). */
export const CATALOG_TIMES: CollectTimes = { firstPartMs: 120_000, idleMs: 5_000 };

const MAX_ITEMS = 50_000;

/** The items of one catalogue query: all are here when as many distinct ones came as were announced. */
export class CatalogParts implements ResponseParts {
  readonly #items = new Map<string, CatalogItem>();
  #sumNum: number | undefined;

  get items(): CatalogItem[] {
    return [...this.#items.values()];
  }

  get result(): CatalogResult {
    const received = this.#items.size;
    return { sumNum: this.#sumNum ?? received, received, complete: this.#complete };
  }

  take(message: Manscdp): boolean {
    const part = parseCatalogPart(message);
    for (const item of part.items)
      if (this.#items.size < MAX_ITEMS || this.#items.has(item.id)) this.#items.set(item.id, item);
    if (part.sumNum !== undefined) this.#sumNum = Math.max(part.sumNum, this.#sumNum ?? 0);
    return this.#complete;
  }

  /** A total of 0 beside items is a device that does not count. */
  get #complete(): boolean {
    if (this.#sumNum === undefined) return false;
    return this.#sumNum === 0 ? this.#items.size === 0 : this.#items.size >= this.#sumNum;
  }
}
