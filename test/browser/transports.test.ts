import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Browser } from 'playwright-core';
import { launchChromium } from '../support/chromium.ts';
import { GatewayPlayer } from '../support/page-player.ts';
import { freePort } from '../support/gateway-process.ts';
import { Scene, channelsKnown, eventually, streamOf } from '../support/scene.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});

afterAll(async () => {
  await browser.close();
});

const cases = [
  { name: 'TCP, the camera connects', only: ['tcp-passive'], config: {}, transport: 'tcp-passive' },
  { name: 'UDP', only: ['udp'], config: {}, transport: 'udp' },
  { name: 'TCP, the gateway connects', only: ['tcp-active'], config: {}, transport: 'tcp-active' },
  { name: 'single port over TCP', only: ['tcp-passive'], config: { mode: 'single' }, transport: 'tcp-passive' },
  { name: 'single port over UDP', only: ['udp'], config: { mode: 'single' }, transport: 'udp' },
] as const;

describe('a camera plays in Chromium', () => {
  test.each(cases)('$name', async ({ only, config, transport }) => {
    await using scene = new Scene();
    const media = 'mode' in config ? { ingest: { ...config, port: await freePort() } } : {};
    const gateway = await scene.gateway({
      config: { media: { listen: '127.0.0.1', address: '127.0.0.1', ...media } },
    });
    const camera = await scene.camera(gateway, { only: [...only] });
    const player = scene.keep(await GatewayPlayer.open(browser, gateway.base), (page) => page.close());
    await channelsKnown(gateway, 1);
    const stream = streamOf(camera);
    await player.play({ stream });
    await player.waitFrames(20);
    const statistics = await player.statistics();
    expect(statistics).toMatchObject({ width: 1280, height: 720, connectionState: 'connected' });
    await eventually('sound', async () => ((await player.statistics()).audioPackets > 20 ? true : undefined));
    const pictures = [await player.nextPicture(), await player.nextPicture(), await player.nextPicture()];
    const frames = pictures.map(({ frame }) => frame);
    expect(frames.every((frame) => frame !== undefined)).toBe(true);
    expect(new Set(frames).size).toBeGreaterThan(1);
    expect(camera.sessions[0]?.transport).toBe(transport);
  });
});
