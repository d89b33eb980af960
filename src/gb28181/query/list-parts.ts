import type { ListPart, Manscdp } from '../manscdp/index.ts';
import type { ResponseParts } from '../response-collector.ts';
import type { ListAnswer } from './types.ts';

const MAX_ITEMS = 10_000;

/**
 * Items of an answer in parts: all are here when as many different ones came as were announced (GB/T 28181 7.4).
 * `keyOf` tells them apart; undefined where only their places do.
 */
export class ListParts<T> implements ResponseParts {
  readonly #parse: (message: Manscdp) => ListPart<T>;
  readonly #keyOf: (item: T) => string | undefined;
  readonly #items = new Map<string, T>();
  /** Of the next item without a key, over all parts. */
  #place = 0;
  #sumNum: number | undefined;

  constructor(parse: (message: Manscdp) => ListPart<T>, keyOf: (item: T) => string | undefined) {
    this.#parse = parse;
    this.#keyOf = keyOf;
  }

  take(message: Manscdp): boolean {
    const { sumNum, items } = this.#parse(message);
    // Broken XML: only that something came is known of it, not that there is nothing.
    if (message.cutOff && items.length === 0) return false;
    if (sumNum !== undefined) this.#sumNum = sumNum;
    const unnamed = items.filter((item) => this.#keyOf(item) === undefined).length;
    // More than was announced: the part was here before.
    const repeated = this.#place > 0 && this.#items.size + unnamed > (this.#sumNum ?? Infinity);
    for (const item of items) {
      const named = this.#keyOf(item);
      if (named === undefined && repeated) continue;
      if (named === undefined) this.#place += 1;
      const key = named ?? `#${this.#place}`;
      if (this.#items.size < MAX_ITEMS || this.#items.has(key)) this.#items.set(key, item);
    }
    return this.#all || this.#items.size >= MAX_ITEMS;
  }

  /** `ended`: the last part came, and not silence. */
  answer(ended: boolean): ListAnswer<T> {
    const items = [...this.#items.values()];
    return { items, sumNum: this.#sumNum ?? items.length, complete: ended && this.#all };
  }

  /** Without a total one message is all. */
  get #all(): boolean {
    return this.#items.size >= (this.#sumNum ?? 0);
  }
}
