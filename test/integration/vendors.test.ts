import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const PAGE = new URL('../../docs/vendors.md', import.meta.url).pathname;

interface Named {
  readonly file: string;
  readonly name: string;
}

/** Tests that the tables name: `name` ([file](path)), a name without a link belongs to the file before. */
function namedTests(page: string): Named[] {
  const found: Named[] = [];
  for (const row of page.split('\n').filter((line) => line.startsWith('|') && line.includes('.test.ts'))) {
    let file = '';
    for (const part of row.slice(row.lastIndexOf(' | ') + 3).split('<br>')) {
      const [, name = '', , link] = /^\s*`(.+?)`(\s+\(\[.+?\]\((.+?)\)\))?[\s|]*$/.exec(part) ?? [];
      if (link !== undefined) file = join(dirname(PAGE), link);
      found.push({ file, name });
    }
  }
  return found;
}

test('every test that docs/vendors.md names is there, as a quirk', () => {
  const named = namedTests(readFileSync(PAGE, 'utf8'));
  expect(named.length).toBeGreaterThan(140);
  const sources = new Map<string, string>();
  const missing = named.filter(({ file, name }) => {
    const source = sources.get(file) ?? (file === '' ? '' : readFileSync(file, 'utf8').replaceAll("\\'", "'"));
    sources.set(file, source);
    return name === '' || !source.includes(`quirk: ${name}`);
  });
  expect(missing).toEqual([]);
});
