import { XmlElement } from './element.ts';

/**
 * A scanner for the plain XML of MANSCDP: elements, attributes, text, CDATA, comments, the five entities.
 *
 * Our own, because neither candidate library reads what cameras send: with `<Name>a<b c</Name><SN>1</SN>` both
 * xml2js (strict: false) and fast-xml-parser put SN inside Name, both fail on a document that is cut off, and a
 * document 20,000 elements deep costs xml2js 70 ms. This one never fails for damage, and costs about a tenth.
 */

/** Why a text is refused as a whole; damage inside it is repaired instead. */
export type XmlFault = 'too_large' | 'too_deep' | 'too_many_elements' | 'doctype' | 'no_element';

export const MAX_XML_CHARACTERS = 4 * 1024 * 1024;
/** RecordInfo, the deepest command, needs six. */
const MAX_DEPTH = 24;
/** Ten thousand items of 30 fields (GB/T 28181 7.4). */
const MAX_ELEMENTS = 400_000;
const MAX_ATTRIBUTES = 16;

/** One open or empty tag at the sticky position; a `<` inside means that it is no tag but text. */
const OPEN_TAG = /<([A-Za-z_][\w.:-]{0,63})((?:\s[^<>]{0,2048})?)(\/?)>/y;
const CLOSE_TAG = /<\/\s*([A-Za-z_][\w.:-]{0,63})[^<>]{0,64}>/y;
// Begins where a name begins: a name that is none must not be tried again from each of its letters.
const ATTRIBUTE = /(?<![\w.:-])([A-Za-z_][\w.:-]{0,63})\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'/]+))/g;
const ENTITY = /&(?:(lt|gt|amp|quot|apos)|#(\d{1,7})|#x([0-9a-f]{1,6}));/gi;
const NAMED: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

// What XML 1.0 2.2 does not allow in a document, NUL above all, and the byte order mark.
const CONTROLS = /[\p{Cc}\ufeff](?<![\t\n\r])/gu;

/** Reads the first element of a text; what follows it is ignored. */
export function parseXml(source: string): XmlElement | XmlFault {
  if (source.length > MAX_XML_CHARACTERS) return 'too_large';
  return new Scanner(source.replaceAll(CONTROLS, '')).run();
}

class Scanner {
  readonly #text: string;
  #at = 0;
  #elements = 0;
  #root: XmlElement | undefined;
  readonly #open: XmlElement[] = [];
  /** Where each closing mark was found last; -1 for nowhere. */
  readonly #marks = new Map<string, number>();

  constructor(text: string) {
    this.#text = text;
  }

  run(): XmlElement | XmlFault {
    while (this.#at < this.#text.length) {
      const next = this.#text.indexOf('<', this.#at);
      this.#addText(this.#text.slice(this.#at, next < 0 ? undefined : next));
      if (next < 0) break;
      this.#at = next;
      const fault = this.#markup();
      if (fault !== undefined) return fault;
      if (this.#root !== undefined && this.#open.length === 0) break;
    }
    // Everything still open ends here.
    if (this.#root !== undefined && this.#open.length > 0) this.#root.cutOff = true;
    while (this.#open.length > 0) this.#leaveUnclosed();
    return this.#root ?? 'no_element';
  }

  #markup(): XmlFault | undefined {
    const second = this.#text.charAt(this.#at + 1);
    if (second === '!') return this.#declaration();
    if (second === '?') return this.#skipPast('?>');
    if (second === '/') return this.#closeTag();
    return this.#openTag();
  }

  #declaration(): XmlFault | undefined {
    if (this.#text.startsWith('<!--', this.#at)) return this.#skipPast('-->');
    if (!this.#text.startsWith('<![CDATA[', this.#at)) {
      // DOCTYPE and ENTITY have no place in MANSCDP: bombs begin with them.
      if (/^<!\s*[a-z[]/i.test(this.#text.slice(this.#at, this.#at + 8))) return 'doctype';
      return this.#literal();
    }
    const begin = this.#at + '<![CDATA['.length;
    const end = this.#text.indexOf(']]>', begin);
    const current = this.#open.at(-1);
    if (current !== undefined) current.text += this.#text.slice(begin, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#text.length : end + 3;
    return undefined;
  }

  #skipPast(mark: string): undefined {
    // Each mark is looked for once per place: a text full of openings must not be searched to its end each time.
    let end = this.#marks.get(mark) ?? 0;
    if (end >= 0 && end < this.#at + 2) {
      end = this.#text.indexOf(mark, this.#at + 2);
      this.#marks.set(mark, end);
    }
    if (end >= 0) this.#at = end + mark.length;
    else this.#literal();
  }

  /** A `<` that opens nothing: text. */
  #literal(): undefined {
    this.#addText('<');
    this.#at += 1;
  }

  #openTag(): XmlFault | undefined {
    OPEN_TAG.lastIndex = this.#at;
    const match = OPEN_TAG.exec(this.#text);
    if (match === null) return this.#literal();
    const [tag, name = '', attributes = '', slash] = match;
    this.#at += tag.length;
    this.#elements += 1;
    if (this.#elements > MAX_ELEMENTS) return 'too_many_elements';
    // The attributes' pattern may have taken the slash of an empty element.
    const empty = slash === '/' || attributes.endsWith('/');
    const element = new XmlElement(name, parseAttributes(attributes));
    const parent = this.#open.at(-1);
    if (parent === undefined) this.#root = element;
    else parent.children.push(element);
    if (empty) return undefined;
    this.#open.push(element);
    return this.#open.length > MAX_DEPTH ? 'too_deep' : undefined;
  }

  #closeTag(): undefined {
    CLOSE_TAG.lastIndex = this.#at;
    const match = CLOSE_TAG.exec(this.#text);
    if (match === null) return this.#literal();
    const [tag, name = ''] = match;
    this.#at += tag.length;
    const wanted = name.toLowerCase();
    const depth = this.#open.findLastIndex((each) => each.name.toLowerCase() === wanted);
    // A close tag that nothing opened is dropped.
    if (depth < 0) return undefined;
    while (this.#open.length > depth + 1) this.#leaveUnclosed();
    this.#open.pop();
    return undefined;
  }

  /**
   * An element without its close tag was a leaf: what looks like its children belongs to its parent. Behind text of
   * the parent it was no tag at all, as in `<Name>gate <west> side</Name>`.
   */
  #leaveUnclosed(): void {
    const element = this.#open.pop();
    const parent = this.#open.at(-1);
    if (element === undefined || parent === undefined) return;
    if (parent.value !== '' && element.children.length === 0 && parent.children.at(-1) === element) {
      parent.children.pop();
      parent.text += `<${element.name}>${element.text}`;
      return;
    }
    for (const child of element.children.splice(0)) parent.children.push(child);
  }

  #addText(text: string): void {
    const current = this.#open.at(-1);
    if (current === undefined || text === '') return;
    current.text += text.includes('&') ? decodeEntities(text) : text;
  }
}

function parseAttributes(text: string): ReadonlyMap<string, string> | undefined {
  if (text.length < 4) return undefined;
  const attributes = new Map<string, string>();
  for (const [, name = '', double, single, bare] of text.matchAll(ATTRIBUTE)) {
    if (attributes.size === MAX_ATTRIBUTES) break;
    attributes.set(name, decodeEntities(double ?? single ?? bare ?? ''));
  }
  return attributes;
}

/** The five entities and character references; any other ampersand is meant as itself. */
function decodeEntities(text: string): string {
  return text.replaceAll(ENTITY, (whole: string, name?: string, decimal?: string, hex?: string) => {
    if (name !== undefined) return NAMED[name.toLowerCase()] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
    const printable = (code >= 0x20 && code <= 0xd7ff) || (code >= 0xe000 && code <= 0x10_ffff) || code === 10;
    return printable ? String.fromCodePoint(code) : '';
  });
}

/** Contents of an element to be written: a text, a number, or child elements. */
export type XmlContent = string | number | readonly XmlNode[];

/** An element to be written; undefined contents leave it out. */
export interface XmlNode {
  readonly name: string;
  readonly attributes?: Readonly<Record<string, string | number>>;
  readonly content: XmlContent | undefined;
}

/** Writes an element, without blanks between tags (some devices choke on them) and without undefined children. */
export function formatXml({ name, attributes = {}, content }: XmlNode): string {
  if (content === undefined) return '';
  const pairs = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(String(value))}"`);
  const inner = typeof content === 'object' ? content.map(formatXml).join('') : escapeXml(String(content));
  return `<${name}${pairs.join('')}>${inner}</${name}>`;
}

/** Short form for `XmlNode`. */
export function xmlNode(
  name: string,
  content: XmlContent | undefined,
  attributes?: Readonly<Record<string, string | number>>,
): XmlNode {
  return attributes === undefined ? { name, content } : { name, content, attributes };
}

function escapeXml(text: string): string {
  return text
    .replaceAll(CONTROLS, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
