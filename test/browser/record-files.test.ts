import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createMediaThreads, type MediaThreads } from '../../src/media/index.ts';
import { createRecordThreads, type RecordingWriter, type RecordThreads } from '../../src/record/index.ts';
import { createStreams, type Streams } from '../../src/stream/index.ts';
import { silentLogger } from '../../src/util/index.ts';
import { createWebRtc, type WebRtc } from '../../src/webrtc/index.ts';
import { launchChromium } from '../support/chromium.ts';
import { decodeErrors, probeFile } from '../support/media-file.ts';
import { playFile } from '../support/page-file.ts';
import { PagePublisher } from '../support/page-publisher.ts';
import { FfmpegSource, SOURCES } from '../support/rtp-tap.ts';
import { scriptedParts } from '../support/stream-fakes.ts';

const RECORD_MS = 5000;

let folder: string;
let browser: Browser;
let threads: RecordThreads;
let media: MediaThreads;
let webrtc: WebRtc;
let streams: Streams;
let server: Server;
let base: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gbrtc-record-'));
  threads = createRecordThreads({ threads: 1 }, silentLogger);
  server = createServer((_req, res) => res.setHeader('Content-Type', 'text/html').end('<title>publisher</title>'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const listenAddress = '127.0.0.1';
  const ports = { portMin: 47_000, portMax: 47_100, quarantineMs: 0, mode: 'ports', singlePort: 0 } as const;
  const announced = { announcedAddresses: [listenAddress], feedGraceMs: 100, viewersPerWorker: 100 };
  [browser, media, webrtc] = await Promise.all([
    launchChromium({ fakeDevices: true }),
    createMediaThreads({ threads: 1, listenAddress, ...ports, reorderMs: 50, receiveBufferBytes: 0 }, silentLogger),
    createWebRtc({ workers: 1, listenAddress, basePort: 0, ...announced }, silentLogger),
  ]);
  streams = createStreams(
    { idleTimeoutMs: 1000, firstPacketTimeoutMs: 5000, silenceTimeoutMs: 5000 },
    { platform: scriptedParts().platform, media, webrtc, log: silentLogger },
  );
});

afterAll(async () => {
  await threads.close();
  await streams.shutdown();
  await webrtc.close();
  await media.close();
  await browser.close();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The finished file decodes in FFmpeg and plays in Chromium, picture and sound. */
async function expectGoodFile(writer: RecordingWriter, sentMs: number, codecs: readonly string[]): Promise<void> {
  const [file] = writer.files;
  const path = join(folder, file!.fileName);
  const probed = await probeFile(path);
  expect(probed.codecs).toEqual(codecs);
  expect(Math.abs(probed.durationMs - sentMs)).toBeLessThan(1000);
  expect(await decodeErrors(path)).toBe('');
  const played = await playFile(browser, path);
  expect(played).toMatchObject({ error: '', ended: true });
  expect(Math.abs(played.durationSec * 1000 - probed.durationMs)).toBeLessThan(50);
  expect(played.framesAtOneSecond).toBeGreaterThan(5);
  expect(played.framesAtEnd).toBeGreaterThan(played.framesAtOneSecond + 5);
  expect(played.seekedSec).toBeCloseTo((played.durationSec * 2) / 3, 1);
  if (codecs.length > 1) expect(played.soundBytesAtOneSecond).toBeGreaterThan(500);
}

describe("recordings of a page's camera and microphone", () => {
  test.each(['VP8', 'VP9', 'AV1', 'H264'])('%s and Opus', async (codec) => {
    const page = await PagePublisher.create(browser, base);
    const offer = await page.offer({ codec: `video/${codec}` });
    const request = { offer, remoteAddress: '127.0.0.1', userAgent: 'page' };
    const publication = await streams.publish(`rec-${codec.toLowerCase()}`, request);
    await page.answer(publication.answer);
    const tap = await streams.tap(`rec-${codec.toLowerCase()}`);
    const writer = await threads.open({ tap, directory: folder, baseName: codec });
    expect(writer.container).toBe(codec === 'H264' ? 'mp4' : 'webm');
    await delay(RECORD_MS);
    const sentMs = Date.now() - writer.files[0]!.startedAt;
    const ended = once(writer, 'ended');
    await writer.stop();
    expect((await ended)[0]).toBe('stopped');
    await expectGoodFile(writer, sentMs, [codec.toLowerCase(), 'opus']);
    expect(writer.files[0]!.packetsLost).toBe(0);
    await page.close();
  });
});

describe('other codecs', () => {
  const { h264, h264Reordered, opus, pcma, pcmu } = SOURCES;

  test.each([
    { name: 'H.264 and A-law', sources: [h264, pcma], codecs: ['h264', 'pcm_alaw'] },
    { name: 'H.264 and µ-law', sources: [h264, pcmu], codecs: ['h264', 'pcm_mulaw'] },
    { name: 'H.264 with B frames and Opus', sources: [h264Reordered, opus], codecs: ['h264', 'opus'] },
  ])('$name', async ({ name, sources, codecs }) => {
    await using source = await FfmpegSource.start(sources);
    const writer = await threads.open({ tap: source.tap, directory: folder, baseName: name.replaceAll(/\W/g, '') });
    await delay(RECORD_MS);
    const { sentMs } = source;
    await writer.stop();
    await expectGoodFile(writer, sentMs, codecs);
  });
});
