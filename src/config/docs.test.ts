import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { ConfigError, defaultInput, parseConfig } from './load.ts';
import { isTree, valueAt } from './tree.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');
const DOCS = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.md'),
);
const PAGES = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...DOCS.map((name) => `docs/${name}`)];

const DEFAULTS = defaultInput();

/** Messages of pms and of meetings, and events, which look like keys. */
const NO_KEY = /^(?:stream|record|pull)\.[a-z]+$/;
/** Of a pms.conf only. */
const OF_PMS_CONF = new Set(['http.port', 'http.sslPort']);

/** What in backticks can only be a key. */
function keysOf(page: string): string[] {
  const spans = [...page.matchAll(/`([a-z0-9]+(?:\.[A-Za-z][A-Za-z0-9-]*)+)(?::[^`]*)?`/g)].map(([, key = '']) => key);
  return spans.filter((key) => {
    const [section = ''] = key.split('.');
    return isTree(DEFAULTS[section]) && !NO_KEY.test(key) && !OF_PMS_CONF.has(key) && !/\.(?:ts|md|json)$/.test(key);
  });
}

/** Whether it is a key, a section, or another spelling of a key. */
function isKnown(key: string): boolean {
  const value = key.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), false);
  try {
    parseConfig(stringify(value), 'x');
    return true;
  } catch (error) {
    return error instanceof ConfigError && error.problems.every(({ message }) => !message.startsWith('unknown key'));
  }
}

describe('the documents', () => {
  test('name no key that there is not', () => {
    const found = PAGES.flatMap((page) => keysOf(read(page)).map((key) => ({ page, key })));
    expect(new Set(found.map(({ key }) => key)).size).toBeGreaterThan(90);
    expect(found.filter(({ key }) => !isKnown(key))).toEqual([]);
    expect(isKnown('http.colour')).toBe(false);
  });

  test('show configurations that are valid', () => {
    const blocks = PAGES.flatMap((page) =>
      [...read(page).matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml = '']) => ({ page, yaml })),
    );
    expect(blocks.length).toBeGreaterThan(3);
    for (const { page, yaml } of blocks) expect(() => parseConfig(yaml, page)).not.toThrow();
  });
});

describe('ports', () => {
  /** Lines of the table, as numbers and keys. */
  const rows = [...read('README.md').matchAll(/^\| (\d[^|]*?) +\|[^|]*\| +([^|]*?) +\|$/gm)].map(
    ([, ports = '', keys = '']) => ({
      numbers: [...ports.matchAll(/\d+/g)].map(([number]) => Number(number)),
      keys: [...keys.matchAll(/`([\w.-]+)/g)].map(([, key = '']) => key),
    }),
  );
  const portOf = (key: string): unknown => valueAt(DEFAULTS, key.split('.'));
  const opened = rows.flatMap(({ numbers, keys }) => (keys.length === 1 ? numbers : []));

  test('of the README are the defaults', () => {
    expect(rows.length).toBeGreaterThan(9);
    for (const { numbers, keys } of rows) {
      if (keys[0] === 'media.ingest.mode') expect(numbers).toEqual([portOf('media.ingest.port')]);
      else expect(keys.map(portOf)).toEqual(numbers.slice(0, keys.length));
    }
  });

  test('of the README are all that the container has, and compose opens the same', () => {
    const exposed = /^EXPOSE (.+)$/m.exec(read('Dockerfile'))?.[1]?.split(' ') ?? [];
    const numbers = exposed.flatMap((port) => {
      const [from = 0, to = from] = port.replace(/\/.*/, '').split('-').map(Number);
      return Array.from({ length: to - from + 1 }, (_, index) => from + index);
    });
    expect(new Set(numbers)).toEqual(new Set(opened));
    const { services } = parse(read('compose.yaml')) as { services: { gbrtc: { ports: string[] } } };
    expect(services.gbrtc.ports).toEqual(exposed.map((port) => `${port.replace(/\/.*/, '')}:${port}`));
  });
});
