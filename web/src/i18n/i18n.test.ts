import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { FAILURES, SIDE_STAGES, STAGES } from '../lib/timeline.ts';
import { en } from './en/index.ts';
import { browserLocale } from './index.ts';
import { zh } from './zh/index.ts';

type Texts = { readonly [key: string]: string | Texts };

const flatten = (texts: Texts, prefix = ''): Map<string, string> =>
  new Map(
    Object.entries(texts).flatMap(([key, value]): [string, string][] =>
      typeof value === 'string' ? [[prefix + key, value]] : [...flatten(value, `${prefix}${key}.`)],
    ),
  );

const placeholders = (text: string) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();
const english = flatten(en);
const chinese = flatten(zh);

test('both languages have the same texts with the same placeholders', () => {
  expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort());
  const different = [...english].filter(
    ([key, text]) => placeholders(text).join() !== placeholders(chinese.get(key)!).join(),
  );
  expect(different).toEqual([]);
});

test('no text has characters that the message compiler would read as syntax', () => {
  const bad = [...english, ...chinese].filter(([, text]) => text === '' || /[@$]|\{(?!\w+\})/.test(text));
  expect(bad).toEqual([]);
});

test('Chinese texts are Chinese', () => {
  const same = [...english].filter(
    ([key, text]) => chinese.get(key) === text && /[a-z]{4,}/.test(text.replaceAll(/\{\w+\}/g, '')),
  );
  expect(same.map(([key]) => key)).toEqual([]);
});

test('every failure and every stage has its words', () => {
  for (const code of FAILURES) expect(english.has(`failures.${code}.advice`), code).toBe(true);
  for (const stage of [...STAGES, ...SIDE_STAGES]) expect(english.has(`stages.${stage}`), stage).toBe(true);
});

test('every reason why a device is offline has its words', () => {
  const source = readFileSync(new URL('../../../src/gb28181/device/table.ts', import.meta.url), 'utf8');
  const union = /type OfflineReason =([^;]+);/.exec(source)?.[1] ?? '';
  const reasons = [...union.matchAll(/'(\w+)'/g)].map(([, reason]) => reason!);
  expect(reasons).toContain('restarted');
  expect(Object.keys(en.devices.offlineReasons).toSorted()).toEqual(reasons.toSorted());
});

describe('texts that components use', () => {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (name) => /\.(vue|ts)$/.test(name) && !/test\.ts$|i18n\//.test(name),
  );
  const used = files.flatMap((name) =>
    [...readFileSync(join(root, name), 'utf8').matchAll(/\bt\(\s*'([\w.]+)'/g)].map(([, key]) => ({ name, key: key! })),
  );

  test('all exist', () => {
    expect(used.length).toBeGreaterThan(100);
    expect(used.filter(({ key }) => !english.has(key))).toEqual([]);
  });

  test('no component has a text of its own in a template', () => {
    const loose = files.flatMap((name) => {
      const template = /<template>([\s\S]*)<\/template>/.exec(readFileSync(join(root, name), 'utf8'))?.[1] ?? '';
      const texts = template.replaceAll(/\{\{[\s\S]*?\}\}/g, '').matchAll(/>([^<>]*[A-Za-z\u4e00-\u9fff]{3,}[^<>]*)</g);
      return [...texts]
        .map(([, text]) => `${name}: ${text!.trim()}`)
        .filter((line) => !/: gbrtc$|=>|&&|\|\|/.test(line));
    });
    expect(loose).toEqual([]);
  });
});

test.each([
  { languages: ['zh-CN', 'en'], locale: 'zh' },
  { languages: ['zh-Hant-TW'], locale: 'zh' },
  { languages: ['de-DE', 'en-GB'], locale: 'en' },
  { languages: ['fr'], locale: 'en' },
  { languages: [], locale: 'en' },
])('browserLocale $languages', ({ languages, locale }) => expect(browserLocale(languages)).toBe(locale));
