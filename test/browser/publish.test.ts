import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { GatewayPlayer } from '../support/page-player.ts';
import { channelsKnown, Scene, streamOf } from '../support/scene.ts';

const HOST = 'gateway.test';

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium({ fakeDevices: true, args: [`--host-resolver-rules=MAP ${HOST} 127.0.0.1`] });
});
afterAll(() => browser.close());

/** As behind a firewall that lets no media through: the browser learns of no address to send to. */
const WITHOUT_CANDIDATES = `{
  const accept = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function ({ type, sdp }) {
    return accept.call(this, { type, sdp: sdp.replaceAll(/a=candidate:.*\\r\\n/g, '') });
  };
}`;

/** Polls for long enough on a busy machine. */
const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 40_000 });

/** A page of the console whose script errors fail the test at its end. */
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

/** Publishes the fake camera and microphone under a name, through the page. */
async function publish(scene: Scene, { base }: GatewayProcess, name: string): Promise<Page> {
  const page = await openConsole(scene, `${base}/publish`);
  await page.getByTestId('publish-name').fill(name);
  await page.getByTestId('publish-start').click();
  await page.locator('[data-testid=publish-phase][data-phase=live]').waitFor();
  return page;
}

const framesOf = (page: Page, testid: string) =>
  page
    .getByTestId(testid)
    .evaluate(
      (video) =>
        (video as unknown as { getVideoPlaybackQuality(): { totalVideoFrames: number } }).getVideoPlaybackQuality()
          .totalVideoFrames,
    );

const streamNames = async (gateway: GatewayProcess) => {
  const { items } = await gateway.json<{ items: { name: string }[] }>('GET', '/api/v1/live-streams');
  return items.map(({ name }) => name);
};

