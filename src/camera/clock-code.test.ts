import { spawnSync } from 'node:child_process';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { requireTool } from '../../test/support/requires.ts';
import { CLOCK_CODE, clockStrip, decodeClockCode, decodeClockStrip } from './clock-code.ts';
import { assetPath } from './media-source.ts';

/** The strip as `assets/make-clip.mjs` draws it, `size` pixels a square. */
function drawStrip(index: number, size: number, change: (bits: number[]) => void = () => undefined): Uint8Array {
  const check = (index & 15) ^ ((index >> 4) & 15) ^ (index >> 8) ^ CLOCK_CODE.checkSeed;
  const bits = [1, 0, ...Array.from({ length: 12 }, (_, n) => (index >> (11 - n)) & 1)];
  bits.push(...Array.from({ length: 4 }, (_, n) => (check >> (3 - n)) & 1), 0, 1);
  change(bits);
  const width = size * CLOCK_CODE.squares;
  const rgba = new Uint8Array(4 * width * size);
  for (let at = 0; at < width * size; at += 1) {
    const value = bits[Math.floor((at % width) / size)] === 1 ? 235 : 16;
    rgba.set([value, value, value, 255], 4 * at);
  }
  return rgba;
}

describe('decodeClockStrip', () => {
  test.each([0, 1, 137, 2048, 4095])('reads %i', (index) => {
    for (const size of [4, 10, 32]) expect(decodeClockStrip(drawStrip(index, size), size * 20, size)).toBe(index);
  });

  test('any single flipped square is noticed', () => {
    for (let square = 0; square < CLOCK_CODE.squares; square += 1) {
      const strip = drawStrip(1234, 8, (bits) => (bits[square] = 1 - (bits[square] ?? 0)));
      expect(decodeClockStrip(strip, 160, 8)).toBeUndefined();
    }
  });

  test.each([
    { name: 'black', fill: 0 },
    { name: 'grey', fill: 128 },
    { name: 'white', fill: 255 },
  ])('finds nothing in $name', ({ fill }) => {
    expect(decodeClockStrip(new Uint8Array(4 * 160 * 8).fill(fill), 160, 8)).toBeUndefined();
  });

  test('fuzz: 200,000 random pictures give a number of the range or nothing', () => {
    let seed = 0x2545_f491;
    const pixels = new Uint8Array(4 * 20);
    let read = 0;
    for (let round = 0; round < 200_000; round += 1) {
      for (let at = 0; at < pixels.length; at += 1) {
        seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
        pixels[at] = (seed >>> 24) & 0x80 ? 255 : 0;
      }
      const index = decodeClockStrip(pixels, 20, 1);
      if (index === undefined) continue;
      read += 1;
      if (!(index >= 0 && index < 4096)) throw new RangeError(String(index));
    }
    expect(read).toBeLessThan(200_000 / 16);
  });

  test('its source text works alone, as a browser test sends it', () => {
    const alone = runInNewContext(`(${decodeClockStrip.toString()})`) as typeof decodeClockStrip;
    expect(alone(drawStrip(137, 8), 160, 8)).toBe(137);
  });
});

describe.runIf(requireTool('ffmpeg'))('the clips of assets', () => {
  test.each([
    { file: 'clip.h264', width: 1280, height: 720, frames: 200 },
    { file: 'sub.h264', width: 640, height: 360, frames: 200 },
    { file: 'long-gop.h264', width: 640, height: 360, frames: 60 },
    { file: 'clip.h265', width: 640, height: 360, frames: 100 },
  ])('$file carries its frame numbers', ({ file, width, height, frames }) => {
    const { x, y, width: stripWidth, height: stripHeight } = clockStrip(width, height);
    const filter = `crop=${stripWidth}:${stripHeight}:${x}:${y},scale=100:5`;
    const args = [
      '-v',
      'error',
      '-i',
      assetPath(file),
      '-vf',
      filter,
      '-frames:v',
      String(frames),
      '-pix_fmt',
      'rgba',
      '-f',
      'rawvideo',
      '-',
    ];
    const { stdout } = spawnSync('ffmpeg', args, { maxBuffer: 64 << 20 });
    const size = 4 * 100 * 5;
    const read = Array.from({ length: stdout.length / size }, (_, n) =>
      decodeClockStrip(stdout.subarray(n * size, (n + 1) * size), 100, 5),
    );
    expect(read).toEqual(Array.from({ length: frames }, (_, n) => n));
  });

  test('decodeClockCode finds the strip in a whole picture', () => {
    const args = ['-v', 'error', '-i', assetPath('clip.h264'), '-vf', "select='eq(n,77)'", '-frames:v', '1'];
    const { stdout } = spawnSync('ffmpeg', [...args, '-pix_fmt', 'rgba', '-f', 'rawvideo', '-'], {
      maxBuffer: 64 << 20,
    });
    expect(decodeClockCode(stdout, 1280, 720)).toBe(77);
    expect(decodeClockCode(stdout.subarray(1000), 1280, 720)).toBeUndefined();
  });
});
