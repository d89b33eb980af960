import { describe, expect, test } from 'vitest';
import { mutate, seededRandom } from '../../test/support/random.ts';
import { bindingAnswer, formatBindingRequest, parseStunMessage } from './stun.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
const TRANSACTION = hex('b7e7a701bc34d686fa87dfae');
/** RFC 5769 §2.2: a response with SOFTWARE "test vector", XOR-MAPPED-ADDRESS, MESSAGE-INTEGRITY, FINGERPRINT. */
const RESPONSE = hex(`
  0101003c 2112a442 b7e7a701 bc34d686 fa87dfae
  8022000b 74657374 20766563 746f7220
  00200008 0001a147 e112a643
  00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7
  80280004 c07d4c96`);

describe('formatBindingRequest', () => {
  test('RFC 8489 §5', () => {
    expect(formatBindingRequest(TRANSACTION).toString('hex')).toBe('000100002112a442b7e7a701bc34d686fa87dfae');
  });
});

describe('parseStunMessage', () => {
  test('the response of RFC 5769 §2.2', () => {
    const message = parseStunMessage(RESPONSE);
    expect(message).toMatchObject({ type: 0x0101, transactionId: TRANSACTION });
    const attributes = typeof message === 'string' ? [] : [...message.attributes];
    expect(attributes.map(([type, value]) => [type, value.toString('hex')])).toEqual([
      [0x8022, Buffer.from('test vector').toString('hex')],
      [0x0020, '0001a147e112a643'],
      [0x0008, '2b91f599fd9e90c38c7489f92af9ba53f06be7d7'],
      [0x8028, 'c07d4c96'],
    ]);
  });

  test.each([
    ['nothing', '', 'not_stun'],
    ['half a header', '01010000 2112a442 b7e7a701', 'not_stun'],
    ['no cookie', '01010000 2112a443 b7e7a701bc34d686fa87dfae', 'not_stun'],
    ['RTP', '80600000 2112a442 b7e7a701bc34d686fa87dfae', 'not_stun'],
    ['a length that is too long', '01010004 2112a442 b7e7a701bc34d686fa87dfae', 'malformed'],
    ['a length that is too short', '01010000 2112a442 b7e7a701bc34d686fa87dfae 80220000', 'malformed'],
    ['an odd length', '01010003 2112a442 b7e7a701bc34d686fa87dfae 802200', 'malformed'],
    ['an attribute over the end', '01010004 2112a442 b7e7a701bc34d686fa87dfae 80220001', 'malformed'],
    ['padding over the end', '01010008 2112a442 b7e7a701bc34d686fa87dfae 80220005 31323334', 'malformed'],
  ])('%s', (_name, bytes, problem) => {
    expect(parseStunMessage(hex(bytes))).toBe(problem);
  });

  test('300,000 mutants and as much noise never throw, and lie within the datagram', () => {
    const random = seededRandom(8489);
    const target = Buffer.alloc(200);
    let parsed = 0;
    for (let round = 0; round < 300_000; round++) {
      const mutant = target.subarray(0, mutate(RESPONSE, target, random));
      const message = parseStunMessage(mutant);
      if (typeof message !== 'string') {
        parsed += 1;
        for (const value of message.attributes.values()) expect(value.length).toBeLessThanOrEqual(mutant.length - 24);
      }
      const noise = Buffer.alloc(random(64));
      for (let at = 0; at < noise.length; at++) noise[at] = random(256);
      expect(typeof parseStunMessage(noise)).toBe('string');
    }
    expect(parsed).toBeGreaterThan(10_000);
  });
});

describe('bindingAnswer', () => {
  const withType = (type: string): Buffer => Buffer.concat([hex(type), RESPONSE.subarray(2)]);
  test.each([
    ['success', RESPONSE, 'test vector'],
    ['an error', withType('0111'), 'test vector'],
    ['a request', withType('0001'), undefined],
    ['an indication', withType('0011'), undefined],
    ['another method', withType('0103'), undefined],
    ['without SOFTWARE', hex('01010000 2112a442 b7e7a701bc34d686fa87dfae'), ''],
    ['control characters', hex('01010008 2112a442 b7e7a701bc34d686fa87dfae 80220004 1b5b410a'), '[A'],
    ['of another transaction', hex('01010000 2112a442 b7e7a701bc34d686fa87dfaf'), undefined],
    ['garbage', Buffer.from('hello'), undefined],
  ])('%s', (_name, bytes, software) => {
    expect(bindingAnswer(bytes, TRANSACTION)).toBe(software);
  });
});