describe('publish page', () => {
  test('publishes; a player decodes picture and sound; mute, stop', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway();
    const page = await publish(scene, gateway, 'room/desk');
    const id = (testid: string) => page.getByTestId(testid);
    await eventually(() => id('sending-resolution').textContent()).toMatch(/^\d+ × \d+, \d+ fps$/);
    await eventually(() => id('sending-bitrate').textContent()).toMatch(/^[1-9]\d* [kM]bit\/s$|^\d+\.\d Mbit\/s$/);
    await eventually(() => id('address-whep').textContent()).toBe(`${gateway.base}/rtc/v1/whep/?app=room&stream=desk`);

    const watching = await openConsole(scene, `${gateway.base}/streams?play=room/desk`);
    await eventually(() => framesOf(watching, 'stream-player-video')).toBeGreaterThan(10);
    await eventually(() => id('sending-viewers').textContent()).toBe('1');
    await id('mute-audio').click();
    await id('mute-video').click();
    const enabled = () =>
      page.evaluate<boolean[]>('document.querySelector("video").srcObject.getTracks().map(({ enabled }) => enabled)');
    expect(await enabled()).toEqual([false]);
    await id('publish-preview').getByText('viewers see black').waitFor();
    await id('mute-video').click();
    expect(await enabled()).toEqual([true]);

    await id('publish-stop').click();
    await id('publish-form').waitFor();
    await eventually(() => streamNames(gateway)).toEqual([]);
    await watching.locator('[data-code=stream_unknown]').waitFor();
  });

  test.each(['screen', 'microphone'])('the %s', async (source) => {
    await using scene = new Scene();
    const gateway = await scene.gateway();
    const page = await openConsole(scene, `${gateway.base}/publish`);
    const id = (testid: string) => page.getByTestId(testid);
    await id(`source-${source}`).click();
    await id('publish-name').fill('desk');
    await id('publish-start').click();
    await page.locator('[data-testid=publish-phase][data-phase=live]').waitFor();
    const watching = await openConsole(scene, `${gateway.base}/streams?play=live/desk`);
    await watching.locator('[data-testid=stream-player][data-phase=playing]').waitFor();
    const { items } = await gateway.json<{ items: Record<string, unknown>[] }>('GET', '/api/v1/live-streams');
    expect(items).toMatchObject([{ name: 'live/desk', audio: { codec: 'opus' } }]);
    if (source === 'screen') {
      await eventually(() => framesOf(watching, 'stream-player-video')).toBeGreaterThan(3);
      expect(items[0]).toHaveProperty('video');
    } else {
      await watching.getByTestId('cell-held').getByText('Sound only').waitFor();
      expect(items[0]).not.toHaveProperty('video');
    }
  });

  test('codec and bitrate limit as chosen; another player hears it', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway();
    const page = await openConsole(scene, `${gateway.base}/publish`);
    await page.getByTestId('publish-name').fill('desk');
    await page.getByTestId('choose-codec').selectOption('video/vp9');
    await page.getByTestId('choose-limit').selectOption('500000');
    await page.getByTestId('publish-start').click();
    await eventually(() => page.getByTestId('sending-codecs').textContent()).toBe('VP9 + opus');
    const player = scene.keep(await GatewayPlayer.open(browser, gateway.base), (open) => open.close());
    await player.play({ stream: 'desk' });
    await player.waitFrames(15);
    expect((await player.statistics()).audioPackets).toBeGreaterThan(0);
    const { items } = await gateway.json<{ items: unknown[] }>('GET', '/api/v1/live-streams');
    expect(items).toMatchObject([
      { name: 'live/desk', kind: 'webrtc', video: { codec: 'vp9' }, audio: { codec: 'opus' } },
    ]);
  });

  test('a name that is live: told before, taken over after a question, and the first publisher is told', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway();
    const first = await publish(scene, gateway, 'desk');
    const second = await openConsole(scene, `${gateway.base}/publish`);
    await second.getByTestId('publish-name').fill('my desk');
    await second.getByText('A name has no spaces').waitFor();
    await eventually(() => second.getByTestId('publish-start').isDisabled()).toBe(true);
    await second.getByTestId('publish-name').fill('desk');
    await second.getByText('Publishing takes it over').waitFor();
    await second.getByTestId('publish-start').click();
    await second.getByRole('button', { name: 'Cancel' }).click();
    await first.locator('[data-phase=live]').waitFor();
    await second.getByTestId('publish-start').click();
    await second.getByRole('button', { name: 'Take over' }).click();
    await second.locator('[data-phase=live]').waitFor();
    await first.locator('[data-testid=publish-error][data-code=replaced]').waitFor();
    expect(await streamNames(gateway)).toEqual(['live/desk']);
  });

  test('pms.republish refuse: the page says so before and after', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway({ config: { pms: { republish: 'refuse' } } });
    await publish(scene, gateway, 'desk');
    const second = await openConsole(scene, `${gateway.base}/publish`);
    await second.getByTestId('publish-name').fill('desk');
    await second.getByText('Choose another one.').waitFor();
    await eventually(() => second.getByTestId('publish-start').isDisabled()).toBe(true);
  });

  test('leaving asks, and ends the stream', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway();
    const page = await publish(scene, gateway, 'desk');
    await page.getByTestId('nav-live').click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.locator('[data-phase=live]').waitFor();
    expect(await streamNames(gateway)).toEqual(['live/desk']);
    await page.getByTestId('nav-live').click();
    await page.getByRole('button', { name: 'Stop and leave' }).click();
    await page.getByTestId('video-grid').waitFor();
    await eventually(() => streamNames(gateway)).toEqual([]);
  });

  test('says what is wrong: insecure address, refused permission, no way for media', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway();
    const insecure = await openConsole(scene, `http://${HOST}:${gateway.httpPort}/publish`);
    await insecure.locator('[data-testid=capture-problem][data-code=insecure]').waitFor();
    await eventually(() => insecure.getByTestId('publish-start').isDisabled()).toBe(true);

    const strict = await launchChromium({ args: ['--use-fake-device-for-media-stream', '--deny-permission-prompts'] });
    scene.keep(strict, (open) => open.close());
    const denied = await strict.newPage({ locale: 'en-GB' });
    await denied.goto(`${gateway.base}/publish`);
    await denied.getByTestId('capture-open').click();
    await denied.locator('[data-testid=capture-problem][data-code=denied]').waitFor();

    const page = await openConsole(scene, `${gateway.base}/publish`);
    await page.evaluate(WITHOUT_CANDIDATES);
    await page.getByTestId('publish-start').click();
    await page.locator('[data-testid=publish-error][data-code=ice_failed]').waitFor({ timeout: 30_000 });
    await eventually(() => streamNames(gateway)).toEqual([]);
  });
});

