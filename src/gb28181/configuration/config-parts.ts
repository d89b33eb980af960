import { isError, parseConfigValues, type ConfigType, type ConfigValues, type Manscdp } from '../manscdp/index.ts';
import type { ResponseParts } from '../response-collector.ts';
import type { ConfigAnswer } from './types.ts';

/** One Response for each type, or one that holds several (GB/T 28181 9.4). */
export class ConfigParts implements ResponseParts {
  readonly #asked: readonly ConfigType[];
  #values: ConfigValues = {};
  /** Answers that hold none of the types: they stand for one type each, which they do not name. */
  #blanks = 0;
  #errors = 0;

  constructor(asked: readonly ConfigType[]) {
    this.#asked = asked;
  }

  /** Every answer was Result ERROR. */
  get refused(): boolean {
    return this.#errors > 0 && this.missing.length === this.#asked.length;
  }

  get missing(): ConfigType[] {
    return this.#asked.filter((type) => this.#values[type] === undefined);
  }

  take(message: Manscdp): boolean {
    const found = parseConfigValues(message, this.#asked);
    // Broken XML: only that something came is known of it.
    if (message.cutOff && Object.keys(found).length === 0) return false;
    if (Object.keys(found).length === 0) this.#blanks += 1;
    if (isError(message)) this.#errors += 1;
    this.#values = { ...this.#values, ...found };
    return this.missing.length <= this.#blanks;
  }

  answer(complete: boolean): ConfigAnswer {
    return { values: this.#values, missing: this.missing, complete };
  }
}
