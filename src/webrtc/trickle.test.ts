import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cpuMsOf } from '../../test/support/cpu-time.ts';
import { mutateText, seededRandom } from '../../test/support/mutate.ts';
import { isTrickleFragment } from './trickle.ts';

const CHROMIUM = [
  'a=ice-ufrag:xUB3',
  'a=ice-pwd:lj1odGzc8j3jJ8ik4LAWj0Lt',
  'm=audio 9 UDP/TLS/RTP/SAVPF 0',
  'a=mid:0',
  'a=candidate:1510613869 1 udp 2122260223 192.0.2.3 57521 typ host generation 0 ufrag xUB3 network-id 1',
  'a=end-of-candidates',
  '',
].join('\r\n');

test.each([
  { name: 'RFC 8840 §9 form', text: CHROMIUM, expected: true },
  { name: 'bare LF', text: CHROMIUM.replaceAll('\r\n', '\n'), expected: true },
  { name: 'only the end', text: 'a=ice-ufrag:a\r\na=end-of-candidates\r\n', expected: true },
  { name: 'ICE restart', text: 'a=ice-ufrag:a\r\na=ice-pwd:b\r\n', expected: true },
  { name: 'empty', text: '', expected: false },
  { name: 'blank lines', text: '\r\n\r\n', expected: false },
  { name: 'JSON', text: '{"candidate":"candidate:1 1 udp 1 192.0.2.3 1 typ host"}', expected: false },
  { name: 'no candidate at all', text: 'm=audio 9 RTP/AVP 0\r\na=mid:0\r\n', expected: false },
  { name: 'candidate without type', text: 'a=candidate:1 1 udp 1 192.0.2.3 1\r\n', expected: false },
  { name: 'foreign line', text: `${CHROMIUM}hello\r\n`, expected: false },
  { name: 'too long', text: CHROMIUM + CHROMIUM.repeat(100), expected: false },
])('fragment: $name', ({ text, expected }) => {
  expect(isTrickleFragment(text)).toBe(expected);
});

test('any text gets an answer', () => {
  fc.assert(fc.property(fc.string(), (text) => typeof isTrickleFragment(text) === 'boolean'));
});

test('200,000 mutated fragments get an answer in linear time', () => {
  const random = seededRandom(8840);
  let accepted = 0;
  for (let count = 0; count < 200_000; count += 1) accepted += isTrickleFragment(mutateText(CHROMIUM, random)) ? 1 : 0;
  expect(accepted).toBeGreaterThan(1000);
  expect(accepted).toBeLessThan(200_000);
  const hostile = `a=candidate:1 1 udp 1 a 1 typ ${'x '.repeat(8000)}\r`;
  expect(cpuMsOf(() => void isTrickleFragment(hostile))).toBeLessThan(100);
});
