import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { requireTool } from '../support/requires.ts';
import { channelsKnown, Scene } from '../support/scene.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

/** Polls for long enough on a busy machine. */
const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 40_000 });

async function openConsole(scene: Scene, url: string): Promise<Page> {
  const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  scene.keep(page, async () => {
    await context.close();
    expect(problems).toEqual([]);
  });
  await page.goto(url);
  return page;
}

const DEVICE = '34020000001320000001';
const activeKinds = async (gateway: GatewayProcess): Promise<string[]> => {
  const path = `/api/v1/devices/${DEVICE}/subscriptions`;
  const { items } = await gateway.json<{ items: Array<{ kind: string; state: string }> }>('GET', path);
  return items.filter(({ state }) => state === 'active').map(({ kind }) => kind);
};

test('alarms arrive live with a picture, are counted in the navigation, acknowledged, and lead to the live view', async () => {
  requireTool('ffmpeg');
  await using scene = new Scene();
  const gateway = await scene.gateway({ config: { alarms: { snapshot: true } } });
  const camera = await scene.camera(gateway);
  await channelsKnown(gateway, 1);
  await eventually(() => activeKinds(gateway)).toContain('alarm');
  const page = await openConsole(scene, `${gateway.base}/alarms`);
  await page.getByTestId('alarms-empty').waitFor();
  const [channelId = ''] = camera.channelIds();
  await camera.alarm(channelId, { priority: 1, type: 5, description: 'north fence' });
  const first = page.getByTestId('alarm-1');
  await first.waitFor();
  expect(await first.textContent()).toContain('Line crossed');
  expect(await first.textContent()).toContain('north fence');
  expect(await page.getByTestId('badge-alarms').textContent()).toBe('1');
  // On a phone the page is behind “More”, what waits there is not.
  const size = page.viewportSize();
  await page.setViewportSize({ width: 390, height: 844 });
  await eventually(() => page.getByTestId('badge-more').textContent()).toBe('1');
  await page.setViewportSize(size ?? { width: 1280, height: 800 });
  // Without a reload: the picture comes when it is taken.
  const picture = page.getByTestId('alarm-picture-1').locator('img');
  await eventually(() =>
    picture.evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth).catch(() => 0),
  ).toBeGreaterThan(300);
  await camera.alarm(channelId, { priority: 4, method: 2, type: 0 });
  await page.getByTestId('alarm-2').waitFor();
  await page.getByTestId('acknowledge-1').click();
  await eventually(() => first.getAttribute('data-open').catch(() => 'gone')).not.toBe('true');
  await eventually(() => page.getByTestId('badge-alarms').textContent()).toBe('1');
  // Gone from the open ones, and known by whom among all.
  await page.getByTestId('alarms-all').click();
  await eventually(() => first.textContent().catch(() => '')).toContain('anonymous');
  await page.getByTestId('alarm-live-2').click();
  await page.waitForURL('**/live');
  await eventually(() =>
    page
      .locator('video')
      .first()
      .evaluate((video) => (video as unknown as { videoWidth: number }).videoWidth)
      .catch(() => 0),
  ).toBeGreaterThan(0);
});

test('the map shows a moving camera without internet, its track, and its picture', async () => {
  await using scene = new Scene();
  const subscriptions = { 'mobile-position': true, 'position-interval': '1s' };
  const gateway = await scene.gateway({ config: { gb28181: { subscriptions } } });
  const camera = await scene.camera(gateway, { place: { longitude: 118.38, latitude: 31.33 }, moving: true });
  await channelsKnown(gateway, 1);
  await eventually(() => activeKinds(gateway)).toContain('mobilePosition');
  const page = await openConsole(scene, `${gateway.base}/map`);
  const requested: string[] = [];
  page.on('request', (request) => requested.push(new URL(request.url()).host));
  const [channelId = ''] = camera.channelIds();
  const marker = page.getByTestId(`marker-${channelId}`);
  await marker.waitFor();
  const seen = new Set<string>();
  await eventually(async () => seen.add((await marker.getAttribute('data-longitude')) ?? '').size).toBeGreaterThan(2);
  await marker.click();
  await page.getByTestId('map-panel').waitFor();
  await page.getByTestId('map-track').click();
  await eventually(
    async () =>
      (
        await page
          .getByTestId('track')
          .getAttribute('points')
          .catch(() => '')
      )?.split(' ').length ?? 0,
  ).toBeGreaterThan(2);
  expect(new Set(requested)).toEqual(new Set([new URL(gateway.base).host]));
  await page.getByTestId('map-live').click();
  await page.waitForURL('**/live');
});
