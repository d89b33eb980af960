import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { freePort } from '../support/gateway-process.ts';
import { channelsKnown, Scene, streamOf } from '../support/scene.ts';

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

test('an RTSP camera: added by its address, its failure told, played, removed', async () => {
  await using scene = new Scene();
  const rtspPort = await freePort();
  const auth = { enable: true, username: 'viewer', password: 'secret' };
  const source = await scene.gateway({ config: { rtsp: { port: rtspPort, auth } } });
  const camera = await scene.camera(source);
  await channelsKnown(source, 1);
  const gateway = await scene.gateway();
  const page = await openConsole(scene, `${gateway.base}/streams`);
  const id = (testid: string) => page.getByTestId(testid);
  const address = (password: string) => `rtsp://viewer:${password}@127.0.0.1:${rtspPort}/live/${streamOf(camera)}`;
  const add = async (name: string, password: string): Promise<void> => {
    await id('pull-open').click();
    await id('pull-url').fill(address(password));
    await page.keyboard.press('Tab');
    await eventually(() => id('pull-url').inputValue()).toBe(`rtsp://127.0.0.1:${rtspPort}/live/${streamOf(camera)}`);
    await eventually(() => id('pull-name').inputValue()).toBe(`127.0.0.1-${streamOf(camera)}`);
    await id('pull-name').fill(name);
    await eventually(() => id('pull-username').inputValue()).toBe('viewer');
    await eventually(() => id('pull-password').inputValue()).toBe(password);
    await id('pull-add').click();
  };

  await id('tab-pulls').click();
  await id('pulls-empty').waitFor();
  await add('yard', 'wrong');
  await id('pull-live/yard').getByTestId('pull-play').click();
  await page.locator('[data-testid=stream-player][data-phase=failed]').waitFor();
  await page.keyboard.press('Escape');
  await id('pull-failure').getByText('refuses the user name or the password').waitFor();
  await add('yard', 'secret');
  await id('pull-error').getByText('There is an RTSP camera with this name already.').waitFor();
  await page.keyboard.press('Escape');
  await id('pull-form').waitFor({ state: 'detached' });
  await id('pull-live/yard').getByTestId('pull-delete').click();
  await page.getByRole('button', { name: 'Remove' }).last().click();
  await id('pulls-empty').waitFor();

  await add('yard', 'secret');
  await id('pull-live/yard').getByTestId('pull-play').click();
  await eventually(() =>
    id('stream-player-video').evaluate(
      (video) =>
        (video as unknown as { getVideoPlaybackQuality(): { totalVideoFrames: number } }).getVideoPlaybackQuality()
          .totalVideoFrames,
    ),
  ).toBeGreaterThan(10);
  await eventually(() => id('pull-live/yard').getAttribute('data-state')).toBe('playing');
  await page.keyboard.press('Escape');
  await id('tab-streams').click();
  await id('kind-pull').click();
  await eventually(() => id('stream-live/yard').innerText()).toMatch(/yard[\s\S]*Pulled by RTSP[\s\S]*H\.264/);
});
