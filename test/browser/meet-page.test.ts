import { once } from 'node:events';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { freePort, type GatewayProcess } from '../support/gateway-process.ts';
import { channelsKnown, Scene } from '../support/scene.ts';

const HOST = 'gateway.test';

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium({ fakeDevices: true, args: [`--host-resolver-rules=MAP ${HOST} 127.0.0.1`] });
});
afterAll(() => browser.close());

const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 60_000 });

/** The rest is refused as soon as one is named. */
const PERMISSIONS = ['clipboard-read', 'clipboard-write', 'camera', 'microphone'];

const DESKTOP: BrowserContextOptions = { locale: 'en-GB', viewport: { width: 1280, height: 800 } };
const PHONE: BrowserContextOptions = {
  locale: 'en-GB',
  viewport: { width: 390, height: 844 },
  hasTouch: true,
  isMobile: true,
};

/** The page keeps its WebSockets where the test can close them. */
const KEEP_SOCKETS = `{
  const Native = WebSocket;
  window.gbrtcSockets = [];
  window.WebSocket = class extends Native {
    constructor(...args) { super(...args); window.gbrtcSockets.push(this); }
  };
}`;

/** A page of the console whose script errors fail the test at its end. */
async function openPage(scene: Scene, url: string, options: BrowserContextOptions = DESKTOP): Promise<Page> {
  const context = await browser.newContext(options);
  if (url.startsWith('http://127.0.0.1')) await context.grantPermissions(PERMISSIONS);
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  await page.addInitScript(KEEP_SOCKETS);
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  scene.keep(page, async () => {
    await context.close();
    expect(problems).toEqual([]);
  });
  await page.goto(url);
  return page;
}

const warning = (page: Page) => page.locator('[data-testid=meet-notice][data-kind=warning]');

/** Opens the page, fills in who and where, and joins with camera and microphone. */
async function join(scene: Scene, base: string, name: string, options?: BrowserContextOptions): Promise<Page> {
  const page = await openPage(scene, `${base}/meet?room=daily&name=${name}`, options);
  await page.locator('[data-testid=device-preview][data-active=true]').waitFor();
  await page.getByTestId('meet-join').click();
  await page.locator('[data-testid=own-tile][data-phase=live]').waitFor();
  return page;
}

const tile = (page: Page, name: string): Locator => page.locator(`[data-testid=tile][data-name="${name}"]`);

const framesOf = (video: Locator) =>
  video.evaluate(
    (element) =>
      (element as unknown as { getVideoPlaybackQuality(): { totalVideoFrames: number } }).getVideoPlaybackQuality()
        .totalVideoFrames,
  );

/** So many more frames of a member than now come and are decoded. */
async function sees(page: Page, name: string): Promise<void> {
  const video = tile(page, name).getByTestId('tile-video');
  await video.waitFor({ state: 'attached' });
  const before = await framesOf(video);
  await eventually(() => framesOf(video)).toBeGreaterThan(before + 10);
}

const namesOf = (page: Page) =>
  page
    .getByTestId('tile')
    .evaluateAll((tiles) => tiles.map((element) => (element as unknown as { dataset: { name: string } }).dataset.name));

const overflows = (page: Page) =>
  page.evaluate<boolean>('document.documentElement.scrollWidth > document.documentElement.clientWidth');

/** A member without page, who sends nothing. */
async function joinSilently(scene: Scene, { base }: GatewayProcess, endpoint: string, role = 'normal'): Promise<void> {
  const socket = scene.keep(new WebSocket(`${base.replace('http', 'ws')}/meeting`), async (open) => open.close());
  await once(socket, 'open');
  const data = { app: 'meet', channel: 'daily', endpoint, role };
  socket.send(JSON.stringify({ version: 0, cseq: 1, method: 'channel.join', session: '', data }));
  const [{ data: reply }] = (await once(socket, 'message')) as [{ data: string }];
  expect(JSON.parse(reply)).toMatchObject({ err: 0 });
}

