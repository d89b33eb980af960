import { indexOutside } from './list.ts';

const SEMICOLON = 0x3b;
const NONE: ReadonlyMap<string, string> = new Map();

/**
 * Parameters behind a value: `;name`, `;name=token`, `;name="quoted"` (RFC 3261 §7.3.1). Names are lower case, quotes
 * are taken off, a single `;` at the end is let through; an empty parameter in between makes it undefined.
 */
export function parseParams(text: string): ReadonlyMap<string, string> | undefined {
  const rest = text.trim();
  if (rest === '') return NONE;
  if (rest.charCodeAt(0) !== SEMICOLON) return undefined;
  const params = new Map<string, string>();
  let start = 1;
  while (start < rest.length) {
    const found = indexOutside(rest, SEMICOLON, start);
    const end = found < 0 ? rest.length : found;
    if (!addParam(params, rest.slice(start, end))) return undefined;
    start = end + 1;
  }
  // `;` alone is no parameter at all, `a;;` two of which one is empty.
  return rest === ';' || rest.endsWith(';;') ? undefined : params;
}

function addParam(params: Map<string, string>, text: string): boolean {
  const equals = text.indexOf('=');
  const name = (equals < 0 ? text : text.slice(0, equals)).trim().toLowerCase();
  if (name === '') return false;
  const value = equals < 0 ? '' : unquote(text.slice(equals + 1).trim());
  // The first one counts: a later copy must not override what was matched on.
  if (!params.has(name)) params.set(name, value);
  return true;
}

/** Text of a quoted string (RFC 3261 §25.1), or the text itself where it is not quoted. */
export function unquote(text: string): string {
  if (!text.startsWith('"')) return text;
  const inner = text.length > 1 && text.endsWith('"') ? text.slice(1, -1) : text.slice(1);
  return inner.includes('\\') ? inner.replaceAll(/\\(.)/gs, '$1') : inner;
}

/** Quoted string of any text. */
export function quote(text: string): string {
  const plain = !text.includes('"') && !text.includes('\\');
  return plain ? `"${text}"` : `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

/** `;name=value` for each; a value that is no token is quoted. */
export function formatParams(params: ReadonlyMap<string, string>): string {
  let text = '';
  for (const [name, value] of params) {
    if (value === '') text += `;${name}`;
    else text += `;${name}=${/^[\w\-.!%*+`'~:[\]/]+$/.test(value) ? value : quote(value)}`;
  }
  return text;
}
