import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { freePort, type GatewayProcess } from '../support/gateway-process.ts';
import { PagePublisher } from '../support/page-publisher.ts';
import { requireTool } from '../support/requires.ts';
import { readWithFfmpeg, readWithGstreamer } from '../support/rtsp-readers.ts';
import { eventually, Scene } from '../support/scene.ts';

const HAS_GSTREAMER = requireTool('gst-launch-1.0');
const SECONDS = 3;

let browser: Browser;
let scene: Scene;
let gateway: GatewayProcess;
let port: number;

beforeAll(async () => {
  scene = new Scene();
  port = await freePort();
  const rtsp = { port, host: '127.0.0.1', auth: { enable: false } };
  [browser, gateway] = await Promise.all([launchChromium({ fakeDevices: true }), scene.gateway({ config: { rtsp } })]);
});

afterAll(async () => {
  await browser.close();
  await scene[Symbol.asyncDispose]();
});

async function publish(name: string, codec: string): Promise<PagePublisher> {
  const page = await PagePublisher.create(browser, `${gateway.base}/healthz`);
  const response = await fetch(`${gateway.base}/rtc/v1/whip/?stream=${name}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/sdp' },
    body: await page.offer({ codec: `video/${codec}` }),
  });
  expect(response.status).toBe(201);
  await page.answer(await response.text());
  await eventually('connection', async () => ((await page.connectionState()) === 'connected' ? true : undefined));
  return page;
}

const url = (name: string): string => `rtsp://127.0.0.1:${port}/live/${name}`;

describe.each(['VP8', 'H264', 'VP9'])('a page publishes %s and Opus', (codec) => {
  let page: PagePublisher;
  const name = `desk-${codec}`;
  const decoded = codec.toLowerCase();

  beforeAll(async () => {
    page = await publish(name, codec);
  });
  afterAll(async () => page.close());

  test.each(['tcp', 'udp'] as const)('FFmpeg reads it over %s', async (transport) => {
    const seen = await readWithFfmpeg(url(name), transport, SECONDS);
    expect(seen).toMatchObject({ code: 0, errors: '', codecs: [decoded, 'opus'], width: 640 });
    expect(seen.frames[decoded]).toBeGreaterThan(SECONDS * 10);
    expect(seen.frames['opus']).toBeGreaterThan(SECONDS * 25);
  });

  test.runIf(HAS_GSTREAMER).each(['tcp', 'udp'] as const)('GStreamer reads it over %s', async (transport) => {
    expect(await readWithGstreamer(url(name), transport, { video: 40, audio: 60 })).toMatchObject({ code: 0 });
  });
});