describe('streams page', () => {
  test('lists a camera and a publication, plays both, holds sound back, ends the publication', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway();
    const camera = await scene.camera(gateway);
    await channelsKnown(gateway, 1);
    const publisher = await publish(scene, gateway, 'desk');
    const watcher = scene.keep(await GatewayPlayer.open(browser, gateway.base), (open) => open.close());
    await watcher.play({ stream: streamOf(camera) });

    const page = await openConsole(scene, `${gateway.base}/streams`);
    const row = (name: string) => page.getByTestId(`stream-live/${name}`);
    await row('desk').waitFor();
    await eventually(() => row(streamOf(camera)).innerText()).toContain('H.264 1280 × 720');
    await eventually(() => row(streamOf(camera)).getByTestId('stream-viewers').textContent()).toBe('1');
    await eventually(() => row('desk').innerText()).toMatch(/Browser[\s\S]*VP8/);
    await eventually(() => row('desk').getByTestId('stream-bitrate').textContent()).not.toBe('0 kbit/s');

    await page.getByTestId('kind-camera').click();
    await eventually(() => row('desk').count()).toBe(0);
    await page.getByTestId('kind-all').click();
    await page.getByTestId('stream-search').fill('desk');
    await eventually(() => page.getByTestId('stream-count').textContent()).toBe('1 stream');

    await row('desk').getByTestId('stream-play').click();
    await eventually(() => framesOf(page, 'stream-player-video')).toBeGreaterThan(10);
    await eventually(() => row('desk').getByTestId('stream-viewers').textContent()).toBe('1');
    await page.keyboard.press('Escape');
    await eventually(() => row('desk').getByTestId('stream-viewers').textContent()).toBe('0');

    await row('desk').getByTestId('stream-more').click();
    await page.getByTestId('stream-mute-audio').click();
    await publisher.getByText('An administrator holds your sound back.').waitFor();

    await row('desk').getByTestId('stream-grid').click();
    await eventually(() => framesOf(page, 'cell-0-video')).toBeGreaterThan(10);
    await eventually(() => page.getByTestId('cell-0').innerText()).toContain('desk');
    await page.getByText('A publication has no pan, tilt or zoom').waitFor();

    await page.getByTestId('nav-streams').click();
    await row('desk').getByTestId('stream-more').click();
    await page.getByTestId('stream-close').click();
    await page.getByRole('button', { name: 'End the stream' }).click();
    await publisher.locator('[data-testid=publish-error][data-code=ended]').waitFor();
    await eventually(() => row('desk').count()).toBe(0);
    await row(streamOf(camera)).waitFor();
  });

  test('a picture that is held back is no broken connection, and comes back', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway();
    await publish(scene, gateway, 'desk');
    const page = await openConsole(scene, `${gateway.base}/streams?play=live/desk`);
    await eventually(() => framesOf(page, 'stream-player-video')).toBeGreaterThan(5);
    await gateway.json('POST', '/api/v1/live-streams/live/desk/mute', { video: true });
    await page.getByTestId('cell-held').getByText('held back').waitFor();
    const { viewers } = await gateway.json<{ viewers: { id: string }[] }>('GET', '/api/v1/live-streams/live/desk');
    await gateway.json('POST', '/api/v1/live-streams/live/desk/mute', { video: false });
    await eventually(() => page.getByTestId('cell-held').count()).toBe(0);
    const before = await framesOf(page, 'stream-player-video');
    await eventually(() => framesOf(page, 'stream-player-video')).toBeGreaterThan(before + 5);
    expect(await gateway.json('GET', '/api/v1/live-streams/live/desk')).toMatchObject({
      viewers: [{ id: viewers[0]?.id }],
    });
  });

  test('with a login, addresses hold a token that plays this stream', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway({ config: { http: { auth: { enable: true } }, rtsp: { port: 0 } } });
    const password = /password\s+(\S+)/.exec(gateway.output())?.[1] ?? '';
    const page = await openConsole(scene, `${gateway.base}/publish`);
    await page.getByTestId('login-username').fill('admin');
    await page.getByTestId('login-password').fill(password);
    await page.getByTestId('login-submit').click();
    await page.getByTestId('publish-name').fill('desk');
    await page.getByTestId('publish-start').click();
    await page.locator('[data-phase=live]').waitFor();
    await eventually(() => page.getByTestId('address-whep').textContent()).toContain('&token=');
    const address = (await page.getByTestId('address-whep').textContent()) ?? '';
    const offer = 'v=0\r\n';
    const withToken = await fetch(address, {
      method: 'POST',
      body: offer,
      headers: { 'content-type': 'application/sdp' },
    });
    const without = await fetch(address.replace(/&token=.*/, ''), { method: 'POST', body: offer });
    expect([withToken.status, without.status]).toEqual([400, 401]);
  });
});
