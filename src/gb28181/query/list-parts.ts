import type { ListPart, Manscdp } from '../manscdp/index.ts';
import type { ResponseParts } from '../response-collector.ts';
import type { ListAnswer } from './types.ts';

const MAX_ITEMS = 10_000;

/** Items of an answer in parts: all are here when as many different ones came as were announced (GB/T 28181 7.4). */
export class ListParts<T> implements ResponseParts {
  readonly #parse: (message: Manscdp) => ListPart<T>;
  readonly #keyOf: (item: T, index: number) => string;
  readonly #items = new Map<string, T>();
  /** Index of the next item over all parts, for lists whose items have no key of their own. */
  #next = 0;
  #sumNum: number | undefined;

  constructor(parse: (message: Manscdp) => ListPart<T>, keyOf: (item: T, index: number) => string) {
    this.#parse = parse;
    this.#keyOf = keyOf;
  }

  take(message: Manscdp): boolean {
    // Broken XML: only that something came is known of it.
    if (message.salvaged) return false;
    const { sumNum, items } = this.#parse(message);
    if (sumNum !== undefined) this.#sumNum = sumNum;
    for (const item of items) {
      const key = this.#keyOf(item, this.#next);
      this.#next += 1;
      if (this.#items.size < MAX_ITEMS || this.#items.has(key)) this.#items.set(key, item);
    }
    // Without a total one message is all.
    return this.#items.size >= Math.min(this.#sumNum ?? 0, MAX_ITEMS);
  }

  answer(complete: boolean): ListAnswer<T> {
    const items = [...this.#items.values()];
    return { items, sumNum: this.#sumNum ?? items.length, complete };
  }
}
