/** Blanks, or a part of a word: in single quotes, in double quotes, one character behind a backslash, plain. */
const PART = /(\s+)|'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\\([\s\S])|([^\s'"\\]+)/y;

/**
 * Splits a command as a shell splits words (POSIX.1-2024 XCU 2.2): spaces separate, quotes and backslashes keep
 * together. Nothing is expanded. Undefined where a quote is not closed.
 */
export function splitCommand(text: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  PART.lastIndex = 0;
  while (PART.lastIndex < text.length) {
    const match = PART.exec(text);
    if (match === null) return undefined;
    const [, blanks, single, double, escaped, plain] = match;
    if (blanks === undefined) {
      // XCU 2.2.3: between double quotes a backslash is itself, except before these.
      word = (word ?? '') + (single ?? double?.replaceAll(/\\(["\\$`])/g, '$1') ?? escaped ?? plain ?? '');
    } else if (word !== undefined) {
      words.push(word);
      word = undefined;
    }
  }
  return word === undefined ? words : [...words, word];
}
