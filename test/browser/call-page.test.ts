import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import type { GatewayProcess, GatewayProcessOptions } from '../support/gateway-process.ts';
import { PageCall } from '../support/page-call.ts';
import { Scene } from '../support/scene.ts';
import { UdpWay } from '../support/udp-way.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium({ fakeDevices: true, args: ['--allow-loopback-in-peer-connection'] });
});
afterAll(() => browser.close());

/** Polls for long enough on a busy machine. */
const eventually = <T>(read: () => T, timeout = 45_000) => expect.poll(read, { timeout });

/** The page's own connections and sockets, so that tests can look at them and cut them. */
const REMEMBER = `{
  window.gbrtcPeers = [];
  window.gbrtcSockets = [];
  const keep = (name, list) => {
    window[name] = new Proxy(window[name], { construct(target, args) { const made = new target(...args); list.push(made); return made; } });
  };
  keep('RTCPeerConnection', window.gbrtcPeers);
  keep('WebSocket', window.gbrtcSockets);
}`;

interface Opened {
  readonly phone?: boolean;
  readonly path?: string;
}

/** A page of the console in a browser of its own; its script errors fail the test at its end. */
async function openPage(scene: Scene, { base }: GatewayProcess, { phone = false, path = '/call' }: Opened = {}) {
  const viewport = phone ? { width: 390, height: 844 } : { width: 1280, height: 800 };
  const context = await browser.newContext({ locale: 'en-GB', viewport, hasTouch: phone, isMobile: phone });
  const page = await context.newPage();
  await page.addInitScript(REMEMBER);
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  scene.keep(page, async () => {
    await context.close();
    expect(problems).toEqual([]);
  });
  await page.goto(base + path);
  return page;
}

const inRoom = (page: Page) => page.locator('[data-testid=call-room-view][data-phase=joined]');
const tile = (page: Page, name: string) => page.locator(`[data-testid=tile][data-name="${name}"]`);

async function join(page: Page): Promise<void> {
  await page.locator('[data-testid=device-preview][data-active=true]').waitFor();
  await page.getByTestId('call-join').click();
  await inRoom(page).waitFor();
}

/** Somebody in room 22, by the page. */
async function enter(scene: Scene, gateway: GatewayProcess, name: string, more: Opened = {}): Promise<Page> {
  const page = await openPage(scene, gateway, { path: `/call?room=22&name=${name}`, ...more });
  await join(page);
  return page;
}

const framesOf = (page: Page, name: string) =>
  tile(page, name)
    .getByTestId('tile-video')
    .evaluate(
      (video) =>
        (video as unknown as { getVideoPlaybackQuality(): { totalVideoFrames: number } }).getVideoPlaybackQuality()
          .totalVideoFrames,
    );

/** Waits until the picture of each of these goes on at this page. */
async function sees(page: Page, ...names: string[]): Promise<void> {
  for (const name of names) {
    await tile(page, name).locator('video.shown').waitFor();
    const before = await framesOf(page, name);
    await eventually(() => framesOf(page, name)).toBeGreaterThan(before + 5);
  }
}

const count = (page: Page) => page.getByTestId('call-people').textContent();
const phaseOf = (page: Page, name: string) => tile(page, name).getAttribute('data-phase');

