import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRtspAddress, requestUrl, resolveControl } from './address.ts';

describe('addresses', () => {
  test.each([
    ['rtsp://10.0.0.2/live/a', { host: '10.0.0.2', port: 554, href: 'rtsp://10.0.0.2/live/a' }],
    ['RTSP://cam_1.local:8554', { host: 'cam_1.local', port: 8554, href: 'rtsp://cam_1.local:8554' }],
    [
      'rtsp://10.0.0.2/cam/realmonitor?channel=1&subtype=0',
      { host: '10.0.0.2', port: 554, href: 'rtsp://10.0.0.2/cam/realmonitor?channel=1&subtype=0' },
    ],
    ['rtsp://[fd00::2]:8554/a', { host: 'fd00::2', port: 8554, href: 'rtsp://[fd00::2]:8554/a' }],
    [
      'rtsp://admin:p%40ss%3a@10.0.0.2:554/a',
      { host: '10.0.0.2', port: 554, href: 'rtsp://10.0.0.2/a', username: 'admin', password: 'p@ss:' },
    ],
    [
      'rtsp://admin:a@b@10.0.0.2/a',
      { host: '10.0.0.2', port: 554, href: 'rtsp://10.0.0.2/a', username: 'admin', password: 'a@b' },
    ],
    ['rtsp://u:100%@h/a', { host: 'h', port: 554, href: 'rtsp://h/a', username: 'u', password: '100%' }],
    ['rtsp://u@h/', { host: 'h', port: 554, href: 'rtsp://h/', username: 'u', password: '' }],
  ])('%s', (text, address) => {
    expect(parseRtspAddress(text)).toEqual(address);
  });

  test.each([
    ['', 'must begin with rtsp://'],
    ['http://h/a', 'must begin with rtsp://'],
    ['rtsps://h/a', 'must begin with rtsp://'],
    ['file:///etc/passwd', 'must begin with rtsp://'],
    ['rtsp://', 'has no host that could be one'],
    ['rtsp:///a', 'has no host that could be one'],
    ['rtsp://-x/a', 'has no host that could be one'],
    ['rtsp://a..b/a', 'has no host that could be one'],
    ['rtsp://h:0/a', 'has port 0'],
    ['rtsp://h:65536/a', 'has no host that could be one'],
    ['rtsp://h:80x/a', 'has no host that could be one'],
    ['rtsp://h/a b', 'contains a blank or a control character: write it as %20'],
    ['rtsp://h/a\r\nX: y', 'contains a blank or a control character: write it as %20'],
    ['rtsp://u:p#@h/a', 'contains #: write it as %23'],
    [`rtsp://h/${'a'.repeat(2048)}`, 'is longer than 2048 characters'],
  ])('%j is none', (text, fault) => {
    expect(parseRtspAddress(text)).toEqual({ fault });
  });

  test('whatever comes: no throw, nothing that ends a request line', () => {
    const part = fc.constantFrom(
      'rtsp://',
      '@',
      ':',
      '/',
      '?',
      '[',
      ']',
      '%',
      'a',
      '1',
      '.',
      '\n',
      ' ',
      'é',
      '#',
      '..',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
        const address = parseRtspAddress(`rtsp://${parts.join('')}`);
        if ('fault' in address) return;
        expect(address.href).toMatch(/^rtsp:\/\/[^\s/]+/);
        expect(address.href).not.toMatch(/[\s\p{Cc}]/u);
        expect(address.port).toBeGreaterThan(0);
        expect(parseRtspAddress(address.href)).toMatchObject({ host: address.host, port: address.port });
      }),
      { numRuns: 2000 },
    );
  });
});

test.each([
  ['rtsp://u:p@h/a/', 'rtsp://h/a/'],
  ['rtsp://h:554/a?x=1/', 'rtsp://h:554/a?x=1/'],
  ['/a', undefined],
  ['rtsp://h/a b', undefined],
])('a URL of a server: %s', (text, url) => {
  expect(requestUrl(text)).toBe(url);
});

describe('control URLs', () => {
  test.each([
    ['appended', 'rtsp://h/a/', 'trackID=0', 'rtsp://h/a/trackID=0'],
    ['with a slash between', 'rtsp://h/a', 'trackID=0', 'rtsp://h/a/trackID=0'],
    [
      'behind a query (Dahua)',
      'rtsp://h/a?channel=1&subtype=0/',
      'trackID=0',
      'rtsp://h/a?channel=1&subtype=0/trackID=0',
    ],
    ['a query', 'rtsp://h/a', '?ctype=video', 'rtsp://h/a?ctype=video'],
    ['a path from the root', 'rtsp://h:8554/a/b', '/c/track1', 'rtsp://h:8554/c/track1'],
    ['absolute', 'rtsp://h/a', 'rtsp://h/a/b/track1', 'rtsp://h/a/b/track1'],
    ['absolute with an account', 'rtsp://h/a', 'rtsp://u:p@h/a/track1', 'rtsp://h/a/track1'],
    ['all', 'rtsp://h/a/', '*', 'rtsp://h/a/'],
    ['none', 'rtsp://h/a', undefined, 'rtsp://h/a'],
    ['empty', 'rtsp://h/a', ' ', 'rtsp://h/a'],
    ['another scheme', 'rtsp://h/a', 'http://h/track', 'rtsp://h/a'],
    ['with blanks', 'rtsp://h/a', 'x RTSP/1.0', 'rtsp://h/a'],
    ['too long', 'rtsp://h/a', 'x'.repeat(3000), 'rtsp://h/a'],
  ])('%s', (_name, base, control, url) => {
    expect(resolveControl(base, control)).toBe(url);
  });
});
