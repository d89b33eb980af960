/** What a relaxed reading gives: a value, or the first thing that nobody could make sense of. */
export type RelaxedJson =
  | {
      readonly value: unknown;
      /** Dotted keys that came twice; the last one counts. */ readonly repeated: readonly string[];
    }
  | { readonly problem: string };

/** Deeper nesting than any configuration has; the reader calls itself for each level. */
const MAX_DEPTH = 64;
const WORDS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
]);
const NUMBER = /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/;
/** White space, a byte order mark, comments of three kinds, and the fence lines of a text that was copied from Markdown. */
const BLANK = /(?:[\s\uFEFF]+|\/\/[^\n]*|#[^\n]*|\/\*[^]*?\*\/|```\w*)/y;
const WORD = /[^\s,:{}[\]"'#/]+/y;

class Unreadable extends Error {}

class Reader {
  readonly repeated: string[] = [];
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): unknown {
    const value = this.#value([]);
    this.#blank(true);
    if (this.#at < this.#text.length) this.#fail(`${this.#next()} after the end`);
    return value;
  }

  #fail(what: string, at = this.#at): never {
    throw new Unreadable(`line ${this.#text.slice(0, at).split('\n').length}: ${what}`);
  }

  /** For messages. */
  #next(): string {
    const word = this.#match(WORD);
    return JSON.stringify(word === undefined ? this.#text.charAt(this.#at) : word.slice(0, 40));
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#text)?.[0];
  }

  #blank(withCommas: boolean): void {
    for (;;) {
      const found = this.#match(BLANK);
      if (found !== undefined) this.#at += found.length;
      else if (withCommas && this.#text[this.#at] === ',') this.#at++;
      else return;
    }
  }

  #value(path: readonly string[]): unknown {
    this.#blank(false);
    if (path.length > MAX_DEPTH) this.#fail(`more than ${MAX_DEPTH} levels`);
    switch (this.#text[this.#at]) {
      case undefined:
        return this.#fail('the text ends where a value is expected');
      case '{':
        return this.#object(path);
      case '[':
        return this.#array(path);
      case '"':
      case "'":
        return this.#string();
      default:
        return this.#word();
    }
  }

  #word(): unknown {
    const word = this.#match(WORD) ?? '';
    if (!WORDS.has(word) && !NUMBER.test(word)) this.#fail(`expected a value, not ${this.#next()}`);
    this.#at += word.length;
    return WORDS.has(word) ? WORDS.get(word) : Number(word);
  }

  #string(): string {
    const start = this.#at;
    const quote = this.#text[start];
    let inner = '';
    for (let at = start + 1; ; at++) {
      const char = this.#text[at];
      if (char === undefined || char === '\n') return this.#fail('the quotation mark is not closed', start);
      if (char === quote) {
        this.#at = at + 1;
        break;
      }
      if (char === '\\') inner += this.#text[++at] === "'" ? "'" : `\\${this.#text[at] ?? ''}`;
      // A tab is the one control character that people type into strings.
      else inner += char === '"' ? '\\"' : char === '\t' ? '\\t' : char;
    }
    try {
      return JSON.parse(`"${inner}"`) as string;
    } catch {
      return this.#fail('a string that JSON does not allow, perhaps a lone \\', start);
    }
  }

  #array(path: readonly string[]): unknown[] {
    const start = this.#at++;
    const list: unknown[] = [];
    for (;;) {
      this.#blank(true);
      const char = this.#text[this.#at];
      if (char === undefined) this.#fail('[ is not closed', start);
      if (char === ']') break;
      list.push(this.#value([...path, String(list.length)]));
    }
    this.#at++;
    return list;
  }

  #object(path: readonly string[]): Record<string, unknown> {
    const start = this.#at++;
    const members = Object.create(null) as Record<string, unknown>;
    for (;;) {
      this.#blank(true);
      const char = this.#text[this.#at];
      if (char === undefined) this.#fail('{ is not closed', start);
      if (char === '}' || this.#closedByMisprint()) break;
      const key = this.#key();
      const keyPath = [...path, key];
      if (key in members) this.repeated.push(keyPath.join('.'));
      members[key] = this.#value(keyPath);
    }
    this.#at++;
    return members;
  }

  /** `{,` where a key is expected: how the printed example of pms.conf spells `},`. */
  #closedByMisprint(): boolean {
    return /^\{\s*,/.test(this.#text.slice(this.#at, this.#at + 40));
  }

  #key(): string {
    const char = this.#text[this.#at];
    const word = char === '"' || char === "'" ? this.#string() : this.#match(WORD);
    if (word === undefined) return this.#fail(`expected a key, not ${this.#next()}`);
    if (char !== '"' && char !== "'") this.#at += word.length;
    this.#blank(false);
    if (this.#text[this.#at] !== ':') this.#fail(`expected ":" after the key "${word.slice(0, 40)}"`);
    this.#at++;
    return word;
  }
}

/**
 * Reads JSON as people write configuration: with comments, with commas too many or too few, with keys or strings in
 * single quotes or none. Never throws; objects have no prototype.
 */
export function parseRelaxedJson(text: string): RelaxedJson {
  const reader = new Reader(text);
  try {
    return { value: reader.document(), repeated: reader.repeated };
  } catch (error) {
    if (error instanceof Unreadable) return { problem: error.message };
    throw error;
  }
}