describe('call page', () => {
  test('three browsers see each other; mute is shown, also to who comes later; one hangs up', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway();
    const ann = await enter(scene, gateway, 'Ann');
    await ann.getByTestId('call-notice').getByText('Nobody else is here').waitFor();
    const bob = await enter(scene, gateway, 'Bob', { phone: true });
    await ann.getByTestId('call-audio').click();
    const sound = (page: Page, name: string) => tile(page, name).getByTestId('tile-audio').getAttribute('data-on');
    await eventually(() => sound(bob, 'Ann')).toBe('false');
    const cat = await enter(scene, gateway, 'Cat');
    await Promise.all([sees(ann, 'Bob', 'Cat'), sees(bob, 'Ann', 'Cat'), sees(cat, 'Ann', 'Bob')]);
    await eventually(() => sound(cat, 'Ann')).toBe('false');
    expect(await sound(cat, 'Bob')).toBe('true');
    for (const [page, name] of [
      [ann, 'Bob'],
      [bob, 'Cat'],
      [cat, 'Ann'],
    ] as const) {
      await eventually(() => tile(page, name).getByTestId('call-kind').textContent()).toContain('Direct');
      await tile(page, name).getByTestId('tile-quality').waitFor();
    }
    expect(await count(bob)).toBe('3 in the call');

    await ann.getByTestId('call-video').click();
    await tile(bob, 'Ann').locator('.face').waitFor();
    await ann.getByTestId('call-video').click();
    await ann.getByTestId('call-audio').click();
    await sees(bob, 'Ann');
    await eventually(() => sound(cat, 'Ann')).toBe('true');

    await cat.getByTestId('call-leave').click();
    await cat.getByTestId('call-lobby').waitFor();
    expect(await cat.evaluate('gbrtcPeers.map(({ connectionState }) => connectionState)')).toEqual([
      'closed',
      'closed',
    ]);
    for (const page of [ann, bob]) await eventually(() => count(page)).toBe('2 in the call');
    await sees(ann, 'Bob');
    const wide = await bob.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth');
    expect(wide).toBe(false);
  });

  test('a client written from the document, in the same room', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway();
    const ws = `${gateway.base.replace('http', 'ws')}/ws`;
    const before = scene.keep(await PageCall.open(browser, `${gateway.base}/healthz`), (user) => user.close());
    await before.join({ url: ws, roomId: '22', uid: 'before' });
    const ann = await enter(scene, gateway, 'Ann');
    const after = scene.keep(await PageCall.open(browser, `${gateway.base}/healthz`), (user) => user.close());
    await after.join({ url: ws, roomId: '22', uid: 'after' });
    await sees(ann, 'client_before', 'client_after');
    const uid = String(
      (await after.received('respJoin'))
        .flatMap(({ userList }) => userList)
        .map((user) => (user as { uid: string }).uid)
        .find((id) => id.startsWith('Ann')),
    );
    await after.waitMedia([uid, 'before']);
    await before.waitMedia([uid, 'after']);
  });

  test('a connection that fails is repaired by who offered it', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway();
    const [ann, bob] = [await openPage(scene, gateway, { path: '' }), await openPage(scene, gateway, { path: '' })];
    const way = scene.keep(new UdpWay(), (open) => open.close());
    await way.between(bob.context(), ann.context());
    for (const [page, name] of [
      [ann, 'Ann'],
      [bob, 'Bob'],
    ] as const) {
      await page.goto(`${gateway.base}/call?room=22&name=${name}`);
      await join(page);
    }
    await Promise.all([sees(ann, 'Bob'), sees(bob, 'Ann')]);
    const phases = async () => [await phaseOf(ann, 'Bob'), await phaseOf(bob, 'Ann')];
    const fragment = () => bob.evaluate<string>('gbrtcPeers[0].remoteDescription.sdp.match(/a=ice-ufrag:(.*)/)[1]');
    const first = await fragment();
    way.cut = true;
    await eventually(phases, 60_000).toEqual(['lost', 'lost']);
    await tile(bob, 'Ann').getByText('looking for another way').waitFor();
    await eventually(fragment, 60_000).not.toBe(first);
    way.cut = false;
    await eventually(phases, 60_000).toEqual(['connected', 'connected']);
    await Promise.all([sees(ann, 'Bob'), sees(bob, 'Ann')]);
    expect(await ann.evaluate('gbrtcPeers[0].localDescription.type')).toBe('offer');
  });

  test('the way to the gateway breaks: connections and session go on', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway();
    const ann = await enter(scene, gateway, 'Ann');
    const bob = await enter(scene, gateway, 'Bob');
    await Promise.all([sees(ann, 'Bob'), sees(bob, 'Ann')]);
    const sessions = async () => {
      const { items } = await gateway.json<{ items: { users: { sessionId: string }[] }[] }>('GET', '/api/v1/calls');
      return items.flatMap(({ users }) => users.map(({ sessionId }) => sessionId));
    };
    const sockets = () => bob.evaluate<number>(`gbrtcSockets.filter(({ url }) => url.endsWith('/ws')).length`);
    const peers = (page: Page) => page.evaluate('gbrtcPeers.map(({ connectionState }) => connectionState)');
    const before = [await sessions(), await sockets()] as const;
    expect(before[0]).toHaveLength(2);
    await bob.evaluate(`gbrtcSockets.filter(({ url }) => url.endsWith('/ws')).at(-1).close()`);
    await bob.locator('[data-testid=call-room-view][data-phase=reconnecting]').waitFor();
    // What is switched meanwhile is told afterwards.
    await bob.getByTestId('call-audio').click();
    await inRoom(bob).waitFor();
    await eventually(() => tile(ann, 'Bob').getByTestId('tile-audio').getAttribute('data-on')).toBe('false');
    await Promise.all([sees(ann, 'Bob'), sees(bob, 'Ann')]);
    expect([await count(ann), await count(bob)]).toEqual(['2 in the call', '2 in the call']);
    expect([await sessions(), await sockets()]).toEqual([before[0], before[1] + 1]);
    for (const page of [ann, bob]) expect(await peers(page)).toEqual(['connected']);
  });

  test('the screen takes the place of the camera, and the most room', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway();
    const ann = await enter(scene, gateway, 'Ann');
    const bob = await enter(scene, gateway, 'Bob');
    await sees(bob, 'Ann');
    const width = () =>
      tile(bob, 'Ann').evaluate((element) => (element as unknown as { clientWidth: number }).clientWidth);
    const small = await width();
    await ann.getByTestId('call-share').click();
    await tile(bob, 'Ann').and(bob.locator('.whole')).waitFor({ timeout: 60_000 });
    await eventually(width).toBeGreaterThan(small);
    await sees(bob, 'Ann');
    await ann.getByTestId('call-share').click();
    await tile(bob, 'Ann').and(bob.locator(':not(.whole)')).waitFor();
    await sees(bob, 'Ann');
  });

  test('sound alone, and a number that the page has chosen', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway();
    const ann = await openPage(scene, gateway);
    expect(await ann.getByTestId('call-room').inputValue()).toMatch(/^\d{6}$/);
    await ann.getByTestId('call-audio-mode').click();
    await ann.getByTestId('call-name').fill('Ann');
    await join(ann);
    const room = new URL(ann.url()).searchParams.get('room');
    const bob = await openPage(scene, gateway, { path: `/call?room=${room}&name=Bob` });
    await join(bob);
    await tile(bob, 'Ann').locator('.face').waitFor();
    await sees(ann, 'Bob');
    await eventually(() => phaseOf(bob, 'Ann')).toBe('connected');
    await eventually(() =>
      tile(bob, 'Ann')
        .getByTestId('tile-video')
        .evaluate((video) => (video as unknown as { currentTime: number }).currentTime),
    ).toBeGreaterThan(0.5);
  });

  test('a room that is full says so in words', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway({ config: { call: { capacity: 1 } } });
    await enter(scene, gateway, 'Ann');
    const bob = await openPage(scene, gateway, { path: '/call?room=22&name=Bob' });
    await bob.locator('[data-testid=device-preview][data-active=true]').waitFor();
    await bob.getByTestId('call-join').click();
    await bob.locator('[data-testid=call-error][data-code=result_1]').getByText('The room is full').waitFor();
    await bob.getByTestId('call-room').fill('23');
    await join(bob);
  });
});

