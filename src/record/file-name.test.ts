import { basename, join, resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RecordingNameError } from './errors.ts';
import { nameOfStream, parseFileName, timeSuffix } from './file-name.ts';

describe('parseFileName', () => {
  test.each([
    ['123456-20201123-231523.webm', { base: '123456-20201123-231523', container: 'webm' }],
    ['a.MP4', { base: 'a', container: 'mp4' }],
    ['a.mkv', { base: 'a' }],
    ['a.b', { base: 'a.b' }],
    ['plain', { base: 'plain' }],
    ['录像 1 "门口".webm', { base: '录像 1 "门口"', container: 'webm' }],
    ["it's $HOME; rm -rf `x` & é😀.mp4", { base: "it's $HOME; rm -rf `x` & é😀", container: 'mp4' }],
    ['23:15:23', { base: '23:15:23' }],
    ['--option', { base: '--option' }],
  ])('%s', (name, expected) => {
    expect(parseFileName(name)).toEqual(expected);
  });

  test.each([
    ['', 'is empty'],
    ['.webm', 'is empty|begins with a dot'],
    ['.', 'begins with a dot'],
    ['..', 'begins with a dot'],
    ['../x.mp4', 'separator'],
    ['a/b.mp4', 'separator'],
    ['/etc/passwd', 'separator'],
    ['a\\b', 'separator'],
    ['a\u0000.mp4', 'control'],
    ['a\nb', 'control'],
    ['a\u007Fb', 'control'],
    ['a\u202Egpj.webm', 'control'],
    ['\uD800.webm', 'control'],
    [' a', 'space'],
    ['a ', 'space'],
    ['a .mp4', 'space'],
    ['a..mp4', 'ends with a dot'],
    ['a.', 'ends with a dot'],
    ['.hidden.mp4', 'begins with a dot'],
    ['CON', 'reserved'],
    ['nul.mp4', 'reserved'],
    ['Lpt1.tar.webm', 'reserved'],
    ['x'.repeat(201), 'has 201 bytes, the limit is 200'],
    ['门'.repeat(67), 'has 201 bytes'],
  ])('refuses %j', (name, problem) => {
    expect(() => parseFileName(name)).toThrow(RecordingNameError);
    expect(() => parseFileName(name)).toThrow(new RegExp(problem));
  });
});

/** Texts made of what breaks paths. */
const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc
    .array(fc.constantFrom('..', '/', '\\', '.', ' ', '\0', '\n', 'a', 'live', 'CON', '门', '\uD83D', '%2e', '~'), {
      maxLength: 60,
    })
    .map((parts) => parts.join('')),
);
const ROOT = '/srv/record';

function expectInside(base: string): void {
  const path = join(ROOT, `${base}.mp4`);
  expect(resolve(path)).toBe(path);
  expect(path).toBe(`${ROOT}/${basename(path)}`);
  expect(base.startsWith('.')).toBe(false);
  expect(Buffer.byteLength(base)).toBeLessThanOrEqual(200);
}

describe('never outside of the folder', () => {
  test('what parseFileName accepts is one name', () => {
    fc.assert(
      fc.property(nasty, (name) => {
        let base: string;
        try {
          ({ base } = parseFileName(name));
        } catch (error) {
          expect(error).toBeInstanceOf(RecordingNameError);
          return;
        }
        expectInside(base);
      }),
      { numRuns: 50_000, seed: 28_181 },
    );
  });

  test('whatever a stream is called has a name that parseFileName accepts', () => {
    fc.assert(
      fc.property(nasty, (stream) => {
        const base = nameOfStream(stream);
        expectInside(base);
        expect(parseFileName(`${base}${timeSuffix(new Date(0))}.mp4`).base).toBe(`${base}${timeSuffix(new Date(0))}`);
      }),
      { numRuns: 50_000, seed: 28_181 },
    );
  });
});

describe('nameOfStream', () => {
  test.each([
    ['live/34020000001320000001_34020000001310000001', '34020000001320000001_34020000001310000001'],
    ['123456', '123456'],
    ['app/desk', 'app_desk'],
    ['live/../x', '_._x'],
    ['', 'stream_'],
    ['live/nul', 'stream_nul'],
    ['门'.repeat(160), '门'.repeat(50)],
  ])('%s', (stream, name) => {
    expect(nameOfStream(stream)).toBe(name);
  });
});

test('timeSuffix is local time', () => {
  expect(timeSuffix(new Date(2020, 10, 23, 23, 5, 3))).toBe('-20201123-230503');
});
