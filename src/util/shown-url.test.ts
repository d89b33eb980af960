import { expect, test } from 'vitest';
import { shownUrl } from './shown-url.ts';

test.each([
  ['rtsp://h:8554/live/a', 'rtsp://h:8554/live/a'],
  ['rtsp://u:p@h/a@b', 'rtsp://h/a@b'],
  ['rtsp://u@h?x=1&token=eyJ.a.b&y=2', 'rtsp://h?x=1&token=***&y=2'],
  ['rtsp://h/a?user=u&Password=p%40&pwd=&secret_key=s', 'rtsp://h/a?user=u&Password=***&pwd=***&secret_key=***'],
  ['rtsp://h/token=a?tok=b', 'rtsp://h/token=a?tok=b'],
])('%s is shown as %s', (url, shown) => {
  expect(shownUrl(url)).toBe(shown);
});
