import { describe, expect, test } from 'vitest';
import { mutate, seededRandom } from '../../test/support/random.ts';
import { padClip, parseClip, readClip } from './clip.ts';
import { ClipError } from './errors.ts';
import { assetPath } from './media-source.ts';

const H264 = { codec: 'h264', fps: 25 } as const;
const SPS = [0, 0, 0, 1, 0x67, 0x42];
const PPS = [0, 0, 0, 1, 0x68, 0xce];
const IDR = [0, 0, 1, 0x65, 0x88, 0x84];
const IDR_SECOND_SLICE = [0, 0, 1, 0x65, 0x08, 0x84];
const P = [0, 0, 1, 0x41, 0x9a, 0x24];

describe('parseClip', () => {
  test.each([
    { name: 'one picture a slice', nals: [SPS, PPS, IDR, P, P], sizes: [18, 6, 6], keys: [true, false, false] },
    {
      name: 'several slices a picture',
      nals: [SPS, PPS, IDR, IDR_SECOND_SLICE, P],
      sizes: [24, 6],
      keys: [true, false],
    },
    { name: 'begins before a key frame', nals: [P, P, SPS, PPS, IDR, P], sizes: [18, 6], keys: [true, false] },
    { name: 'two groups', nals: [SPS, PPS, IDR, SPS, PPS, IDR], sizes: [18, 18], keys: [true, true] },
  ])('splits: $name', ({ nals, sizes, keys }) => {
    const { frames } = parseClip(Buffer.from(nals.flat()), H264);
    expect(frames.map(({ annexB }) => annexB.length)).toEqual(sizes);
    expect(frames.map(({ keyFrame }) => keyFrame)).toEqual(keys);
  });

  test.each([
    { name: 'nothing', bytes: [] },
    { name: 'no key frame', bytes: [...P, ...P] },
    { name: 'no start code', bytes: [1, 2, 3, 4, 5] },
  ])('refuses $name', ({ bytes }) => {
    expect(() => parseClip(Buffer.from(bytes), H264)).toThrow(ClipError);
  });

  test('refuses a clip longer than the counter', () => {
    const bytes = Buffer.from([...SPS, ...PPS, ...IDR, ...Array.from({ length: 4_096 }, () => P).flat()]);
    expect(() => parseClip(bytes, H264)).toThrow('clip has 4097 frames, the limit is 4096');
  });

  test.each([
    { file: 'clip.h264', codec: 'h264', frames: 200, keys: [0, 50, 100, 150] },
    { file: 'sub.h264', codec: 'h264', frames: 200, keys: [0, 50, 100, 150] },
    { file: 'long-gop.h264', codec: 'h264', frames: 500, keys: [0] },
    { file: 'clip.h265', codec: 'h265', frames: 100, keys: [0, 50] },
  ])('$file of assets', ({ file, codec, frames, keys }) => {
    const clip = readClip(assetPath(file));
    expect([clip.codec, clip.frames.length]).toEqual([codec, frames]);
    expect(clip.frames.flatMap(({ keyFrame }, index) => (keyFrame ? [index] : []))).toEqual(keys);
  });

  test('fuzz: 200,000 mutated streams give whole pictures or ClipError', () => {
    const random = seededRandom(7);
    const seed = Buffer.from([...SPS, ...PPS, ...IDR, ...IDR_SECOND_SLICE, ...P, ...P]);
    const target = Buffer.alloc(seed.length + 64);
    for (let round = 0; round < 200_000; round += 1) {
      const bytes = target.subarray(0, mutate(seed, target, random));
      try {
        const total = parseClip(bytes, H264).frames.reduce((sum, { annexB }) => sum + annexB.length, 0);
        if (total > bytes.length) throw new RangeError(bytes.toString('hex'));
      } catch (error) {
        if (!(error instanceof ClipError)) throw error;
      }
    }
  });
});

describe('padClip', () => {
  const clip = readClip(assetPath('clip.h264'));
  const rate = (frames: readonly { annexB: Buffer }[]): number =>
    (frames.reduce((sum, { annexB }) => sum + annexB.length, 0) * 8) / (frames.length / 25);

  test('fills up to the rate with filler data, which keeps the pictures', () => {
    const padded = padClip(clip, 4_000_000);
    expect(rate(padded.frames)).toBeGreaterThan(3_990_000);
    expect(rate(padded.frames)).toBeLessThan(4_010_000);
    const [first, original] = [padded.frames[0]!.annexB, clip.frames[0]!.annexB];
    expect(first.subarray(0, original.length).equals(original)).toBe(true);
    expect(first.subarray(original.length, original.length + 5).toString('hex')).toBe('000000010c');
    expect(first.at(-1)).toBe(0x80);
  });

  test('leaves a clip above the rate alone', () => {
    expect(padClip(clip, 100_000)).toBe(clip);
  });
});
