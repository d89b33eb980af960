import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test('docs/performance.md says in words what each bench measures', () => {
  const names = /BENCHES: [^=]+= \{([^}]+)\}/.exec(read('test/bench/run.ts'))?.[1] ?? '';
  const benches = Array.from(names.matchAll(/^ +'?([a-z-]+)'?[,:]/gm), ([, name]) => name);
  const explained = Array.from(read('docs/performance.md').matchAll(/^- \*\*`([a-z-]+)`\*\*: /gm), ([, name]) => name);
  expect(benches.length).toBeGreaterThan(10);
  expect(explained).toEqual(benches);
});
