import { describe, expect, test } from 'vitest';
import { filler } from '../../../test/support/ps-builder.ts';
import { parseAdtsHeader, sniffAdts } from './adts.ts';
import {
  ALAW_TO_ULAW,
  alawToLinear,
  linearToAlaw,
  linearToUlaw,
  sniffG711,
  ULAW_TO_ALAW,
  ulawToLinear,
} from './g711.ts';

describe('G.711', () => {
  test.each([
    [0xd5, 8],
    [0x55, -8],
    [0xaa, 32_256],
    [0x2a, -32_256],
    [0x80, 5504],
  ])('A-law 0x%s', (byte, sample) => {
    expect(alawToLinear(byte)).toBe(sample);
    expect(linearToAlaw(sample)).toBe(byte);
  });

  test.each([
    [0xff, 0],
    [0x80, 32_124],
    [0x00, -32_124],
    [0xfe, 8],
  ])('µ-law 0x%s', (byte, sample) => {
    expect(ulawToLinear(byte)).toBe(sample);
    expect(linearToUlaw(sample)).toBe(byte);
  });

  test('every byte survives expansion and compression', () => {
    for (let byte = 0; byte < 256; byte++) {
      expect(linearToAlaw(alawToLinear(byte))).toBe(byte);
      // µ-law has two zeros.
      expect(linearToUlaw(ulawToLinear(byte))).toBe(byte === 0x7f ? 0xff : byte);
    }
  });

  test('conversion between the laws stays within a quantisation step', () => {
    for (let byte = 0; byte < 256; byte++) {
      const alaw = alawToLinear(byte);
      expect(Math.abs(ulawToLinear(ALAW_TO_ULAW[byte]!) - alaw)).toBeLessThanOrEqual(Math.max(16, Math.abs(alaw) / 16));
      const ulaw = ulawToLinear(byte);
      expect(Math.abs(alawToLinear(ULAW_TO_ALAW[byte]!) - ulaw)).toBeLessThanOrEqual(Math.max(16, Math.abs(ulaw) / 16));
    }
  });

  test('the extremes of 16 bits', () => {
    for (const sample of [-32_768, 32_767, 0, -1]) {
      expect(Math.abs(alawToLinear(linearToAlaw(sample)) - sample)).toBeLessThan(1024);
      expect(Math.abs(ulawToLinear(linearToUlaw(sample)) - sample)).toBeLessThan(1024);
    }
  });

  test('sniffG711', () => {
    expect(sniffG711(Buffer.alloc(160, 0xd5))).toBe('pcma');
    expect(sniffG711(Buffer.alloc(160, 0xff))).toBe('pcmu');
    expect(sniffG711(filler(320))).toBe('pcma');
  });
});

describe('ADTS', () => {
  const frame = (bytes: number, second = 0xf1, rate = 4): Buffer =>
    Buffer.concat([
      Buffer.from([
        0xff,
        second,
        0x40 | (rate << 2),
        0x80 | (bytes >> 11),
        (bytes >> 3) & 0xff,
        ((bytes & 7) << 5) | 0x1f,
        0xfc,
      ]),
      filler(bytes - 7),
    ]);

  test.each([
    ['44.1 kHz stereo', frame(100), { sampleRate: 44_100, channels: 2, frameBytes: 100 }],
    ['MPEG-2', frame(100, 0xf9, 8), { sampleRate: 16_000, channels: 2, frameBytes: 100 }],
    ['layer not 00', frame(100, 0xf3), undefined],
    ['sampling index 13', frame(100, 0xf1, 13), undefined],
    ['cut', frame(100).subarray(0, 6), undefined],
    ['µ-law silence', Buffer.alloc(20, 0xff), undefined],
  ])('%s', (_name, bytes, header) => {
    expect(parseAdtsHeader(bytes, 0)).toEqual(header);
  });

  test('sniffing wants the frame to end with the payload or at the next frame', () => {
    expect(sniffAdts(frame(100))).toBeDefined();
    expect(sniffAdts(Buffer.concat([frame(100), frame(90)]))).toBeDefined();
    expect(sniffAdts(Buffer.concat([frame(100), filler(50)]))).toBeUndefined();
    expect(sniffAdts(filler(50))).toBeUndefined();
  });
});
