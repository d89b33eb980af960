import type { SipHeaders } from '../types.ts';
import { splitList } from './list.ts';
import { fieldName, type FieldName } from './names.ts';

/** Fields whose comma lists are one value each (RFC 3261 §7.3.1, RFC 3327). */
const LISTS: ReadonlySet<string> = new Set(['via', 'route', 'record-route', 'path', 'contact', 'service-route']);

/** Header fields in order. Values are slices of the message's text, taken apart only when somebody asks. */
export class HeaderList implements SipHeaders {
  readonly #fields: FieldName[] = [];
  readonly #values: string[] = [];

  get size(): number {
    return this.#fields.length;
  }

  get(name: string): string | undefined {
    const at = this.#indexOf(fieldName(name).key);
    return at < 0 ? undefined : this.#values[at];
  }

  getAll(name: string): string[] {
    const { key } = fieldName(name);
    const found = this.getRaw(name);
    return LISTS.has(key) ? found.flatMap((value) => splitList(value)) : found;
  }

  /** Every value of a field as it stands in the message, comma lists unsplit. */
  getRaw(name: string): string[] {
    const { key } = fieldName(name);
    const found: string[] = [];
    for (let at = 0; at < this.#fields.length; at += 1) {
      const value = this.#values[at];
      if (this.#fields[at]?.key === key && value !== undefined) found.push(value);
    }
    return found;
  }

  /** How many fields of the name there are. */
  count(name: string): number {
    const { key } = fieldName(name);
    let count = 0;
    for (const field of this.#fields) if (field.key === key) count += 1;
    return count;
  }

  has(name: string): boolean {
    return this.#indexOf(fieldName(name).key) >= 0;
  }

  set(name: string, value: string): void {
    const field = fieldName(name);
    const at = this.#indexOf(field.key);
    if (at < 0) {
      this.push(field, value);
      return;
    }
    this.#values[at] = value;
    this.#removeFrom(field.key, at + 1);
  }

  /** Replaces the first value of a field only. */
  replaceFirst(name: string, value: string): void {
    const at = this.#indexOf(fieldName(name).key);
    if (at >= 0) this.#values[at] = value;
  }

  append(name: string, value: string): void {
    this.push(fieldName(name), value);
  }

  /** Puts a value in front of all others of any name: a new Via or Route goes on top. */
  prepend(name: string, value: string): void {
    this.#fields.unshift(fieldName(name));
    this.#values.unshift(value);
  }

  /** `append` for a name that is resolved already. */
  push(field: FieldName, value: string): void {
    this.#fields.push(field);
    this.#values.push(value);
  }

  /** Continues the value that was added last (RFC 3261 §7.3.1, folding). */
  fold(text: string): void {
    const last = this.#values.length - 1;
    const value = this.#values[last];
    if (value !== undefined) this.#values[last] = value === '' ? text : `${value} ${text}`;
  }

  /** Adds every value of a field of another list, in order. */
  copy(from: HeaderList, key: string): void {
    for (let at = 0; at < from.#fields.length; at += 1) {
      const field = from.#fields[at];
      const value = from.#values[at];
      if (field?.key === key && value !== undefined) this.push(field, value);
    }
  }

  delete(name: string): void {
    this.#removeFrom(fieldName(name).key, 0);
  }

  /** `Name: value` lines, each with CRLF. */
  format(): string {
    let text = '';
    for (let at = 0; at < this.#fields.length; at += 1) text += `${this.#fields[at]?.name}: ${this.#values[at]}\r\n`;
    return text;
  }

  *[Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    for (let at = 0; at < this.#fields.length; at += 1) {
      const field = this.#fields[at];
      const value = this.#values[at];
      if (field !== undefined && value !== undefined) yield [field.name, value];
    }
  }

  #indexOf(key: string): number {
    for (let at = 0; at < this.#fields.length; at += 1) if (this.#fields[at]?.key === key) return at;
    return -1;
  }

  #removeFrom(key: string, from: number): void {
    for (let at = this.#fields.length - 1; at >= from; at -= 1) {
      if (this.#fields[at]?.key !== key) continue;
      this.#fields.splice(at, 1);
      this.#values.splice(at, 1);
    }
  }
}
