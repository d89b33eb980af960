import { expect, test } from 'vitest';
import { mutateText, seededRandom } from '../../test/support/mutate.ts';
import { parseTarget } from './url.ts';

test.each([
  ['rtsp://h:8554/live/a_b', { stream: 'live/a_b', base: 'rtsp://h:8554/live/a_b' }],
  ['rtsp://h/a_b/', { stream: 'live/a_b', base: 'rtsp://h/a_b' }],
  ['rtsp://h/live/a_b/trackID=1', { stream: 'live/a_b', base: 'rtsp://h/live/a_b', track: 1 }],
  ['rtsp://h/live/a?token=x.y', { stream: 'live/a', base: 'rtsp://h/live/a?token=x.y', token: 'x.y' }],
  [
    'rtsp://h/live/a?token=x.y/trackID=0',
    { stream: 'live/a', base: 'rtsp://h/live/a?token=x.y', track: 0, token: 'x.y' },
  ],
  [
    'rtsp://h/live/a/trackID=0?token=x.y',
    { stream: 'live/a', base: 'rtsp://h/live/a?token=x.y', track: 0, token: 'x.y' },
  ],
  ['rtsp://h/live/a?token=x.y/', { stream: 'live/a', base: 'rtsp://h/live/a?token=x.y', token: 'x.y' }],
  ['rtsp://h/%E6%91%84', { stream: 'live/摄', base: 'rtsp://h/%E6%91%84' }],
  ['rtsp://u:p@h/a', { stream: 'live/a', base: 'rtsp://u:p@h/a' }],
  ['rtsp://h/', undefined],
  ['rtsp://h', undefined],
  ['*', undefined],
  ['rtsp://h/%zz', undefined],
  ['rtsp://h/a%0d%0ab', undefined],
  [`rtsp://h/${'x'.repeat(5000)}`, undefined],
])('%s', (uri, target) => {
  expect(parseTarget(uri)).toEqual(target);
});

test('200,000 changed URLs: no throw, names without control characters', () => {
  const random = seededRandom(1);
  let named = 0;
  for (let count = 0; count < 200_000; count += 1) {
    const target = parseTarget(mutateText('rtsp://h:8554/live/a%20_b/trackID=0?token=x.y', random));
    if (target === undefined) continue;
    named += 1;
    if (/[\r\n\0]/.test(target.stream) || target.stream.length > 300) throw new Error(target.stream);
  }
  expect(named).toBeGreaterThan(1000);
});