describe('meet page', { timeout: 240_000 }, () => {
  test('three meet: each decodes each other, mute states also for who comes later, chat as text, leave', async () => {
    await using scene = new Scene();
    const { base } = await scene.gateway();
    const ann = await join(scene, base, 'Ann');
    await ann.getByText('Nobody else is here yet.').waitFor();
    const bob = await join(scene, base, 'Bob');
    await bob.getByTestId('meet-audio').click();
    await eventually(() => tile(ann, 'Bob').getByTestId('tile-audio').getAttribute('data-on')).toBe('false');
    await bob.getByTestId('meet-video').click();
    await tile(ann, 'Bob').getByText('B', { exact: true }).waitFor();

    const eve = await join(scene, base, 'Eve');
    await sees(eve, 'Ann');
    await eventually(() => tile(eve, 'Bob').getByTestId('tile-audio').getAttribute('data-on')).toBe('false');
    expect(await tile(eve, 'Ann').getByTestId('tile-audio').getAttribute('data-on')).toBe('true');
    await bob.getByTestId('meet-video').click();
    const pages = { Ann: ann, Bob: bob, Eve: eve };
    for (const [name, page] of Object.entries(pages)) {
      for (const other of Object.keys(pages).filter((known) => known !== name)) await sees(page, other);
      expect(await page.getByTestId('meet-people').textContent()).toBe('3 in the room');
    }

    const markup = '<img src=x onerror="document.title=\'hacked\'"><b>bold</b>';
    await bob.getByTestId('meet-chat').click();
    await bob.getByTestId('chat-input').fill(markup);
    await bob.getByTestId('chat-input').press('Enter');
    await eventually(() => bob.getByTestId('chat-message').allInnerTexts()).toHaveLength(1);
    await eventually(() => ann.getByTestId('meet-chat').innerText()).toBe('1');
    await ann.getByTestId('meet-chat').click();
    const message = ann.getByTestId('chat-message');
    await eventually(() => message.locator('.text').innerText()).toBe(markup);
    expect(await message.locator('img, .text b').count()).toBe(0);
    expect(await message.innerText()).toContain('Bob');
    expect(await ann.getByTestId('meet-chat').innerText()).toBe('');

    await bob.getByTestId('meet-leave').click();
    await bob.getByTestId('meet-lobby').waitFor();
    await eventually(() => namesOf(ann)).toEqual(['Eve']);
    // The tab is closed without a word.
    await eve.close();
    await eventually(() => namesOf(ann)).toEqual([]);
  });

  test('a screen is shown large to the others, beside its owner, until it is stopped', async () => {
    await using scene = new Scene();
    const { base } = await scene.gateway();
    const ann = await join(scene, base, 'Ann');
    const bob = await join(scene, base, 'Bob');
    await ann.getByTestId('meet-share').click();
    const screen = tile(bob, 'Screen of Ann');
    await screen.waitFor();
    await eventually(() => framesOf(screen.getByTestId('tile-video'))).toBeGreaterThan(3);
    await sees(bob, 'Ann');
    const [large, small] = [await screen.boundingBox(), await tile(bob, 'Ann').boundingBox()];
    expect(large!.width).toBeGreaterThan(2 * small!.width);
    expect(await bob.getByTestId('meet-people').textContent()).toBe('2 in the room');
    expect(await namesOf(ann)).toEqual(['Bob']);
    await ann.getByTestId('meet-share').click();
    await eventually(() => namesOf(bob)).toEqual(['Ann']);
  });

  test('a lost connection comes back by itself, and the others do not notice', async () => {
    await using scene = new Scene();
    const { base } = await scene.gateway();
    const ann = await join(scene, base, 'Ann');
    const bob = await join(scene, base, 'Bob');
    await sees(ann, 'Bob');
    await bob.evaluate('gbrtcSockets.filter(({ url }) => url.includes("/meeting")).at(-1).close()');
    await warning(bob).waitFor();
    await bob.locator('[data-testid=meet-room-view][data-phase=joined]').waitFor();
    await eventually(() => warning(bob).count()).toBe(0);
    await sees(ann, 'Bob');
    await sees(bob, 'Ann');
    expect(await namesOf(ann)).toEqual(['Bob']);
  });

  test('the gateway restarts: everybody finds everybody again', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway();
    const ann = await join(scene, gateway.base, 'Ann');
    const bob = await join(scene, gateway.base, 'Bob');
    await sees(ann, 'Bob');
    await gateway.stop();
    await scene.gateway({ config: { http: { listen: gateway.httpPort } } });
    await warning(bob).waitFor();
    await sees(ann, 'Bob');
    await sees(bob, 'Ann');
  });

  test('with a login: an invitation opens the room to a guest, a wrong one does not', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway({
      config: { http: { auth: { enable: true } }, pms: { port: await freePort() } },
    });
    const password = /password\s+(\S+)/.exec(gateway.output())?.[1] ?? '';
    const ann = await openPage(scene, `${gateway.base}/meet?room=daily&name=Ann`);
    await ann.getByTestId('login-username').fill('admin');
    await ann.getByTestId('login-password').fill(password);
    await ann.getByTestId('login-submit').click();
    await ann.locator('[data-testid=device-preview][data-active=true]').waitFor();
    await ann.getByTestId('meet-join').click();
    await ann.locator('[data-testid=own-tile][data-phase=live]').waitFor();
    await ann.getByTestId('meet-invite').click();
    await ann.getByText('It opens the room without a login.').waitFor();
    const link = await ann.evaluate<string>('navigator.clipboard.readText()');

    const guest = await openPage(scene, `${link}&name=Guest`);
    await guest.getByTestId('guest-shell').waitFor();
    await guest.locator('[data-testid=device-preview][data-active=true]').waitFor();
    await guest.getByTestId('meet-join').click();
    await sees(guest, 'Ann');
    await sees(ann, 'Guest');
    expect(await guest.getByTestId('meet-camera').count()).toBe(0);
    expect(await guest.getByTestId('nav-live').count()).toBe(0);
    await guest.getByTestId('meet-share').click();
    await eventually(() => namesOf(ann)).toContain('Screen of Guest');

    const other = await openPage(scene, `${link}x&name=Other`);
    await other.getByTestId('meet-join').click();
    await other.locator('[data-testid=meet-error][data-code=token_invalid]').waitFor();
    // The page of guests is not a way around the login.
    await other.goto(`${gateway.base}/meet?room=daily`);
    await other.getByTestId('login-submit').waitFor();
  });

  test('a camera of the tree is brought in, seen by all, and taken out', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway();
    const camera = await scene.camera(gateway);
    await channelsKnown(gateway, 1);
    const ann = await join(scene, gateway.base, 'Ann');
    const bob = await join(scene, gateway.base, 'Bob');
    await ann.getByTestId('meet-camera').click();
    await ann.getByTestId(`channel-${camera.deviceIds[0]}-${camera.channelIds()[0]}`).click();
    const inRoom = (page: Page) => page.locator(`[data-endpoint="camera-${camera.channelIds()[0]}"]`);
    for (const page of [ann, bob]) {
      await eventually(() => framesOf(inRoom(page).getByTestId('tile-video'))).toBeGreaterThan(10);
      expect(await page.getByTestId('meet-people').textContent()).toBe('2 in the room');
    }
    await inRoom(bob).hover();
    await inRoom(bob).getByTestId('tile-remove').click();
    await eventually(() => namesOf(ann)).toEqual(['Bob']);
  });

  test('without secure context one is told so, and watches', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway();
    const ann = await join(scene, gateway.base, 'Ann');
    const viewer = await openPage(scene, `http://${HOST}:${gateway.httpPort}/meet?room=daily&name=Vic`);
    await viewer.locator('[data-testid=device-problem][data-code=insecure]').waitFor();
    await viewer.getByTestId('meet-join').click();
    await viewer.getByTestId('meet-notice').getByText('nothing of you is sent').waitFor();
    await sees(viewer, 'Ann');
    await eventually(() => namesOf(ann)).toEqual(['Vic']);
    await viewer.getByTestId('meet-chat').click();
    await viewer.getByTestId('chat-input').fill('hello');
    await viewer.getByTestId('chat-send').click();
    await eventually(() => ann.getByTestId('meet-chat').innerText()).toBe('1');
  });

  test('who came to watch turns the camera on in the room', async () => {
    await using scene = new Scene();
    const { base } = await scene.gateway();
    const ann = await join(scene, base, 'Ann');
    const fox = await openPage(scene, `${base}/publish`);
    // As in Firefox, and at everybody's first visit: what has not been allowed is not turned on without a click.
    await fox.addInitScript(`navigator.permissions.query = async () => ({ state: 'prompt' })`);
    await fox.goto(`${base}/meet?room=daily&name=Fox`);
    await fox.getByTestId('device-open').waitFor();
    await fox.getByTestId('meet-join').click();
    await fox.getByTestId('meet-notice').getByText('nothing of you is sent').waitFor();
    await fox.getByTestId('meet-video').click();
    await fox.getByTestId('device-open').click();
    await fox.locator('[data-testid=own-tile][data-phase=live]').waitFor();
    await sees(ann, 'Fox');
  });

  test('without camera one is heard, and joins later with one', async () => {
    await using scene = new Scene();
    const { base } = await scene.gateway();
    const ann = await join(scene, base, 'Ann');
    const bob = await openPage(scene, `${base}/meet?room=daily&name=Bob`);
    await bob.locator('[data-testid=device-preview][data-active=true]').waitFor();
    await bob.getByTestId('device-camera').selectOption('none');
    await eventually(() => bob.getByTestId('check-video').count()).toBe(0);
    await bob.getByTestId('check-audio').waitFor();
    await bob.getByTestId('meet-join').click();
    await bob.locator('[data-testid=own-tile][data-phase=live]').waitFor();
    await tile(ann, 'Bob').and(ann.locator('[data-phase=playing]')).waitFor();
    await tile(ann, 'Bob').getByText('B', { exact: true }).waitFor();
    await bob.getByTestId('meet-devices').click();
    await bob.getByTestId('device-camera').selectOption('');
    await sees(ann, 'Bob');
  });
});

