import { parseRecordInfoPart, type Manscdp } from '../manscdp/index.ts';
import type { CollectTimes, ResponseParts } from '../response-collector.ts';
import type { RecordItem } from './types.ts';

/** First part within 15 s (GB/T 28181 8.5), then as for catalogues. */
export const RECORD_TIMES: CollectTimes = { firstPartMs: 15_000, idleMs: 5_000 };

/** A day of files of ten seconds, twice over. */
const MAX_ITEMS = 20_000;

/** The items of one RecordInfo query, each once, whatever is repeated. */
export class RecordParts implements ResponseParts {
  readonly #items = new Map<string, RecordItem>();
  readonly #unreadable = new Set<string>();
  #sumNum: number | undefined;

  get items(): Iterable<RecordItem> {
    return this.#items.values();
  }

  get sumNum(): number {
    return this.#sumNum ?? this.#items.size;
  }

  take(message: Manscdp): boolean {
    const part = parseRecordInfoPart(message);
    for (const item of part.items) if (this.#items.size < MAX_ITEMS) this.#items.set(keyOf(item), item);
    for (const mark of part.unreadable) if (this.#unreadable.size < MAX_ITEMS) this.#unreadable.add(mark);
    if (part.sumNum !== undefined) this.#sumNum = Math.max(part.sumNum, this.#sumNum ?? 0);
    return this.complete || this.#items.size >= MAX_ITEMS;
  }

  /** All that was announced is here. A total of 0 beside items is a device that does not count. */
  get complete(): boolean {
    const taken = this.#items.size + this.#unreadable.size;
    if (this.#sumNum === undefined) return false;
    return this.#sumNum === 0 ? taken === 0 : taken >= this.#sumNum;
  }
}

function keyOf({ channelId, startMs, endMs, filePath, recorderId, type, streamNumber }: RecordItem): string {
  return `${startMs} ${endMs} ${type} ${streamNumber} ${channelId} ${recorderId} ${filePath}`;
}
