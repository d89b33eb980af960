const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x3c;
const CLOSE = 0x3e;

/** Position of a character outside of quoted strings and angle brackets, or -1. */
export function indexOutside(text: string, wanted: number, from = 0): number {
  let quoted = false;
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (quoted) {
      if (code === BACKSLASH) at += 1;
      else if (code === QUOTE) quoted = false;
    } else if (code === wanted && depth === 0) return at;
    else if (code === QUOTE) quoted = true;
    else if (code === OPEN) depth = 1;
    else if (code === CLOSE) depth = 0;
  }
  return -1;
}

const COMMA = 0x2c;

/** Values of a comma list (RFC 3261 §7.3.1); empty ones are left out. */
export function splitList(text: string): string[] {
  if (!text.includes(',')) return text === '' ? [] : [text];
  const values: string[] = [];
  let start = 0;
  while (start <= text.length) {
    const found = indexOutside(text, COMMA, start);
    const end = found < 0 ? text.length : found;
    const value = text.slice(start, end).trim();
    if (value !== '') values.push(value);
    start = end + 1;
  }
  return values;
}

/** Length of the first value of a comma list, to look at it alone. */
export function firstValueEnd(text: string): number {
  if (!text.includes(',')) return text.length;
  const found = indexOutside(text, COMMA);
  return found < 0 ? text.length : found;
}
