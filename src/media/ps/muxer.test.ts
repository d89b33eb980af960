import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aacSource } from '../../camera/audio-source.ts';
import { assetPath } from '../../camera/media-source.ts';
import { readClip } from '../../camera/clip.ts';
import { requireTool } from '../../../test/support/requires.ts';
import { crc32Mpeg, STANDARD_PS_SYNTAX, writePts, writeScr } from './muxer-syntax.ts';
import { PS_STREAM_TYPE, PsMuxer, writePsStamp, type PsBytes } from './muxer.ts';

const START = Buffer.from([0, 0, 0, 1, 0x65]);

function picture(bytes: number): Buffer {
  return Buffer.concat([START, Buffer.alloc(Math.max(0, bytes - START.length), 0xaa)]);
}

function stamped({ bytes, stamps }: PsBytes, clock90k: number): Buffer {
  for (const { offset, kind } of stamps) writePsStamp(bytes, offset, kind, clock90k);
  return bytes;
}

/** Offsets of system-level start codes, PES payloads skipped by their length. */
function layout(bytes: Buffer): string[] {
  const codes: string[] = [];
  for (let at = 0; at < bytes.length;) {
    expect(bytes.readUIntBE(at, 3)).toBe(1);
    const code = bytes[at + 3] ?? 0;
    codes.push(code.toString(16));
    at += code === 0xba ? 14 + ((bytes[at + 13] ?? 0) & 7) : 6 + bytes.readUInt16BE(at + 4);
  }
  return codes;
}

const muxer = new PsMuxer({ videoStreamType: PS_STREAM_TYPE.h264, audioStreamType: PS_STREAM_TYPE.pcma });

