import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { errorCodes } from '../../test/support/error-codes.ts';
import { FakeError } from '../../test/support/fake-platform.ts';
import { ApiError, mapError, STATUS_OF_CODE } from './errors.ts';

const DOCUMENT = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'errors.md'), 'utf8');

/** Rows of the tables of codes: cells without blanks around them, by the heading above. */
function rowsOfDocument(): Array<{ heading: string; cells: string[] }> {
  let heading = '';
  return DOCUMENT.split('\n').flatMap((line) => {
    if (line.startsWith('#')) heading = line.replace(/^#+ /, '');
    if (!line.startsWith('| `')) return [];
    const cells = line.split('|').slice(1, -1);
    return [{ heading, cells: cells.map((cell) => cell.trim()) }];
  });
}

const codeOf = (cell: string | undefined): string => /^`([a-z0-9_]+)`$/.exec(cell ?? '')?.[1] ?? `not a code: ${cell}`;

describe('docs/errors.md', () => {
  const rows = rowsOfDocument();

  test('has every code that the sources can give, and no other', { timeout: 120_000 }, () => {
    const { codes, vague, unused } = errorCodes();
    expect(vague).toEqual([]);
    expect(unused).toEqual([]);
    expect(codes.size).toBeGreaterThan(150);
    const documented = new Set(rows.map(({ cells }) => codeOf(cells[0])));
    expect([...codes].filter((code) => !documented.has(code)).toSorted()).toEqual([]);
    expect([...documented].filter((code) => !codes.has(code)).toSorted()).toEqual([]);
    expect([...STATUS_OF_CODE.keys()].filter((code) => !codes.has(code))).toEqual([]);
  });

  test('says of each code, once in a section, what causes it and what helps', () => {
    for (const { heading, cells } of rows) expect([heading, ...cells.filter((cell) => cell !== '')]).toHaveLength(5);
    const places = rows.map(({ heading, cells }) => `${heading}: ${cells[0]}`);
    expect(places.filter((place, index) => places.indexOf(place) !== index)).toEqual([]);
  });

  test('has every status of the mapping, and no other', () => {
    const statuses = rows.map(({ cells }): [string, string] => [codeOf(cells[0]), cells[1] ?? '']);
    for (const [code, status] of statuses) {
      if (status === '–') continue;
      expect([code, status]).toEqual([code, String(mapError(new FakeError(code, 'm')).status)]);
    }
    const told = new Set(statuses.filter(([, status]) => status !== '–').map(([code]) => code));
    expect([...STATUS_OF_CODE.keys()].filter((code) => !told.has(code))).toEqual([]);
  });
});

describe('mapError', () => {
  test.each([
    [new ApiError('not_found', 'm'), 404, { code: 'not_found', message: 'm' }],
    [
      new ApiError('invalid_request', 'm', { details: ['a'] }),
      400,
      { code: 'invalid_request', message: 'm', details: ['a'] },
    ],
    [new FakeError('invite_rejected', 'm', 486), 502, { code: 'invite_rejected', message: 'm', sipStatus: 486 }],
    [new FakeError('device_not_found', 'm'), 404, { code: 'device_unknown', message: 'm' }],
    [new FakeError('constructor', 'm'), 500, { code: 'constructor', message: 'm' }],
    [Object.assign(new Error('m'), { status: 400 }), 400, { code: 'invalid_request', message: 'm' }],
    [Object.assign(new Error('m'), { type: 'entity.too.large' }), 413, { code: 'body_too_large', message: 'm' }],
    [Object.assign(new Error('secret'), { status: 500 }), 500, { code: 'internal_error', message: 'internal error' }],
    [new RangeError('secret'), 500, { code: 'internal_error', message: 'internal error' }],
    ['secret', 500, { code: 'internal_error', message: 'internal error' }],
    [undefined, 500, { code: 'internal_error', message: 'internal error' }],
  ])('%s', (error, status, problem) => {
    const mapped = mapError(error);
    expect([mapped.status, mapped.problem]).toEqual([status, { error: problem }]);
  });
});
