import fc from 'fast-check';
import { expect, test } from 'vitest';
import { asksForKeyFrame } from './rtcp-feedback.ts';

const RECEIVER_REPORT = '80c9000100000001';

test.each([
  ['PLI', '81ce00020000000100000002', true],
  ['FIR', '84ce000400000001000000000000000201000000', true],
  ['PLI behind a receiver report', `${RECEIVER_REPORT}81ce00020000000100000002`, true],
  ['a receiver report', RECEIVER_REPORT, false],
  ['NACK', '81cd0003000000010000000200010000', false],
  ['another payload-specific one', '8fce00020000000100000002', false],
  ['no RTCP', '00ce0002', false],
  ['nothing', '', false],
  ['cut off', '81ce', false],
])('%s', (_name, hex, expected) => {
  expect(asksForKeyFrame(Buffer.from(hex, 'hex'))).toBe(expected);
});

test('whatever comes: an answer', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (packet) => {
      expect([true, false]).toContain(asksForKeyFrame(packet));
    }),
  );
});
