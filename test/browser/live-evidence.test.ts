import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import type { PlayRecord } from '../../src/stream/index.ts';
import { channelsKnown, Scene } from '../support/scene.ts';

const DEVICE = '34020000001320000001';
const CHANNEL = '34020000001310000001';
/** Widths of the virtual camera's streams. */
const [MAIN, SUB] = [1280, 640];

const within = { timeout: 40_000 };
let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

/** A console and a camera with these faults. */
async function openScene(scene: Scene, quirks: readonly string[], prepare?: (page: Page) => Promise<unknown>) {
  const gateway = await scene.gateway({ config: { media: { listen: '127.0.0.1', address: '127.0.0.1' } } });
  const camera = await scene.camera(gateway, { quirks });
  await channelsKnown(gateway, 1);
  const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1400, height: 950 } });
  scene.keep(context, (open) => open.close());
  const page = await context.newPage();
  await prepare?.(page);
  await page.goto(gateway.base);
  const entries = async () => {
    const { items } = await gateway.json<{ items: PlayRecord[] }>('GET', '/api/v1/plays');
    return items.flatMap(({ timeline }) => timeline);
  };
  return { gateway, camera, page, entries };
}

test.each([
  { name: 'the sub-stream is switched to and back', dialect: 'streamnumber', quirks: [], width: SUB },
  {
    name: 'a device that ignores the choice of the sub-stream is told of',
    dialect: 'streamprofile',
    quirks: ['no-sub-stream'],
    width: MAIN,
    notice: 'The device ignored the choice',
  },
  {
    name: 'a device that is not asked for its sub-stream is told of',
    dialect: 'none',
    quirks: [],
    width: MAIN,
    notice: 'this device was not asked',
  },
])('$name', async ({ dialect, quirks, width, notice }) => {
  await using scene = new Scene();
  const { gateway, camera, page } = await openScene(scene, quirks);
  await gateway.json('PATCH', `/api/v1/devices/${DEVICE}`, { subStreamDialect: dialect });
  const id = (testid: string) => page.getByTestId(testid);
  const picture = () => id('cell-0-video').evaluate((video) => (video as unknown as { videoWidth: number }).videoWidth);
  const switchStream = async () => {
    await id('cell-0').hover();
    await id('cell-0-stream').click();
  };
  const asked = () => camera.sessions.map(({ subStream }) => subStream).sort((a, b) => a - b);

  await id(`channel-${DEVICE}-${CHANNEL}`).click();
  await expect.poll(picture, within).toBe(MAIN);
  await switchStream();
  await expect.poll(() => id('cell-0').innerText(), within).toContain('Sub-stream');
  await expect.poll(asked, within).toEqual(dialect === 'none' ? [0, 0] : [0, 1]);
  await expect.poll(picture, within).toBe(width);
  await expect.poll(() => id('cell-0').getAttribute('data-phase'), within).toBe('playing');
  if (notice !== undefined) {
    await expect.poll(() => id('sub-stream-choice').innerText(), within).toContain(notice);
    return;
  }
  expect(await id('sub-stream-choice').count()).toBe(0);
  await switchStream();
  await expect.poll(picture, within).toBe(MAIN);
});

test('sound that browsers do not get is named in the timeline and at its button', async () => {
  await using scene = new Scene();
  const { page, entries } = await openScene(scene, ['aac']);
  await page.getByTestId(`channel-${DEVICE}-${CHANNEL}`).click();
  const sound = () => page.getByTestId('cell-0-mute').getAttribute('aria-label');
  await expect.poll(sound, within).toContain('No sound: the camera sends AAC');
  expect(await page.getByTestId('cell-0-mute').isDisabled()).toBe(true);
  const told = (await entries()).filter(({ stage }) => stage === 'audio').map(({ detail }) => detail);
  expect(told).toEqual([expect.stringContaining('codec_unsupported: the camera sends AAC')]);
});

/** As in a browser that decodes nothing of what it gets. */
const DECODES_NOTHING = `{
  RTCPeerConnection.prototype.getStats = async () => new Map();
  HTMLVideoElement.prototype.requestVideoFrameCallback = () => 0;
}`;

test('a browser that shows no frame is told of in the timeline, too', async () => {
  await using scene = new Scene();
  const { page, entries } = await openScene(scene, [], (blank) => blank.addInitScript(DECODES_NOTHING));
  await page.getByTestId(`channel-${DEVICE}-${CHANNEL}`).click();
  await expect.poll(() => page.getByTestId('cell-0-error').getAttribute('data-code'), within).toBe('no_browser_frame');
  // The console tries again; on a busy machine the gateway's time may be up with a later try.
  const told = async () =>
    (await entries()).filter(({ stage, viewerId }) => stage === 'failed' && viewerId !== undefined);
  await expect
    .poll(told, within)
    .toContainEqual(expect.objectContaining({ detail: expect.stringContaining('no_browser_frame') as string }));
});
