import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ApiError } from '../api/http.ts';
import { i18n, LOCALES } from '../i18n/index.ts';
import { errorText } from './error-text.ts';

const { locale } = i18n.global;
const has = (key: string) => i18n.global.te(key);
const words = { t: (key: string, named: Record<string, unknown>) => i18n.global.t(key, named), te: has };
const refused = (code: string, message = 'of the server') => new ApiError(message, { code, status: 502 });

beforeEach(() => (locale.value = 'zh'));
afterEach(() => (locale.value = 'en'));

describe('errorText', () => {
  test.each([
    { name: 'a phrase of its own', error: refused('device_refused'), text: '设备拒绝了该命令' },
    { name: 'the title of a failure', error: refused('network'), text: '网关没有响应' },
    { name: 'what only the server knows', error: refused('invalid_request', 'name: too long'), text: 'name: too long' },
    {
      name: 'a code that is not known',
      error: refused('http_502', '502 Bad Gateway'),
      text: '502 Bad Gateway（http_502）',
    },
    { name: 'no error of the server', error: new Error('mine'), text: 'mine' },
    { name: 'no error at all', error: 'text', text: 'text' },
  ])('$name', ({ error, text }) => expect(errorText(error, words)).toContain(text));
});

/** Codes of docs/errors.md that an API call can answer with, but for those that are told as another. */
function codesOfApi(): string[] {
  const document = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
  const rows = document.matchAll(/^\| `(\w+)` *\| \d{3} *\| (.*?) *\|/gm);
  return [...rows].filter(([, , cause]) => !cause!.startsWith('told as ')).map(([, code]) => code!);
}

test.each(LOCALES)('every code of the API has its words, %s', (language) => {
  locale.value = language;
  const codes = codesOfApi();
  expect(codes.length).toBeGreaterThan(100);
  expect(codes.filter((code) => !has(`errors.${code}`) && !has(`failures.${code}.title`))).toEqual([]);
});
