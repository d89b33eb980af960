import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseStreamUrl } from './stream-url.ts';

const NAME = /^[^/\\?#%\s\p{C}]{1,160}$/u;

function check(text: string): void {
  const parsed = parseStreamUrl(text);
  if (parsed === undefined) return;
  expect(parsed.app).toMatch(NAME);
  expect(parsed.name).toMatch(NAME);
  expect(parsed.stream).toBe(`${parsed.app}/${parsed.name}`);
}

test('any text: a stream with a safe name, or nothing', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), check));
  fc.assert(fc.property(fc.webUrl({ withQueryParameters: true }), check));
});

test('a formatted url comes back', () => {
  const word = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
  fc.assert(
    fc.property(word, word, word, (app, name, token) => {
      expect(parseStreamUrl(`webrtc://host:1985/${app}/${name}?token=${token}`)).toEqual({
        stream: `${app}/${name}`,
        app,
        name,
        token,
      });
    }),
  );
});

test('200,000 mutations of a real url', () => {
  const template =
    'webrtc://192.168.1.10:1985/live/34020000001320000001_34020000001310000001?token=eyJh.eyJz.AbC_-1&a=%20';
  const alphabet = 'a/:?#[]@%2e.\\_-&=\u0000\n 中wW0';
  let seed = 1;
  const random = (max: number): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return (seed >>> 8) % max;
  };
  let parsedCount = 0;
  for (let round = 0; round < 200_000; round += 1) {
    let text = template;
    for (let i = 0; i <= random(3); i += 1) {
      const at = random(text.length);
      const char = alphabet.charAt(random(alphabet.length));
      text = text.slice(0, at) + char + text.slice(at + random(3));
    }
    const parsed = parseStreamUrl(text);
    if (parsed === undefined) continue;
    parsedCount += 1;
    if (!NAME.test(parsed.app) || !NAME.test(parsed.name)) throw new Error(`unsafe name from ${JSON.stringify(text)}`);
  }
  expect(parsedCount).toBeGreaterThan(50_000);
});
