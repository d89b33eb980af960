import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rtp } from '../../../test/support/ps-builder.ts';
import { mutate, seededRandom } from '../../../test/support/random.ts';
import { createRtpView, isRtcp, parseRtp, parseRtpAt } from './rtp-packet.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('parseRtp', () => {
  test.each([
    { name: 'plain', packet: '8060 1234 00000005 0beb c5e9 aabb', payload: 'aabb' },
    { name: 'marker', packet: '80e0 1234 00000005 0bebc5e9 aabb', payload: 'aabb', marker: true },
    { name: 'two CSRC', packet: '8260 1234 00000005 0bebc5e9 00000001 00000002 cc', payload: 'cc' },
    { name: 'extension', packet: '9060 1234 00000005 0bebc5e9 bede0001 01020304 dd', payload: 'dd' },
    { name: 'padding', packet: 'a060 1234 00000005 0bebc5e9 ee 000003', payload: 'ee' },
    { name: 'all of them', packet: 'b160 1234 00000005 0bebc5e9 00000009 00000000 ff 01', payload: 'ff' },
    { name: 'empty payload', packet: '8060 1234 00000005 0bebc5e9', payload: '' },
  ])('$name', ({ packet, payload, marker = false }) => {
    const view = createRtpView();
    expect(parseRtp(hex(packet), view)).toBeUndefined();
    expect(view.packet.subarray(view.payloadStart, view.payloadEnd).toString('hex')).toBe(payload);
    expect(view).toMatchObject({ payloadType: 96, marker, sequenceNumber: 0x1234, timestamp: 5, ssrc: 0x0bebc5e9 });
  });

  test.each([
    { name: 'quirk: bad version', packet: '4060 1234 00000005 0bebc5e9 aa', error: 'rtp_bad_version' },
    {
      name: 'quirk: payload type 69 (Hikvision NVR over TCP)',
      packet: '8045 1234 00000005 0bebc5e9 aa',
      error: 'rtp_bad_payload_type',
    },
    { name: 'quirk: RTCP on the RTP port', packet: '80c8 0006 00000005 0bebc5e9 aa', error: 'rtp_bad_payload_type' },
    { name: 'InvalidRtp: too short', packet: '8060 1234', error: 'rtp_too_short' },
    { name: 'empty', packet: '', error: 'rtp_too_short' },
    { name: 'CSRC behind the end', packet: '8f60 1234 00000005 0bebc5e9 aa', error: 'rtp_bad_csrc' },
    { name: 'extension behind the end', packet: '9060 1234 00000005 0bebc5e9 bede0009', error: 'rtp_bad_extension' },
    { name: 'extension header cut', packet: '9060 1234 00000005 0bebc5e9 bede', error: 'rtp_bad_extension' },
    { name: 'padding 0', packet: 'a060 1234 00000005 0bebc5e9 ee00', error: 'rtp_bad_padding' },
    { name: 'padding longer than payload', packet: 'a060 1234 00000005 0bebc5e9 ee09', error: 'rtp_bad_padding' },
    { name: 'padding without payload', packet: 'a060 1234 00000005 0bebc5e9', error: 'rtp_bad_padding' },
  ])('$name', ({ packet, error }) => {
    expect(parseRtp(hex(packet), createRtpView())).toBe(error);
  });

  test('quirk: SSRC 0 is an SSRC', () => {
    const view = createRtpView();
    expect(parseRtp(rtp(Buffer.from('a'), { ssrc: 0 }), view)).toBeUndefined();
    expect(view.ssrc).toBe(0);
  });

  test('within a larger buffer', () => {
    const view = createRtpView();
    const buffer = Buffer.concat([Buffer.alloc(7), rtp(Buffer.from('ab')), Buffer.alloc(9)]);
    expect(parseRtpAt(buffer, 7, 21, view)).toBeUndefined();
    expect([view.payloadStart, view.payloadEnd]).toEqual([19, 21]);
  });

  test('isRtcp', () => {
    expect(isRtcp(hex('80c8 0006'))).toBe(true);
    expect(isRtcp(hex('81ce 0002'))).toBe(true);
    expect(isRtcp(hex('8060 0006'))).toBe(false);
    expect(isRtcp(hex('00c8 0006'))).toBe(false);
    expect(isRtcp(hex('80'))).toBe(false);
  });

  test('property: what was built is what is read', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 64 }),
        fc.record({
          sequenceNumber: fc.nat(0xffff),
          timestamp: fc.nat(0xffffffff),
          payloadType: fc.nat(63),
          marker: fc.boolean(),
        }),
        (payload, fields) => {
          const view = createRtpView();
          const packet = rtp(Buffer.from(payload), fields);
          expect(parseRtp(packet, view)).toBeUndefined();
          expect(view).toMatchObject(fields);
          expect(Buffer.from(payload).equals(packet.subarray(view.payloadStart, view.payloadEnd))).toBe(true);
        },
      ),
    );
  });

  test('fuzz: 200,000 mutations never throw and stay within the packet', () => {
    const random = seededRandom(1);
    const seeds = [
      rtp(Buffer.alloc(20, 1)),
      hex('b160 1234 00000005 0bebc5e9 00000009 00000000 ff 01'),
      hex('9260 1234 00000005 0bebc5e9 00000001 00000002 bede0001 01020304 dd'),
    ];
    const memory = Buffer.alloc(64);
    const view = createRtpView();
    let accepted = 0;
    for (let index = 0; index < 200_000; index++) {
      const length = mutate(seeds[index % 3]!, memory, random);
      if (parseRtpAt(memory, 0, length, view) !== undefined) continue;
      accepted++;
      if (view.payloadStart < 12 || view.payloadStart > view.payloadEnd || view.payloadEnd > length) {
        expect.fail(`bad span from ${memory.toString('hex', 0, length)}`);
      }
    }
    expect(accepted).toBeGreaterThan(20_000);
  });
});
