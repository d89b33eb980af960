/** One element of a MANSCDP document. Names keep their spelling; look-ups ignore case (GB/T 28181 4.5). */
export class XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlElement[] = [];
  /** Own character data, trimmed by `value`. */
  text = '';
  /** Of the root: the document ends inside of it. */
  cutOff?: true;

  constructor(name: string, attributes: ReadonlyMap<string, string> = NO_ATTRIBUTES) {
    this.name = name;
    this.attributes = attributes;
  }

  get value(): string {
    return this.text.trim();
  }

  child(name: string): XmlElement | undefined {
    return this.children.find((each) => sameName(each.name, name));
  }

  childrenNamed(name: string): XmlElement[] {
    return this.children.filter((each) => sameName(each.name, name));
  }

  /** Text of a child, else of the attribute of that name (some cameras write CmdType and SN so), else empty. */
  field(name: string): string {
    const value = this.child(name)?.value ?? '';
    return value === '' ? (this.attribute(name) ?? '') : value;
  }

  attribute(name: string): string | undefined {
    for (const [key, value] of this.attributes) if (sameName(key, name)) return value.trim();
    return undefined;
  }

  /** Number of a field; blanks inside it are dropped (TP-Link), anything that is no number is undefined. */
  number(name: string): number | undefined {
    return parseNumber(this.field(name));
  }
}

const NO_ATTRIBUTES: ReadonlyMap<string, string> = new Map();

/** Number in a text, blanks anywhere; undefined for empty or other text. */
export function parseNumber(text: string): number | undefined {
  const compact = /\s/.test(text) ? text.replaceAll(/\s+/g, '') : text;
  return /^[+-]?(?:\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})$/.test(compact) ? Number(compact) : undefined;
}

function sameName(left: string, right: string): boolean {
  return left === right || (left.length === right.length && left.toLowerCase() === right.toLowerCase());
}
