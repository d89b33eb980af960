import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mutate, seededRandom } from '../../test/support/random.ts';
import { DiskFile } from './disk-file.ts';
import type { VideoFormat } from './frame/types.ts';
import { Mp4File } from './mp4/mp4-file.ts';
import { repairFile } from './repair.ts';
import type { RecordingFile } from './recording-file.ts';
import { WebmFile } from './webm/webm-file.ts';

const video: VideoFormat = { encoding: 'VP9', width: 64, height: 48, configuration: Buffer.alloc(12, 1) };
const opus = { encoding: 'OPUS', sampleRate: 48_000, channels: 2 } as const;
const pcma = { encoding: 'PCMA', sampleRate: 8000, channels: 1 } as const;
/** 20 ms of Opus. */
const PACKET = Buffer.from('f8aabb', 'hex');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gbrtc-repair-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A new file is not flushed, as one that is cut to nothing and written again is. */
function renew(path: string, bytes: Uint8Array): void {
  rmSync(path, { force: true });
  writeFileSync(path, bytes);
}

interface Kind {
  readonly name: string;
  readonly extension: string;
  readonly write: (disk: DiskFile) => RecordingFile;
  readonly packet: Buffer;
  /** Frames that wait for the next one at the end of a fragment. */
  readonly waiting: number;
}

const KINDS: readonly Kind[] = [
  {
    name: 'WebM',
    extension: 'webm',
    write: (disk) => new WebmFile(disk, { video, audio: opus }),
    packet: PACKET,
    waiting: 0,
  },
  {
    name: 'MP4 with Opus',
    extension: 'mp4',
    write: (disk) => new Mp4File(disk, { video, audio: opus }),
    packet: PACKET,
    waiting: 2,
  },
  {
    name: 'MP4 with G.711',
    extension: 'mp4',
    write: (disk) => new Mp4File(disk, { video, audio: pcma }),
    packet: Buffer.alloc(160, 0xd5),
    waiting: 2,
  },
];

/** Three fragments of 200 ms, as they are while the file is written, and what the finished file is. */
function threeFragments(
  { extension, write, packet }: Kind,
  name: string,
): { open: Buffer; ends: number[]; finished: Buffer } {
  const disk = DiskFile.create(folder, name, extension, { firstNumber: 1 }).file;
  const file = write(disk);
  const ends = [disk.size];
  for (let fragment = 0; fragment < 3; fragment++) {
    for (let ms = fragment * 200; ms < (fragment + 1) * 200; ms += 20) {
      if (ms % 40 === 0) file.addVideo(ms, ms % 200 === 0, Buffer.alloc(30, ms));
      file.addAudio(ms, packet);
    }
    file.flush();
    ends.push(disk.size);
  }
  const open = readFileSync(disk.path);
  file.finish();
  repairFile(disk.path);
  return { open, ends, finished: readFileSync(disk.path) };
}

describe.each(KINDS)('$name', (kind) => {
  const { extension } = kind;

  test('a finished file has its duration and stays as it is', () => {
    const { finished } = threeFragments(kind, 'finished');
    const path = join(folder, `again.${extension}`);
    writeFileSync(path, finished);
    expect(repairFile(path)).toEqual({ durationMs: 600, bytes: finished.length });
    expect(readFileSync(path).equals(finished)).toBe(true);
  });

  test('cut off anywhere, the whole fragments before are completed', () => {
    const { open, ends } = threeFragments(kind, 'cut');
    const path = join(folder, `torn.${extension}`);
    const near = ends.flatMap((end) => Array.from({ length: 40 }, (_, index) => end - 20 + index));
    const lengths = [...near, ...Array.from({ length: open.length / 211 }, (_, index) => index * 211)];
    for (const length of lengths.filter((bytes) => bytes <= open.length)) {
      renew(path, open.subarray(0, length));
      const repaired = repairFile(path);
      const whole = ends.findLastIndex((end) => end <= length);
      if (whole < 0) {
        expect(repaired).toBe('not_ours');
        continue;
      }
      if (repaired === 'not_ours') throw new Error(`${length} bytes are taken for another file`);
      expect(Math.abs(repaired.durationMs - whole * 200)).toBeLessThanOrEqual(whole === 0 ? 0 : kind.waiting * 40);
      expect(statSync(path).size).toBe(repaired.bytes);
      expect(repairFile(path)).toEqual(repaired);
    }
  });

  test('fuzz: 10,000 mutated files never throw anything but what the disk says', () => {
    const { open, finished } = threeFragments(kind, 'fuzz');
    const random = seededRandom(7);
    const memory = Buffer.alloc(16_384);
    const path = join(folder, `fuzz.${extension}`);
    let repaired = 0;
    for (let index = 0; index < 10_000; index++) {
      renew(path, memory.subarray(0, mutate(index % 2 === 0 ? open : finished, memory, random)));
      if (repairFile(path) !== 'not_ours') repaired += 1;
    }
    expect(repaired).toBeGreaterThan(2500);
  });
});

describe('files', () => {
  test.each(['', 'hello', '\0\0\0\x08moov', 'RIFF....WAVE'])('what is no file of ours stays as it is: %j', (text) => {
    for (const extension of ['mp4', 'webm']) {
      const path = join(folder, `other.${extension}`);
      writeFileSync(path, text);
      expect(repairFile(path)).toBe('not_ours');
      expect(readFileSync(path, 'latin1')).toBe(text);
    }
  });

  test('nothing is overwritten: the next number is taken', () => {
    writeFileSync(join(folder, 'name.mp4'), 'mine');
    symlinkSync('/etc/hostname', join(folder, 'name-2.mp4'));
    const { file, number } = DiskFile.create(folder, 'name', 'mp4', { firstNumber: 1, taken: new Set([3]) });
    file.close();
    expect(number).toBe(4);
    expect(readFileSync(join(folder, 'name.mp4'), 'utf8')).toBe('mine');
  });

  test('one that is longer than a finished file can be stays in its fragments', () => {
    const { file: disk } = DiskFile.create(folder, 'hours', 'mp4', { firstNumber: 1 });
    const file = new Mp4File(disk, { video });
    for (const hours of [0, 6, 12]) {
      file.addVideo(hours * 3_600_000, true, Buffer.alloc(30, hours));
      file.flush();
    }
    file.finish();
    const bytes = readFileSync(disk.path);
    // Behind a hole, as the time of the last sample of a fragment ends there otherwise.
    bytes.writeBigUInt64BE(0x1_0000_0000n, bytes.lastIndexOf('tfdt') + 8);
    writeFileSync(disk.path, bytes);
    const { size } = statSync(disk.path);
    expect(repairFile(disk.path)).toBe('not_ours');
    expect(statSync(disk.path).size).toBe(size);
  });

  test('a link is not followed', () => {
    const path = join(folder, 'link.mp4');
    symlinkSync('/etc/hostname', path);
    expect(() => repairFile(path)).toThrow('ELOOP');
  });
});
