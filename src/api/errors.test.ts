import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FakeError } from '../../test/support/fake-platform.ts';
import { ApiError, mapError, STATUS_OF_CODE } from './errors.ts';

const SRC = join(import.meta.dirname, '..');
const DOCUMENT = readFileSync(join(SRC, '..', 'docs', 'errors.md'), 'utf8');

/** Every `code = '…'` of an error class. */
function codesOfSources(): string[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .flatMap((file) => {
      const text = readFileSync(join(SRC, file), 'utf8');
      return [...text.matchAll(/readonly code(?:: string)? = '([a-z0-9_]+)'/g)].map(([, code]) => code ?? '');
    });
}

describe('docs/errors.md', () => {
  test('has every code of the sources', () => {
    const codes = codesOfSources();
    expect(codes.length).toBeGreaterThan(20);
    expect(codes.filter((code) => !DOCUMENT.includes(`\`${code}\``))).toEqual([]);
  });

  test('has every status of the mapping', () => {
    const rows = DOCUMENT.split('\n').filter((line) => line.startsWith('| `'));
    for (const [code, status] of STATUS_OF_CODE) {
      const row = rows.find((line) => line.split('|')[1]?.includes(`\`${code}\``));
      expect([code, row?.split('|')[2]?.trim()]).toEqual([code, String(status)]);
    }
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