describe('layout', () => {
  test('sixteen fit without scrolling; a recorder is shown as such', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway();
    const ann = await join(scene, gateway.base, 'Ann');
    for (let index = 2; index <= 16; index++) await joinSilently(scene, gateway, `member-${index}`);
    await joinSilently(scene, gateway, 'rec', 'recorder');
    await eventually(() => ann.getByTestId('tile').count()).toBe(15);
    await ann.getByTestId('meet-recording').waitFor();
    await eventually(() => ann.getByTestId('meet-people').textContent()).toBe('16 in the room');
    await eventually(async () => {
      const boxes = await Promise.all((await ann.getByTestId('tile').all()).map((each) => each.boundingBox()));
      return boxes.every((box) => box !== null && box.width > 150 && box.y + box.height <= 800 && box.x >= 0);
    }).toBe(true);
    expect(await overflows(ann)).toBe(false);
  });

  test('a phone: no horizontal scroll, buttons for thumbs, chat over the pictures', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway();
    const lobby = await openPage(scene, `${gateway.base}/meet?room=daily`, PHONE);
    await lobby.getByTestId('device-check').waitFor();
    expect(await overflows(lobby)).toBe(false);
    const page = await join(scene, gateway.base, 'Ann', PHONE);
    for (let index = 2; index <= 16; index++) {
      await joinSilently(scene, gateway, `somebody-with-a-long-name-${index}`);
    }
    await eventually(() => page.getByTestId('tile').count()).toBe(15);
    expect(await overflows(page)).toBe(false);
    for (const id of ['meet-audio', 'meet-video', 'meet-chat', 'meet-devices', 'meet-leave']) {
      const box = await page.getByTestId(id).boundingBox();
      expect(Math.min(box!.width, box!.height), id).toBeGreaterThanOrEqual(44);
      expect(box!.x + box!.width, id).toBeLessThanOrEqual(390);
    }
    await page.getByTestId('meet-chat').tap();
    await page.getByTestId('chat-input').fill('from a phone');
    await page.getByTestId('chat-send').tap();
    await page.getByTestId('chat-message').waitFor();
    expect(await overflows(page)).toBe(false);
    await page.getByTestId('chat-close').tap();
    await page.getByTestId('meet-leave').tap();
    await page.getByTestId('meet-lobby').waitFor();
  });
});
