import type * as FileSystem from 'node:fs';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { idr, PPS, rtp, slice, SPS_1080, SPS_720 } from '../../../test/support/ps-builder.ts';
import type { TapTrack } from '../../stream/index.ts';
import { repairFile } from '../repair.ts';
import type { OpenRequest, ThreadNotice } from './protocol.ts';
import { Recording } from './recording.ts';

const disk = vi.hoisted(() => ({ leftBytes: Number.POSITIVE_INFINITY, code: 'ENOSPC' }));

/** A disk that gets full, or breaks. */
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof FileSystem>();
  const writeSync = (
    ...[fd, bytes, offset, length, position]: [number, Uint8Array, number, number, number]
  ): number => {
    const fits = Math.min(length, disk.leftBytes);
    if (fits === 0 && length > 0) throw Object.assign(new Error(`${disk.code}: write`), { code: disk.code });
    disk.leftBytes -= fits;
    return fs.writeSync(fd, bytes, offset, fits, position);
  };
  return { ...fs, writeSync };
});

const H264: TapTrack = { kind: 'video', encoding: 'H264', clockRate: 90_000, payloadType: 96, ssrc: 1 };
const PCMA: TapTrack = { kind: 'audio', encoding: 'PCMA', clockRate: 8000, payloadType: 8, ssrc: 2 };
const OPUS: TapTrack = { kind: 'audio', encoding: 'opus', clockRate: 48_000, channels: 2, payloadType: 111, ssrc: 2 };
const START_MS = 5000;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gbrtc-recording-'));
  disk.leftBytes = Number.POSITIVE_INFINITY;
  disk.code = 'ENOSPC';
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function framed(channel: number, packet: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x24, channel, packet.length >> 8, packet.length & 0xff]), packet]);
}

/** A recording and a camera: 25 frames a second, a key frame each second, sound each 40 ms. */
class Bench {
  readonly notices: ThreadNotice[] = [];
  readonly recording: Recording;
  nowMs = 1_000_000;
  ssrc = 1;
  stampMs = 0;
  sps = SPS_720;
  sound: 'alaw' | 'opus' | 'none' = 'none';
  #videoSequence = 100;
  #audioSequence = 65_500;

  constructor(tracks: readonly TapTrack[], wishes: Partial<OpenRequest> = {}) {
    const context = { startMs: START_MS, tell: (notice: ThreadNotice) => void this.notices.push(notice) };
    this.recording = new Recording(
      { key: 1, directory: folder, baseName: 'rec', tracks, ...wishes },
      context,
      this.nowMs,
    );
  }

  play(seconds: number): this {
    for (let frame = 0; frame < seconds * 25; frame++) this.frame(frame % 25 === 0);
    return this;
  }

