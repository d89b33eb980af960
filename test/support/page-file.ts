import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';

/** What a `<video>` made of a file. */
export interface PlayedFile {
  readonly durationSec: number;
  readonly framesAtOneSecond: number;
  readonly soundBytesAtOneSecond: number;
  /** After a seek to two thirds and on to the end. */
  readonly seekedSec: number;
  readonly ended: boolean;
  readonly framesAtEnd: number;
  readonly error: string;
}

/** Serves one file with ranges and plays it: the start, then from two thirds to the end. */
export async function playFile(browser: Browser, path: string): Promise<PlayedFile> {
  const type = path.endsWith('.webm') ? 'video/webm' : 'video/mp4';
  const server = createServer((request, response) => {
    if (request.url !== '/file') return void response.setHeader('Content-Type', 'text/html').end('<title>file</title>');
    const { size } = statSync(path);
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const start = Number(range?.[1] ?? 0);
    const end = Math.min(size - 1, range?.[2] ? Number(range[2]) : size - 1);
    response.writeHead(range ? 206 : 200, {
      'Content-Type': type,
      'Accept-Ranges': 'bytes',
      'Content-Length': end - start + 1,
      ...(range ? { 'Content-Range': `bytes ${start}-${end}/${size}` } : {}),
    });
    return void createReadStream(path, { start, end }).pipe(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const page = await browser.newPage();
  try {
    await page.goto(`${base}/`);
    return await page.evaluate<PlayedFile>(`(${PAGE_FUNCTION})(${JSON.stringify(`${base}/file`)})`);
  } finally {
    await page.close();
    server.closeAllConnections();
    server.close();
  }
}

const PAGE_FUNCTION = `async (url) => {
  const video = document.createElement('video');
  document.body.append(video);
  const until = async (condition, ms) => {
    const end = performance.now() + ms;
    while (!video.error && !condition() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  const frames = () => video.getVideoPlaybackQuality().totalVideoFrames;
  video.src = url;
  video.play().catch(() => undefined);
  await until(() => video.currentTime >= 1, 15000);
  const result = {
    durationSec: video.duration,
    framesAtOneSecond: frames(),
    soundBytesAtOneSecond: video.webkitAudioDecodedByteCount,
  };
  video.currentTime = (video.duration * 2) / 3;
  await until(() => !video.seeking, 10000);
  result.seekedSec = video.currentTime;
  await until(() => video.ended, 20000);
  return { ...result, ended: video.ended, framesAtEnd: frames(), error: video.error?.message ?? '' };
}`;
