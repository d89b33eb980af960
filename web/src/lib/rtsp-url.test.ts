import { expect, test } from 'vitest';
import { parseRtspUrl, suggestPullName } from './rtsp-url.ts';

test.each([
  { text: 'rtsp://10.0.0.9/', is: { url: 'rtsp://10.0.0.9/', username: '', password: '' } },
  { text: ' RTSP://cam.local:8554 ', is: { url: 'rtsp://cam.local:8554', username: '', password: '' } },
  {
    text: 'rtsp://admin:p%40ss@10.0.0.9:554/Streaming/Channels/101?profile=1',
    is: { url: 'rtsp://10.0.0.9:554/Streaming/Channels/101?profile=1', username: 'admin', password: 'p@ss' },
  },
  { text: 'rtsp://admin@[fe80::1]/live', is: { url: 'rtsp://[fe80::1]/live', username: 'admin', password: '' } },
  { text: 'rtsp://u:a:b@h/', is: { url: 'rtsp://h/', username: 'u', password: 'a:b' } },
  { text: 'rtsp://u:%zz@h/', is: { url: 'rtsp://h/', username: 'u', password: '%zz' } },
  { text: 'http://10.0.0.9/', is: undefined },
  { text: 'rtsp://', is: undefined },
  { text: 'rtsp://h:99999/', is: undefined },
  { text: 'rtsp://h/a b', is: undefined },
  { text: `rtsp://h/${'x'.repeat(3000)}`, is: undefined },
])('parseRtspUrl $text', ({ text, is }) => expect(parseRtspUrl(text)).toEqual(is));

test.each([
  ['rtsp://10.0.0.9/Streaming/Channels/101', '10.0.0.9-101'],
  ['rtsp://10.0.0.9:554/cam/realmonitor?channel=1&subtype=0', '10.0.0.9-realmonitor'],
  ['rtsp://cam.local', 'cam.local'],
  ['rtsp://[fe80::1]/live', '-fe80-live'],
])('suggestPullName %s', (url, name) => {
  expect(suggestPullName({ url, username: '', password: '' })).toBe(name);
});
