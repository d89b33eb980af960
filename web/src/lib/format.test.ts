import { expect, test } from 'vitest';
import { fileSafe, fileStamp, formatBitrate, formatBytes, formatDuration, formatMs, formatPercent } from './format.ts';

test.each([
  { ms: 0, text: '0 ms' },
  { ms: 849.6, text: '850 ms' },
  { ms: 1250, text: '1.25 s' },
  { ms: 12_340, text: '12.3 s' },
  { ms: 125_000, text: '2 min 5 s' },
])('formatMs $ms', ({ ms, text }) => expect(formatMs(ms)).toBe(text));

test.each([
  { bps: 640_400, text: '640 kbit/s' },
  { bps: 4_120_000, text: '4.1 Mbit/s' },
])('formatBitrate $bps', ({ bps, text }) => expect(formatBitrate(bps)).toBe(text));

test.each([
  { ratio: 0, text: '0 %' },
  { ratio: 0.003, text: '0.3 %' },
  { ratio: 0.12, text: '12 %' },
])('formatPercent $ratio', ({ ratio, text }) => expect(formatPercent(ratio)).toBe(text));

test('file names', () => {
  expect(fileStamp(new Date(2026, 10, 21, 4, 3, 7))).toBe('20261121-040307');
  expect(fileSafe('大门 / Gate: 1')).toBe('大门_Gate_1');
  expect(fileSafe('')).toBe('camera');
});

test.each([
  [0, '0:00'],
  [59_999, '0:59'],
  [247_000, '4:07'],
  [3_723_000, '1:02:03'],
  [90_000_000, '25:00:00'],
  [-5, '0:00'],
])('formatDuration %i', (ms, text) => expect(formatDuration(ms)).toBe(text));

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1 kB'],
  [12_345, '12.3 kB'],
  [999_600, '1 MB'],
  [1_420_000_000, '1.42 GB'],
  [5e15, '5000 TB'],
])('formatBytes %i', (bytes, text) => expect(formatBytes(bytes)).toBe(text));
