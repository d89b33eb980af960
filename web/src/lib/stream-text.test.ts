import { expect, test } from 'vitest';
import { audioText, codecLabel, videoText } from './stream-text.ts';

test.each([
  ['h264', 'H.264'],
  ['VP9', 'VP9'],
  ['pcmu', 'G.711 µ-law'],
  ['newcodec', 'NEWCODEC'],
])('codecLabel %s', (codec, label) => expect(codecLabel(codec)).toBe(label));

test('lines of the list', () => {
  expect(videoText({})).toBe('');
  expect(videoText({ video: { codec: 'vp8' } })).toBe('VP8');
  expect(videoText({ video: { codec: 'h264', width: 1920, height: 1080 } })).toBe('H.264 1920 × 1080');
  expect(audioText({})).toBe('');
  expect(audioText({ audio: { codec: 'opus', sampleRate: 48_000, channels: 2 } })).toBe('Opus');
});
