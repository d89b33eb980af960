/** Nobody means a key by more than this. */
const MAX_LENGTH = 100;
/** A mistake in so many letters is one of typing; more is another word. */
const LETTERS_PER_MISTAKE = 5;

/**
 * The key that was probably meant by one that is not there: one without its section, or one that was mistyped.
 * @returns undefined where none is near, or several are equally near
 */
export function nearestKey(written: string, keys: readonly string[]): string | undefined {
  if (written.length > MAX_LENGTH) return undefined;
  const plain = plainKey(written);
  const ending = keys.filter((key) => plainKey(key).endsWith(`_${plain}`));
  if (ending.length === 1) return ending[0];
  const limit = Math.max(1, Math.floor(plain.length / LETTERS_PER_MISTAKE));
  let nearest: string[] = [];
  let least = limit + 1;
  for (const key of keys) {
    const distance = editDistance(plain, plainKey(key));
    if (distance > least) continue;
    if (distance < least) nearest = [];
    least = distance;
    if (distance <= limit) nearest.push(key);
  }
  return nearest.length === 1 ? nearest[0] : undefined;
}

/** `http_listen` of `http.listen` and `HTTP_LISTEN`. */
const plainKey = (key: string): string => key.toLowerCase().replaceAll(/[.-]/g, '_');

/** Letters to insert, delete, replace, or swap with their neighbour, so that one text becomes the other. */
function editDistance(one: string, other: string): number {
  let before: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let row = 1; row <= one.length; row++) {
    const next = [row];
    for (let column = 1; column <= other.length; column++) {
      const same = one[row - 1] === other[column - 1];
      const [left, above, across] = [next[column - 1] ?? 0, last[column] ?? 0, last[column - 1] ?? 0];
      let least = Math.min(left + 1, above + 1, across + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      if (swapped) least = Math.min(least, (before[column - 2] ?? 0) + 1);
      next.push(least);
    }
    [before, last] = [last, next];
  }
  return last[other.length] ?? 0;
}
