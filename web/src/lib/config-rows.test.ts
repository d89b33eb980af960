import { expect, test } from 'vitest';
import { configSections } from './config-rows.ts';

const config = {
  gb28181: { serial: '3402', auth: { enable: true, algorithms: ['MD5', 'SHA-256'] }, allow: [] },
  http: { listen: 8025, dir: '' },
};

test('nested keys become paths, lists become text', () => {
  expect(configSections(config, '')).toEqual([
    {
      name: 'gb28181',
      rows: [
        { key: 'serial', value: '3402' },
        { key: 'auth.enable', value: true },
        { key: 'auth.algorithms', value: 'MD5, SHA-256' },
        { key: 'allow', value: '' },
      ],
    },
    {
      name: 'http',
      rows: [
        { key: 'listen', value: 8025 },
        { key: 'dir', value: '' },
      ],
    },
  ]);
});

test.each([
  { filter: 'HTTP.LIS', keys: ['listen'] },
  { filter: 'sha', keys: ['auth.algorithms'] },
  { filter: 'nothing', keys: [] },
])('filter $filter', ({ filter, keys }) => {
  expect(configSections(config, filter).flatMap(({ rows }) => rows.map(({ key }) => key))).toEqual(keys);
});

test.each([
  { ms: 500, text: '500ms' },
  { ms: 90_000, text: '90s' },
  { ms: 180_000, text: '3m' },
  { ms: 43_200_000, text: '12h' },
])('a duration of $ms ms is written as in the file: $text', ({ ms, text }) => {
  expect(configSections({ stream: { 'idle-timeout': ms } }, '')[0]?.rows[0]?.value).toBe(text);
});
