import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, PagePlayer } from '../support/chromium.ts';
import { freePort, type GatewayProcess } from '../support/gateway-process.ts';
import { PagePublisher } from '../support/page-publisher.ts';
import { Scene, channelsKnown, eventually, streamOf } from '../support/scene.ts';
import { connectionsOf } from '../support/tcp-connections.ts';

let browser: Browser;
let scene: Scene;
let first: GatewayProcess;
let second: GatewayProcess;
let rtspPort: number;

beforeAll(async () => {
  scene = new Scene();
  rtspPort = await freePort();
  const stream = { 'idle-timeout': '500ms' };
  const rtsp = { port: rtspPort, host: '127.0.0.1', auth: { enable: false } };
  [browser, first, second] = await Promise.all([
    launchChromium({ fakeDevices: true }),
    scene.gateway({ config: { rtsp, stream } }),
    scene.gateway({ config: { stream }, pull: [{ ip: '127.0.0.1', port: rtspPort }] }),
  ]);
});

afterAll(async () => {
  await browser.close();
  await scene[Symbol.asyncDispose]();
});

async function exchange(base: string, kind: 'whip' | 'whep', stream: string, offer: string): Promise<string> {
  const response = await fetch(`${base}/rtc/v1/${kind}/?stream=${stream}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/sdp' },
    body: offer,
  });
  const text = await response.text();
  expect([response.status, text]).toEqual([201, expect.stringContaining('v=0')]);
  return text;
}

async function publish(name: string, codec: string): Promise<PagePublisher> {
  const page = await PagePublisher.create(browser, `${first.base}/healthz`);
  await page.answer(await exchange(first.base, 'whip', name, await page.offer({ codec: `video/${codec}` })));
  await eventually('connection', async () => ((await page.connectionState()) === 'connected' ? true : undefined));
  return page;
}

async function play(name: string): Promise<PagePlayer> {
  const page = await PagePlayer.create(browser);
  await page.answer(await exchange(second.base, 'whep', name, await page.offer()));
  return page;
}

/** So many more frames than now are shown. */
async function shows(page: PagePlayer, frames = 30): Promise<void> {
  const before = (await page.state()).framesShown;
  const more = async () => ((await page.state()).framesShown >= before + frames ? true : undefined);
  await eventually(`${frames} frames`, more, 20_000);
}

const none = async (): Promise<void> => {
  await eventually('no connection', () => (connectionsOf(rtspPort) === 0 ? true : undefined), 20_000);
};

describe.each(['VP8', 'H264'])('a page publishes %s and Opus on one gateway', (codec) => {
  test('two pages play it on the other, before and after the publisher has come again', async () => {
    const name = `desk-${codec}`;
    const publisher = await publish(name, codec);
    const players = [await play(name), await play(name)];
    for (const player of players) await shows(player);
    expect(await players[0]?.state()).toMatchObject({ connectionState: 'connected', width: 640, height: 480 });
    expect(await players[0]?.loudness()).toBeGreaterThan(0.01);
    expect(connectionsOf(rtspPort)).toBe(1);
    await publisher.close();
    const again = await publish(name, codec);
    for (const player of players) await shows(player);
    expect(await players[0]?.loudness()).toBeGreaterThan(0.01);
    for (const player of players) await player.close();
    await none();
    await again.close();
  });
});

test.each(['tcp', 'udp'])('a camera by its RTSP URL over %s', async (transport) => {
  const camera = await scene.camera(first, {
    audio: true,
    id: transport === 'tcp' ? '34020000001320000001' : '34020000001320000002',
  });
  await channelsKnown(first, 1);
  const name = `gate-${transport}`;
  const url = `rtsp://127.0.0.1:${rtspPort}/live/${streamOf(camera)}`;
  await second.json('POST', '/api/v1/pulls', { name, url, transport });
  const player = await play(name);
  await shows(player);
  const { width, audioPackets } = await player.state();
  expect(width).toBeGreaterThan(0);
  expect(audioPackets).toBeGreaterThan(20);
  // Also when the connection is lost.
  const ended = await fetch(`${first.base}/api/v1/live-streams/live/${streamOf(camera)}`, { method: 'DELETE' });
  expect(ended.status).toBe(204);
  await shows(player);
  await player.close();
  await none();
});