  frame(keyFrame: boolean): void {
    const nalus = keyFrame ? [this.sps, PPS, idr(400)] : [slice(200)];
    for (const nalu of nalus) {
      const fields = { sequenceNumber: this.#videoSequence++, timestamp: this.stampMs * 90, ssrc: this.ssrc };
      this.push(0, rtp(nalu, fields));
    }
    if (this.sound !== 'none') this.#sendSound();
    this.nowMs += 40;
    this.stampMs += 40;
    this.recording.tick(this.nowMs);
  }

  loseVideo(packets: number): void {
    this.#videoSequence += packets;
  }

  push(channel: number, packet: Buffer): void {
    this.recording.push(framed(channel, packet), this.nowMs);
  }

  #sendSound(): void {
    const isOpus = this.sound === 'opus';
    const payload = isOpus ? Buffer.from('f9aabbccdd', 'hex') : Buffer.alloc(320, 0x55);
    const timestamp = this.stampMs * (isOpus ? 48 : 8);
    this.push(
      2,
      rtp(payload, { payloadType: isOpus ? 111 : 8, sequenceNumber: this.#audioSequence++, timestamp, ssrc: 2 }),
    );
  }

  get told(): string[] {
    return this.notices.flatMap((notice) => {
      if (notice.type === 'file') {
        return notice.event === 'file' ? [`${notice.file.state} ${notice.file.fileName}`] : [];
      }
      if (notice.type === 'ended') return [`ended ${notice.reason}`];
      return notice.type === 'notBegun' ? [`not begun ${notice.failure}`] : [];
    });
  }

  /** The last that was told of each finished file. */
  get finished(): { durationMs: number; packetsIn: number; packetsLost: number; bytes: number; fileName: string }[] {
    return this.notices.flatMap((notice) =>
      notice.type === 'file' && notice.event === 'file' && notice.file.state === 'finished' ? [notice.file] : [],
    );
  }

  stop(): this {
    this.recording.stop('stopped', 'stopped');
    return this;
  }
}

describe('Recording', () => {
  test('starts with a key frame, tells progress, ends with the real duration', () => {
    const bench = new Bench([H264, PCMA]);
    bench.sound = 'alaw';
    for (let frame = 0; frame < 5; frame++) bench.frame(false);
    expect(bench.told).toEqual([]);
    bench.play(3).stop();
    expect(bench.told).toEqual(['writing rec.mp4', 'finished rec.mp4', 'ended stopped']);
    const begun = bench.notices.find(({ type }) => type === 'begun');
    expect(begun).toMatchObject({ container: 'mp4', codecs: ['H264', 'PCMA'] });
    const progress = bench.notices.filter((notice) => notice.type === 'file' && notice.event === 'progress');
    expect(progress.length).toBeGreaterThanOrEqual(2);
    const [file] = bench.finished;
    expect(file!.durationMs).toBe(3000);
    expect(file!.packetsLost).toBe(0);
    expect(statSync(join(folder, 'rec.mp4')).size).toBe(file!.bytes);
    expect(repairFile(join(folder, 'rec.mp4'))).toMatchObject({ durationMs: 3000 });
  });

  test('a loss drops pictures up to the next key frame, is counted, and asks for one', () => {
    const bench = new Bench([H264]).play(1);
    bench.loseVideo(3);
    bench.play(0.4);
    expect(bench.notices.some(({ type }) => type === 'keyFrameNeeded')).toBe(true);
    bench.play(1).stop();
    expect(bench.finished[0]!.packetsLost).toBe(3);
    expect(bench.finished[0]!.durationMs).toBe(2400);
  });

  test.each([
    { name: 'jump by hours', change: (bench: Bench) => void (bench.stampMs += 40 * 3_600_000) },
    { name: 'jump back', change: (bench: Bench) => void (bench.stampMs = 5) },
    {
      name: 'another SSRC',
      change: (bench: Bench) => {
        bench.ssrc = 77;
        bench.stampMs = 123_456;
      },
    },
    { name: 'pause of a minute', seconds: 60, change: (bench: Bench) => void (bench.nowMs += 60_000) },
  ])('clock of the source, $name: the file has the time that passed', ({ change, seconds = 0 }) => {
    const bench = new Bench([H264]).play(3);
    change(bench);
    // A clock that stood still is seen as that after some seconds.
    bench.play(8).stop();
    expect(bench.told).toEqual(['writing rec.mp4', 'finished rec.mp4', 'ended stopped']);
    expect(Math.abs(bench.finished[0]!.durationMs - 11_000 - seconds * 1000)).toBeLessThan(700);
  });

  test('segments begin with key frames and are numbered from the second on', () => {
    const bench = new Bench([H264], { segmentMs: 2000 }).play(5.2).stop();
    expect(bench.told).toEqual([
      'writing rec.mp4',
      'finished rec.mp4',
      'writing rec-2.mp4',
      'finished rec-2.mp4',
      'writing rec-3.mp4',
      'finished rec-3.mp4',
      'ended stopped',
    ]);
    const total = bench.finished.reduce((sum, { durationMs }) => sum + durationMs, 0);
    expect(total).toBe(5200);
  });

  test('other parameter sets stay in the file, which then says so', () => {
    const bench = new Bench([H264]).play(1);
    bench.sps = SPS_1080;
    bench.play(1).stop();
    expect(bench.told).toEqual(['writing rec.mp4', 'finished rec.mp4', 'ended stopped']);
    expect(bench.finished[0]!.durationMs).toBe(2000);
  });

  test('sound that begins later gets a new file', () => {
    const bench = new Bench([H264]).play(2);
    bench.sound = 'alaw';
    bench.play(2).stop();
    expect(bench.told.slice(0, 3)).toEqual(['writing rec.mp4', 'finished rec.mp4', 'writing rec-2.mp4']);
  });

  test('sound alone', () => {
    const bench = new Bench([OPUS]);
    bench.sound = 'opus';
    bench.play(2).stop();
    expect(bench.told).toEqual(['writing rec.webm', 'finished rec.webm', 'ended stopped']);
    expect(bench.finished[0]!.durationMs).toBe(2000);
  });

  test.each([
    { name: 'no key frame', tracks: [H264], play: (bench: Bench) => bench.frame(false), failure: 'no_key_frame' },
    { name: 'nothing at all', tracks: [H264], play: () => undefined, failure: 'no_key_frame' },
  ])('not begun: $name within the limit', ({ tracks, play, failure }) => {
    const bench = new Bench(tracks);
    play(bench);
    bench.recording.tick(bench.nowMs + START_MS);
    expect(bench.told).toEqual([`not begun ${failure}`]);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('not begun: codecs that files do not get', () => {
    const bench = new Bench([{ ...H264, encoding: 'MP4V-ES' }]);
    expect(bench.told).toEqual(['not begun codec_unsupported']);
  });

  test.each([
    { code: 'ENOSPC', reason: 'disk_full' },
    { code: 'EIO', reason: 'write_failed' },
  ])('$code ends the recording with what fits, readable', ({ code, reason }) => {
    const bench = new Bench([H264]).play(3);
    disk.leftBytes = 700;
    disk.code = code;
    bench.play(3);
    expect(bench.told).toEqual(['writing rec.mp4', 'finished rec.mp4', `ended ${reason}`]);
    const path = join(folder, 'rec.mp4');
    expect(statSync(path).size).toBe(bench.finished[0]!.bytes);
    disk.leftBytes = Number.POSITIVE_INFINITY;
    expect(repairFile(path)).toMatchObject({ durationMs: 1920 });
  });

  test('a disk that is full at the begin keeps no file and no descriptor', () => {
    const before = readdirSync('/proc/self/fd').length;
    disk.leftBytes = 0;
    expect(new Bench([H264]).play(0.2).told).toEqual(['not begun disk_full']);
    expect(readdirSync(folder)).toEqual([]);
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });

  test('a directory that is gone', () => {
    rmSync(folder, { recursive: true });
    const bench = new Bench([H264]);
    bench.play(0.2);
    expect(bench.told).toEqual(['not begun write_failed']);
  });

  test('packets that were left out before the thread are counted', () => {
    const bench = new Bench([H264]).play(1);
    bench.recording.skip(40);
    bench.loseVideo(40);
    bench.play(1).stop();
    expect(bench.finished[0]!.packetsLost).toBe(40);
  });

  test('what is no frame of RTSP, no RTP, no RTCP is left out', () => {
    const bench = new Bench([H264, PCMA]).play(1);
    for (const bytes of ['', '24', '2400ffff00', 'aa', '24000000', '24010004deadbeef', '2402000480080001']) {
      bench.recording.push(Buffer.from(bytes, 'hex'), bench.nowMs);
    }
    bench.play(1).stop();
    expect(bench.finished[0]!.durationMs).toBe(2000);
  });
});
