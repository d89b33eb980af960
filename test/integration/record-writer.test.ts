import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createRecordThreads, type RecordThreads } from '../../src/record/index.ts';
import { silentLogger } from '../../src/util/index.ts';
import { decodeErrors, probeFile } from '../support/media-file.ts';
import { requireTool } from '../support/requires.ts';
import { FfmpegSource, SOURCES } from '../support/rtp-tap.ts';

const RECORD_PROCESS = new URL('../support/record-process.ts', import.meta.url);
const { h264, h264Reordered, vp8, vp9, opus, pcma, pcmu } = SOURCES;

let folder: string;
let threads: RecordThreads;
beforeAll(() => {
  threads = createRecordThreads({ threads: 1 }, silentLogger);
});
afterAll(async () => threads.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gbrtc-record-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe.runIf(requireTool('ffmpeg'))('recordings of what FFmpeg sends', () => {
  test.each([
    { name: 'H.264 and A-law', sources: [h264, pcma], container: 'mp4', codecs: ['h264', 'pcm_alaw'] },
    {
      name: 'H.264 with B frames and Opus',
      sources: [h264Reordered, opus],
      container: 'mp4',
      codecs: ['h264', 'opus'],
    },
    { name: 'H.264 and µ-law', sources: [h264, pcmu], container: 'mp4', codecs: ['h264', 'pcm_mulaw'] },
    { name: 'VP8 and Opus', sources: [vp8, opus], container: 'webm', codecs: ['vp8', 'opus'] },
    { name: 'VP9 and Opus', sources: [vp9, opus], container: 'webm', codecs: ['vp9', 'opus'] },
    { name: 'VP8 and A-law, which WebM has not', sources: [vp8, pcma], container: 'mp4', codecs: ['vp8', 'pcm_alaw'] },
    { name: 'H.264 alone', sources: [h264], container: 'mp4', codecs: ['h264'] },
    { name: 'A-law alone', sources: [pcma], container: 'mp4', codecs: ['pcm_alaw'] },
    { name: 'Opus alone', sources: [opus], container: 'webm', codecs: ['opus'] },
  ])('$name', async ({ sources, container, codecs }) => {
    await using source = await FfmpegSource.start(sources);
    const writer = await threads.open({ tap: source.tap, directory: folder, baseName: 'rec' });
    await delay(3500);
    // The writer was there before FFmpeg: all of it is in the file.
    const { sentMs } = source;
    await writer.stop();
    const [file] = writer.files;
    expect(file).toMatchObject({ state: 'finished', packetsLost: 0 });
    const path = join(folder, file!.fileName);
    const probed = await probeFile(path);
    expect(probed).toMatchObject({ container, codecs });
    expect(Math.abs(probed.durationMs - sentMs)).toBeLessThan(1000);
    expect(Math.abs(probed.durationMs - file!.durationMs)).toBeLessThan(50);
    expect(await decodeErrors(path)).toBe('');
  });

  test.each([
    { name: 'MP4', sources: [h264, pcma], codecs: ['h264', 'pcm_alaw'] },
    { name: 'WebM', sources: [vp8, opus], codecs: ['vp8', 'opus'] },
  ])('$name: a kill -9 in the middle leaves a file that reads and is completed later', async ({ sources, codecs }) => {
    const child = fork(RECORD_PROCESS, [folder, JSON.stringify(sources)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const [{ ffmpegPid, fileName }] = (await once(child, 'message')) as [{ ffmpegPid: number; fileName: string }];
    const began = performance.now();
    await delay(4000);
    child.kill('SIGKILL');
    const wallMs = performance.now() - began;
    await once(child, 'exit');
    process.kill(ffmpegPid, 'SIGKILL');
    const path = join(folder, fileName);
    const left = await probeFile(path);
    expect(left.codecs).toEqual(codecs);
    expect(left.durationMs).toBeGreaterThan(wallMs - 2000);
    expect(left.durationMs).toBeLessThan(wallMs + 1000);
    expect(await decodeErrors(path)).toBe('');
    const repaired = await threads.repair(path);
    const completed = await probeFile(path);
    expect(Math.abs(completed.durationMs - left.durationMs)).toBeLessThan(100);
    expect(Math.abs(completed.durationMs - repaired.durationMs)).toBeLessThan(2);
    expect(completed.packets[codecs[0]!]).toBe(left.packets[codecs[0]!]);
    expect(await decodeErrors(path)).toBe('');
  });

  test('segments decode each for itself and together have all frames', async () => {
    await using source = await FfmpegSource.start([h264, pcma]);
    const writer = await threads.open({ tap: source.tap, directory: folder, baseName: 'seg', segmentMs: 2000 });
    await delay(5000);
    await writer.stop();
    const probed = await Promise.all(writer.files.map(({ fileName }) => probeFile(join(folder, fileName))));
    expect(writer.files.map(({ fileName }) => fileName)).toEqual(['seg.mp4', 'seg-2.mp4', 'seg-3.mp4']);
    for (const { fileName } of writer.files) expect(await decodeErrors(join(folder, fileName))).toBe('');
    for (const { durationMs } of probed.slice(0, 2)) expect(Math.abs(durationMs - 2000)).toBeLessThan(60);
  });
});
