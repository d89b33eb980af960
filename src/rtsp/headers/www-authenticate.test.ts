import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cpuMsOf } from '../../../test/support/cpu-time.ts';
import { mutateText, seededRandom } from '../../../test/support/mutate.ts';
import { parseChallenges, type Challenge } from './www-authenticate.ts';

const MD5 = { scheme: 'digest', realm: 'r', nonce: 'n', algorithm: 'MD5', qopAuth: false, stale: false } as const;

const cases: { name: string; value: string; challenges: Challenge[] }[] = [
  { name: 'Basic', value: 'Basic realm="cam"', challenges: [{ scheme: 'basic', realm: 'cam' }] },
  { name: 'RFC 2069', value: 'Digest realm="r", nonce="n"', challenges: [MD5] },
  {
    name: 'RFC 7616',
    value: 'Digest realm="r", qop="auth-int, auth", algorithm=sha-256, nonce="n", opaque="o", stale=TRUE',
    challenges: [{ ...MD5, algorithm: 'SHA-256', qopAuth: true, opaque: 'o', stale: true }],
  },
  {
    name: 'several in one header, as joined headers are',
    value: 'Digest realm="r", nonce="n", Basic realm="x", Digest realm="r", nonce="n", algorithm="SHA-256"',
    challenges: [MD5, { scheme: 'basic', realm: 'x' }, { ...MD5, algorithm: 'SHA-256' }],
  },
  {
    name: 'a scheme within quotes',
    value: 'Digest realm="a, Basic realm=b \\" c", nonce="n"',
    challenges: [{ ...MD5, realm: 'a, Basic realm=b " c' }],
  },
  { name: 'Hikvision: blanks and no quotes', value: 'digest realm = r ,nonce= n ,stale="FALSE"', challenges: [MD5] },
  { name: 'Dahua: an empty qop', value: 'Digest realm="r",nonce="n",qop=""', challenges: [MD5] },
  { name: 'unknown algorithm', value: 'Digest realm="r", nonce="n", algorithm=SHA-512-256', challenges: [] },
  { name: 'auth-int alone', value: 'Digest realm="r", nonce="n", qop="auth-int"', challenges: [] },
  { name: 'no nonce', value: 'Digest realm="r"', challenges: [] },
  { name: 'another scheme', value: 'Bearer realm="r"', challenges: [] },
  { name: 'nothing', value: '', challenges: [] },
];

test.each(cases)('$name', ({ value, challenges }) => {
  expect(parseChallenges(value)).toEqual(challenges);
});

test('whatever comes: no throw, at most eight', () => {
  const part = fc.constantFrom('Digest ', 'Basic ', 'realm="', '"', ', ', 'nonce=n', '\\', 'qop=', 'x', '=', ' ');
  fc.assert(
    fc.property(fc.array(part, { maxLength: 200 }), (parts) => {
      expect(parseChallenges(parts.join('')).length).toBeLessThanOrEqual(8);
    }),
  );
  for (const text of ['"\\'.repeat(4000), 'a='.repeat(4000), `Digest ${'realm '.repeat(1300)}`, ' '.repeat(8000)]) {
    expect(cpuMsOf(() => expect(parseChallenges(text)).toEqual([]))).toBeLessThan(1000);
  }
});

test('100,000 changed challenges: no throw, at most eight, none without its nonce', () => {
  const random = seededRandom(7616);
  const texts = cases.map(({ value }) => value).filter((value) => value !== '');
  let found = 0;
  for (let count = 0; count < 100_000; count += 1) {
    const challenges = parseChallenges(mutateText(texts[count % texts.length] ?? '', random));
    found += challenges.length;
    if (challenges.length > 8) expect(challenges).toBe('bounded');
    for (const each of challenges) {
      if (each.scheme === 'digest' && typeof each.nonce !== 'string') expect(each).toBe('complete');
    }
  }
  expect(found).toBeGreaterThan(20_000);
});
