import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mutate, seededRandom } from '../../../test/support/random.ts';
import type { RtpCodec } from '../types.ts';
import { forEachH264Nalu, isKeyFrame } from './key-frame.ts';

const SPS = '67640028acd940780227e5c044';
const PPS = '68ebe3cb22c0';
const stapA = (...nalus: string[]): string =>
  `78${nalus.map((nalu) => (nalu.length / 2).toString(16).padStart(4, '0') + nalu).join('')}`;

const CASES: ReadonlyArray<{ name: string; codec: RtpCodec; payload: string; key: boolean }> = [
  { name: 'an IDR slice', codec: 'h264', payload: '6588840012', key: true },
  { name: 'an SPS', codec: 'h264', payload: SPS, key: true },
  { name: 'a slice', codec: 'h264', payload: '419a0012', key: false },
  { name: 'STAP-A with parameter sets (Chromium, cameras)', codec: 'h264', payload: stapA(SPS, PPS), key: true },
  { name: 'STAP-A with SEI and slice', codec: 'h264', payload: stapA('0605ff', '419a00'), key: false },
  { name: 'STAP-A that is cut off before the SPS ends', codec: 'h264', payload: '78000d6764', key: false },
  { name: 'the first fragment of an IDR slice', codec: 'h264', payload: '7c85888400', key: true },
  { name: 'a later fragment of one', codec: 'h264', payload: '7c05888400', key: false },
  { name: 'the first fragment of another slice', codec: 'h264', payload: '7c819a00', key: false },
  { name: 'a fragment without header', codec: 'h264', payload: '7c', key: false },
  { name: 'VP8 key frame without extension (FFmpeg)', codec: 'vp8', payload: '10f0b100', key: true },
  { name: 'VP8 key frame with 15-bit picture id (Chromium)', codec: 'vp8', payload: '908093af10b2', key: true },
  { name: 'VP8 key frame with 7-bit picture id, TL0PICIDX and TID', codec: 'vp8', payload: '90f01300e0b0', key: true },
  { name: 'VP8 frame', codec: 'vp8', payload: '908093b011b2', key: false },
  { name: 'VP8 continuation that looks like a key frame', codec: 'vp8', payload: '808093b010b2', key: false },
  { name: 'VP8 second partition', codec: 'vp8', payload: '91809301b0', key: false },
  { name: 'VP8 cut off', codec: 'vp8', payload: '9080', key: false },
  {
    name: 'VP9 key frame, flexible mode, with structure (Chromium)',
    codec: 'vp9',
    payload: '9b914610028001e082',
    key: true,
  },
  { name: 'VP9 key frame, later packet', codec: 'vp9', payload: '9191460dac0e', key: false },
  { name: 'VP9 frame', codec: 'vp9', payload: 'd99147028600', key: false },
  { name: 'VP9 key frame, lowest layer', codec: 'vp9', payload: 'ab91460000', key: true },
  { name: 'VP9 key picture, upper layer', codec: 'vp9', payload: 'ab91460300', key: false },
  { name: 'AV1 new coded video sequence', codec: 'av1', payload: '180a0b00', key: true },
  { name: 'AV1 frame', codec: 'av1', payload: '10320b00', key: false },
  { name: 'sound', codec: 'opus', payload: 'fc', key: true },
  { name: 'nothing', codec: 'opus', payload: '', key: false },
];

test.each(CASES)('isKeyFrame: $name', ({ codec, payload, key }) => {
  const bytes = Buffer.concat([Buffer.alloc(3, 0xff), Buffer.from(payload, 'hex'), Buffer.alloc(2, 0xff)]);
  expect(isKeyFrame(codec, bytes, 3, bytes.length - 2)).toBe(key);
});

test('property: NAL units of a STAP-A come out as they went in', () => {
  const nalu = fc.uint8Array({ minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(fc.array(nalu, { minLength: 1, maxLength: 8 }), (nalus) => {
      const payload = Buffer.from(stapA(...nalus.map((bytes) => Buffer.from(bytes).toString('hex'))), 'hex');
      const seen: Buffer[] = [];
      forEachH264Nalu(payload, 0, payload.length, (bytes, start, end) => seen.push(bytes.subarray(start, end)));
      expect(seen.map((bytes) => bytes.toString('hex'))).toEqual(
        nalus.map((bytes) => Buffer.from(bytes).toString('hex')),
      );
    }),
  );
});

test('fuzz: 200,000 mutated payloads never throw, and no NAL unit reaches over the end', () => {
  const random = seededRandom(11);
  const seeds = CASES.filter(({ payload }) => payload !== '').map((entry) => ({
    codec: entry.codec,
    bytes: Buffer.from(entry.payload, 'hex'),
  }));
  const memory = Buffer.alloc(256);
  let keys = 0;
  for (let index = 0; index < 200_000; index++) {
    const { codec, bytes } = seeds[random(seeds.length)]!;
    const end = mutate(bytes, memory, random);
    const start = Math.min(end, random(3));
    if (isKeyFrame(codec, memory, start, end)) keys++;
    forEachH264Nalu(memory, start, end, (_bytes, from, to) => {
      if (from < start || to > end || from >= to) expect.fail(`NAL unit ${from}–${to} in ${start}–${end}`);
    });
  }
  expect(keys).toBeGreaterThan(10_000);
});
