import type { XmlElement } from './element.ts';
import { xmlNode, type XmlNode } from './xml.ts';

/** How one property is read from and written into the element that holds it. */
export interface Field<T> {
  /** Undefined where the element is absent, empty, or no value of this kind (GB/T 28181 4.6). */
  read(parent: XmlElement): T | undefined;
  write(value: T): XmlNode[];
}

type Shape = Readonly<Record<string, Field<unknown>>>;

/** What a shape reads: every property may be missing, devices leave out even what the standard requires. */
export type ValueOf<S extends Shape> = { readonly [K in keyof S]?: S[K] extends Field<infer T> ? T : never };

/** A group of elements, written in the order of its shape. */
export class Struct<S extends Shape> {
  readonly shape: S;

  constructor(shape: S) {
    this.shape = shape;
  }

  read(element: XmlElement): ValueOf<S> {
    const pairs = Object.entries(this.shape).map(([key, field]) => [key, field.read(element)] as const);
    return Object.fromEntries(pairs.filter(([, value]) => value !== undefined)) as ValueOf<S>;
  }

  /** Undefined properties are left out. */
  write(value: ValueOf<S>): XmlNode[] {
    const given: Readonly<Record<string, unknown>> = value;
    return Object.entries(this.shape).flatMap(([key, field]) => {
      const each = given[key];
      return each === undefined ? [] : field.write(each);
    });
  }
}

export function struct<S extends Shape>(shape: S): Struct<S> {
  return new Struct(shape);
}

const MAX_TEXT = 1_024;

/** A text, trimmed and cut to 1,024 characters. */
export function textField(name: string): Field<string> {
  return {
    read: (parent) => parent.field(name).slice(0, MAX_TEXT) || undefined,
    write: (value) => [xmlNode(name, value)],
  };
}

export function numberField(name: string): Field<number> {
  return { read: (parent) => parent.number(name), write: (value) => [xmlNode(name, value)] };
}

/** A number with this many decimals, as the examples of angles have them. */
export function decimalField(name: string, digits: number): Field<number> {
  return { read: (parent) => parent.number(name), write: (value) => [xmlNode(name, value.toFixed(digits))] };
}

/** Positive numbers; some devices answer 0 or nothing for "not told". */
export function positiveField(name: string): Field<number> {
  const number = numberField(name);
  return {
    read: (parent) => {
      const value = number.read(parent);
      return value !== undefined && value > 0 ? value : undefined;
    },
    write: (value) => number.write(value),
  };
}

/** 0 and 1. */
export function flagField(name: string): Field<boolean> {
  return {
    read: (parent) => {
      const value = parent.field(name).toLowerCase();
      if (['1', 'true', 'on'].includes(value)) return true;
      return ['0', 'false', 'off'].includes(value) ? false : undefined;
    },
    write: (value) => [xmlNode(name, value ? 1 : 0)],
  };
}

/** One of these texts; case does not count when reading. */
export function choiceField<const T extends string>(name: string, choices: readonly T[]): Field<T> {
  return {
    read: (parent) => {
      const value = parent.field(name).toLowerCase();
      return choices.find((each) => each.toLowerCase() === value);
    },
    write: (value) => [xmlNode(name, value)],
  };
}

/** Values joined by a slash, `1/2/4`. */
export function joinedField(name: string): Field<readonly string[]> {
  return {
    read: (parent) => {
      const parts = parent.field(name).slice(0, MAX_TEXT).split('/');
      const found = parts.map((part) => part.trim()).filter((part) => part !== '');
      return found.length === 0 ? undefined : found;
    },
    write: (values) => [xmlNode(name, values.join('/'))],
  };
}

export function groupField<S extends Shape>(name: string, shape: Struct<S>): Field<ValueOf<S>> {
  return {
    read: (parent) => {
      const element = parent.child(name);
      return element === undefined ? undefined : shape.read(element);
    },
    write: (value) => [xmlNode(name, shape.write(value))],
  };
}

/** Repeated elements without anything around them. */
export function repeatedField<S extends Shape>(
  name: string,
  shape: Struct<S>,
  max: number,
): Field<ReadonlyArray<ValueOf<S>>> {
  return {
    read: (parent) => {
      const found = parent.childrenNamed(name).slice(0, max);
      return found.length === 0 ? undefined : found.map((each) => shape.read(each));
    },
    write: (values) => values.map((value) => xmlNode(name, shape.write(value))),
  };
}

/** Repeated elements inside of a list whose attribute `Num` counts them. */
export function listField<S extends Shape>(
  list: string,
  item: string,
  shape: Struct<S>,
  max: number,
): Field<ReadonlyArray<ValueOf<S>>> {
  return {
    read: (parent) =>
      parent
        .child(list)
        ?.childrenNamed(item)
        .slice(0, max)
        .map((each) => shape.read(each)),
    write: (values) => [
      xmlNode(
        list,
        values.map((value) => xmlNode(item, shape.write(value))),
        { Num: values.length },
      ),
    ],
  };
}
