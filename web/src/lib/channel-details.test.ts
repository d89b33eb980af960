import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { en } from '../i18n/en/index.ts';
import { channelDetails } from './channel-details.ts';

test.each([
  { name: 'nothing', details: undefined, shown: [] },
  { name: 'a code', details: { RoomType: '1' }, shown: [{ name: 'RoomType', value: '1', codes: ['1'] }] },
  {
    name: 'several codes, with zeros',
    details: { FunctionType: '01/99' },
    shown: [{ name: 'FunctionType', value: '01/99', codes: ['1', '99'] }],
  },
  {
    name: 'a text',
    details: { MAC: '00-11-22-33-44-55' },
    shown: [{ name: 'MAC', value: '00-11-22-33-44-55', codes: [] }],
  },
])('channelDetails: $name', ({ details, shown }) => expect(channelDetails(details)).toEqual(shown));

test('channelDetails: in the order of the form, names that are not known last', () => {
  const details = { Unheard: 'x', MAC: '00', PointCommonName: 'Gate', DirectionType: '4' };
  expect(channelDetails(details).map(({ name }) => name)).toEqual([
    'PointCommonName',
    'DirectionType',
    'MAC',
    'Unheard',
  ]);
});

test('every detail that the gateway keeps has its place and its words', () => {
  const source = readFileSync(new URL('../../../src/gb28181/manscdp/catalog-details.ts', import.meta.url), 'utf8');
  const lists = [...source.matchAll(/^const (?:OUTER|INNER) = \[([^\]]+)\]/gm)].map(([, list]) => list!).join();
  const kept = [...lists.matchAll(/'(\w+)'/g)].map(([, name]) => name!);
  expect(kept).toContain('DirectionType');
  expect(Object.keys(en.details.names).toSorted()).toEqual(kept.toSorted());
  const ordered = channelDetails({ Unheard: '', ...Object.fromEntries(kept.map((name) => [name, ''])) });
  expect(ordered.at(-1)?.name).toBe('Unheard');
});

test('words for codes are of details that exist', () => {
  for (const name of Object.keys(en.details.codes)) expect(en.details.names, name).toHaveProperty(name);
});
