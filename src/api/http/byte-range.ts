/** The bytes that a response carries, both ends included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** `bytes=` and one range: first-last, first-, or -length (RFC 9110 §14.1.2). */
const ONE_RANGE = /^bytes=\s*(?:(\d{1,15})-(\d{1,15})?|-(\d{1,15}))\s*$/i;

/**
 * Reads a Range header for a file of `size` bytes. Undefined = the whole file: RFC 9110 §14.2 lets a server ignore
 * what it does not understand, several ranges at once among it.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | 'unsatisfiable' | undefined {
  const match = ONE_RANGE.exec(header ?? '');
  if (match === null) return undefined;
  const [, first, last, suffix] = match;
  if (suffix !== undefined) {
    const length = Math.min(Number(suffix), size);
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size - 1 };
  }
  const start = Number(first);
  const end = last === undefined ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== undefined && Number(last) < start) return undefined;
  return start >= size ? 'unsatisfiable' : { start, end };
}
