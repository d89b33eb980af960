import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { splitCommand } from './command-line.ts';

describe('splitCommand', () => {
  test.each([
    ['', []],
    ['  \t ', []],
    ['/usr/bin/move $file', ['/usr/bin/move', '$file']],
    ['  a   b  ', ['a', 'b']],
    [`sh -c 'echo "$1" done' -- $file`, ['sh', '-c', 'echo "$1" done', '--', '$file']],
    ['"/opt/my tools/run" --to="s3://b/$file"', ['/opt/my tools/run', '--to=s3://b/$file']],
    [String.raw`a\ b c\"d "e\"f\n" 'g\h'`, ['a b', 'c"d', String.raw`e"f\n`, String.raw`g\h`]],
    [`'' ""`, ['', '']],
    [`a''b"c"d`, ['abcd']],
    ['a;b|c&d>e', ['a;b|c&d>e']],
  ])('%s', (text, words) => {
    expect(splitCommand(text)).toEqual(words);
  });

  test.each(['"open', "it's", 'a\\', '"a\\"'])('%s is not closed', (text) => {
    expect(splitCommand(text)).toBeUndefined();
  });

  test('splits as sh does where nothing is expanded', () => {
    const unit = fc.constantFrom('a', 'ü', ' ', '\t', '"', "'", '\\');
    const texts = fc.sample(fc.string({ unit, maxLength: 14 }), { numRuns: 300, seed: 7 });
    let compared = 0;
    for (const text of texts) {
      const words = splitCommand(text);
      if (words === undefined) continue;
      const script = `for w in ${text}\ndo printf '%s\\0' "$w"; done`;
      const out = execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' });
      expect([text, words]).toEqual([text, out.split('\0').slice(0, -1)]);
      compared += 1;
    }
    expect(compared).toBeGreaterThan(50);
  });
});