describe('PsMuxer', () => {
  test.each([
    { name: 'key frame with both maps', bytes: 100, keyFrame: true, expected: ['ba', 'bb', 'bc', 'e0'] },
    { name: 'other frame', bytes: 100, keyFrame: false, expected: ['ba', 'e0'] },
    { name: 'frame over 64 KiB in several PES', bytes: 150_000, keyFrame: false, expected: ['ba', 'e0', 'e0', 'e0'] },
    { name: 'frame of nothing', bytes: 0, keyFrame: false, expected: ['ba', 'e0'] },
  ])('layout: $name', ({ bytes, keyFrame, expected }) => {
    expect(layout(muxer.muxVideo(bytes === 0 ? Buffer.alloc(0) : picture(bytes), keyFrame).bytes)).toEqual(expected);
  });

  test('PES stay below 0xFF80 and only the first of a picture has a PTS', () => {
    const { bytes, stamps } = muxer.muxVideo(picture(200_000), false);
    expect(stamps.map(({ kind }) => kind)).toEqual(['scr', 'pts']);
    let seen = 0;
    for (let at = 14; at < bytes.length; at += 6 + bytes.readUInt16BE(at + 4)) {
      expect(bytes.readUInt16BE(at + 4)).toBeLessThanOrEqual(0xff80);
      expect(bytes[at + 7]).toBe(seen === 0 ? 0x80 : 0);
      seen += 1;
    }
    expect(seen).toBe(4);
  });

  test('audio is a pack of its own with a PTS', () => {
    const { bytes, stamps } = muxer.muxAudio(Buffer.alloc(320, 0xd5));
    expect(layout(bytes)).toEqual(['ba', 'c0']);
    expect(stamps.map(({ kind }) => kind)).toEqual(['scr', 'pts']);
    expect(bytes.length).toBe(14 + 14 + 320);
  });

  test('program stream map tells both streams and its CRC is right', () => {
    const map = STANDARD_PS_SYNTAX.programStreamMap([
      { streamType: 0x1b, streamId: 0xe0 },
      { streamType: 0x90, streamId: 0xc0 },
    ]);
    expect(map.subarray(0, 20).toString('hex')).toBe('000001bc0012e0ff000000081be0000090c00000');
    // The CRC over everything with the CRC itself is zero (ISO/IEC 13818-1 Annex A).
    expect(crc32Mpeg(map)).toBe(0);
  });

  test('CRC_32 of the check string', () => {
    expect(crc32Mpeg(Buffer.from('123456789'))).toBe(0x0376_e6e7);
  });

  test.each([
    { name: 'zero', clock: 0, pts: '2100010001', scr: '440004000401' },
    { name: 'all 33 bits', clock: 2 ** 33 - 1, pts: '2fffffffff', scr: '7ffffffffc01' },
    { name: 'one second', clock: 90_000, pts: '210005bf21', scr: '440016fc8401' },
    { name: 'wraps at 33 bits', clock: 2 ** 33, pts: '2100010001', scr: '440004000401' },
    { name: 'negative wraps too', clock: -1, pts: '2fffffffff', scr: '7ffffffffc01' },
  ])('clock fields: $name', ({ clock, pts, scr }) => {
    const bytes = Buffer.alloc(11);
    writePts(bytes, 0, clock);
    writeScr(bytes, 5, clock);
    expect([bytes.toString('hex', 0, 5), bytes.toString('hex', 5)]).toEqual([pts, scr]);
  });

  test('property: any picture comes back whole from its PES', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.integer({ min: 0, max: 3 }),
        fc.boolean(),
        (tail, blocks, key) => {
          const annexB = Buffer.concat([START, Buffer.alloc(blocks * 40_000, 0x55), tail]);
          const { bytes } = muxer.muxVideo(annexB, key);
          const payloads: Buffer[] = [];
          for (let at = 0; at < bytes.length;) {
            const code = bytes[at + 3] ?? 0;
            const end = code === 0xba ? at + 14 : at + 6 + bytes.readUInt16BE(at + 4);
            if (code === 0xe0) payloads.push(bytes.subarray(at + 9 + (bytes[at + 8] ?? 0), end));
            at = end;
          }
          expect(Buffer.concat(payloads).equals(annexB)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe.runIf(requireTool('ffmpeg'))('an independent demuxer', () => {
  test('FFmpeg decodes every picture of a muxed clip without a complaint', () => {
    const clip = readClip(assetPath('clip.h264'));
    const silent = new PsMuxer({ videoStreamType: PS_STREAM_TYPE.h264 });
    const stream = Buffer.concat(
      clip.frames.map((frame, index) => stamped(silent.muxVideo(frame.annexB, frame.keyFrame), 90_000 + index * 3_600)),
    );
    const decoded = spawnSync('ffmpeg', ['-v', 'warning', '-f', 'mpeg', '-i', '-', '-f', 'framemd5', '-'], {
      input: stream,
    });
    const frames = decoded.stdout
      .toString()
      .split('\n')
      .filter((line) => /^\d/.test(line));
    expect(decoded.stderr.toString()).toBe('');
    expect(frames).toHaveLength(200);
  });

  test('FFmpeg decodes the audio that the map declares', () => {
    const both = new PsMuxer({ videoStreamType: PS_STREAM_TYPE.h264, audioStreamType: PS_STREAM_TYPE.aac });
    const audio = aacSource(assetPath('beep.aac'), PS_STREAM_TYPE.aac);
    const parts = readClip(assetPath('clip.h264'))
      .frames.slice(0, 100)
      .flatMap((frame, index) => [
        stamped(both.muxVideo(frame.annexB, frame.keyFrame), index * 3_600),
        ...audio
          .frames(index * 3_600, (index + 1) * 3_600)
          .map(({ at90k, payload }) => stamped(both.muxAudio(payload), at90k)),
      ]);
    const decoded = spawnSync('ffmpeg', ['-v', 'error', '-f', 'mpeg', '-i', '-', '-map', '0', '-f', 'framemd5', '-'], {
      input: Buffer.concat(parts),
    });
    const lines = decoded.stdout.toString().split('\n');
    expect(decoded.stderr.toString()).toBe('');
    expect(lines.filter((line) => line.startsWith('0,'))).toHaveLength(100);
    // 64 ms each.
    expect(lines.filter((line) => line.startsWith('1,')).length).toBeGreaterThanOrEqual(62);
  });
});
