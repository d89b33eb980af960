import { expect, test } from 'vitest';
import { nearestKey } from './nearest-key.ts';

const KEYS = ['http', 'http.listen', 'rtsp', 'rtsp.port', 'pms', 'pms.port', 'stream.idle-timeout', 'webrtc.candidate'];

test.each([
  ['one letter more', 'http.listens', 'http.listen'],
  ['one letter less', 'stream.idle-timout', 'stream.idle-timeout'],
  ['another letter', 'http.lisden', 'http.listen'],
  ['two letters swapped', 'htpp.listen', 'http.listen'],
  ['as the environment has it', 'STREAM_IDLETIMEOUT', 'stream.idle-timeout'],
  ['a section', 'rtps', 'rtsp'],
  ['without its section', 'CANDIDATE', 'webrtc.candidate'],
  ['without its section, of which there are two', 'port', undefined],
  ['a letter from two', 'xms.port', 'pms.port'],
  ['as near to two', 'rp', undefined],
  ['another word', 'http.colour', undefined],
  ['a short one that is nothing', 'foo', undefined],
  ['nothing', '', undefined],
  ['longer than any', 'http.listen'.repeat(10_000), undefined],
])('%s: %s', (_name, written, meant) => {
  expect(nearestKey(written, KEYS)).toBe(meant);
});