describe('with a login', () => {
  const options: GatewayProcessOptions = {
    config: { http: { auth: { enable: true } }, call: { 'token-warning': '60s' } },
  };

  async function login(gateway: GatewayProcess, page: Page): Promise<void> {
    await page.getByTestId('login-username').fill('admin');
    await page.getByTestId('login-password').fill(/password\s+(\S+)/.exec(gateway.output())?.[1] ?? '');
    await page.getByTestId('login-submit').click();
  }

  /** By the login of the page. */
  async function makeToken(page: Page, lifetimeSec: number): Promise<string> {
    const data = { scope: 'room', app: '10000', room: '22', lifetimeSec };
    const response = await page.request.post(new URL('/api/v1/tokens', page.url()).href, { data });
    return ((await response.json()) as { token: string }).token;
  }

  test('an administrator invites, a guest comes without a login, a stranger does not', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway(options);
    const ann = await openPage(scene, gateway, { path: '/call?room=22&name=Ann' });
    await login(gateway, ann);
    await join(ann);
    await ann.context().grantPermissions(['camera', 'microphone', 'clipboard-read', 'clipboard-write']);
    await ann.getByTestId('call-invite').click();
    const clipboard = () => ann.evaluate<string>('navigator.clipboard.readText()');
    await eventually(clipboard).toMatch(/\/call\?room=22&token=/);
    const link = new URL(await clipboard());
    const guest = await openPage(scene, gateway, { path: `${link.pathname}${link.search}&name=Guest` });
    await guest.getByTestId('guest-shell').waitFor();
    await join(guest);
    await Promise.all([sees(ann, 'Guest'), sees(guest, 'Ann')]);
    const stranger = await openPage(scene, gateway, { path: '/call?room=22&name=Stranger&token=nonsense' });
    await stranger.getByTestId('call-join').click();
    await stranger.locator('[data-testid=call-error][data-code=result_12]').waitFor();
    const elsewhere = await openPage(scene, gateway, { path: `/call${link.search.replace('22', '23')}&name=Else` });
    await elsewhere.getByTestId('call-join').click();
    await elsewhere.locator('[data-testid=call-error][data-code=result_14]').waitFor();
    expect(await count(ann)).toBe('2 in the call');
  });

  test('whose token ends must go, who can have another one stays', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway(options);
    const ann = await openPage(scene, gateway, { path: '/call' });
    await login(gateway, ann);
    await ann.getByTestId('call-lobby').waitFor();
    await ann.goto(`${gateway.base}/call?room=22&name=Ann&token=${await makeToken(ann, 12)}`);
    await join(ann);
    const guest = await openPage(scene, gateway, {
      path: `/call?room=22&name=Guest&token=${await makeToken(ann, 12)}`,
    });
    await join(guest);
    await sees(ann, 'Guest');
    const ended = guest.locator('[data-testid=call-error][data-code=kicked]');
    await ended.getByText('token is expire').waitFor();
    await eventually(() => count(ann)).toBe('1 in the call');
    expect(await inRoom(ann).count()).toBe(1);
  });
});
