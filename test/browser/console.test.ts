import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { decodePtz } from '../../src/gb28181/index.ts';
import { ADMIN, type ApiFixture, openApi } from '../support/api-fixture.ts';
import { launchChromium } from '../support/chromium.ts';
import { CAMERA, openRecordings } from '../support/recordings-fixture.ts';
import { FakeError, fakeChannel, fakeDevice } from '../support/fake-platform.ts';
import { NO_STATS, fakePlay, fakeStream } from '../support/fake-streams.ts';

const WEB_ROOT = new URL('../../web/dist', import.meta.url).pathname;
const DEVICE = '34020000001320000001';
const CHANNEL = '34020000001310000001';
const NVR = '34020000001180000002';

/** Polls for long enough on a busy machine. */
const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 40_000 });

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

/** The built console over a gateway without SIP and media. */
describe('console', () => {
  let api: ApiFixture;
  let page: Page;
  const problems: string[] = [];

  const openPage = async (path = '/', options: BrowserContextOptions = {}) => {
    const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 800 }, ...options });
    page = await context.newPage();
    page.on('pageerror', (error) => problems.push(error.message));
    await page.goto(api.base + path);
  };
  const id = (testid: string) => page.getByTestId(testid);

  const fill = ({ platform }: ApiFixture) => {
    platform.addDevice(fakeDevice(), [fakeChannel({ name: 'Gate' })]);
    platform.addDevice(fakeDevice({ id: NVR, name: 'Warehouse', manufacturer: 'Dahua' }), [
      fakeChannel({ deviceId: NVR, id: '34020000001310000011', name: 'Hall 1', parentId: NVR }),
      fakeChannel({ deviceId: NVR, id: '34020000001310000012', name: '大厅 2', parentId: NVR, status: 'OFF' }),
    ]);
  };

  beforeEach(async () => {
    problems.length = 0;
    api = await openApi({ webRoot: WEB_ROOT });
    fill(api);
  });
  afterEach(async () => {
    await page.context().close();
    await api.close();
    expect(problems).toEqual([]);
  });

  test('login: wrong and right password, sign out, and none where the server asks for none', async () => {
    await openPage();
    await id('camera-tree').waitFor();
    await page.context().close();
    await api.close();

    api = await openApi({ webRoot: WEB_ROOT, auth: { enable: true, tokenTtlMs: 60_000, playTokenTtlMs: 60_000 } });
    await openPage('/devices');
    await id('login-username').fill(ADMIN.username);
    await id('login-password').fill('guess');
    await id('login-submit').click();
    await page.getByText('User name or password is wrong.').waitFor();
    await id('login-password').fill(ADMIN.password);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Devices' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Devices' }).waitFor();
    await id('user-menu').click();
    await id('logout').click();
    await id('login-submit').waitFor();
  });

  test('tree: counts, search, live status', async () => {
    await openPage();
    await eventually(() => id('tree-summary').textContent()).toBe('2 of 3 channels on');
    await id('tree-search').fill('大厅');
    await eventually(() => page.getByRole('treeitem').count()).toBe(2);
    await page.keyboard.press('Escape');
    await eventually(() => page.getByRole('treeitem').count()).toBe(5);
    api.platform.changeDevice(DEVICE, { online: false });
    await eventually(() => id(`device-${DEVICE}`).getAttribute('data-online')).toBe('false');
    await eventually(() => id('count-devices').innerText()).toContain('1/2');
  });

  test('a cell says why it has no picture, in both languages, with the timeline beside it', async () => {
    const play = fakePlay({
      id: 'p7',
      state: 'failed',
      failure: { code: 'codec_unsupported', message: 'H.265 cannot be played' },
    });
    api.streams.addPlay(play);
    api.streams.failure = new FakeError('codec_unsupported', 'H.265 cannot be played');
    await openPage();
    await id(`channel-${DEVICE}-${CHANNEL}`).click();
    await id('cell-0-error').waitFor();
    await eventually(() => id('cell-0-error').getAttribute('data-code')).toBe('codec_unsupported');
    await id('cell-0-why').click();
    await id('failure-card').getByText('What to do').waitFor();
    await eventually(() => id('stage-invite_sent').getAttribute('data-state')).toBe('done');
    await eventually(() => id('stage-first_rtp').getAttribute('data-state')).toBe('missing');
    await id('language-switch').click();
    await id('failure-card').getByText('处理建议').waitFor();
    await page.getByText('暂不支持播放此编码').first().waitFor();
  });

  test('a cell shows the stage while it waits, and a stopped one is empty again', async () => {
    let release = () => {};
    api.streams.hold = new Promise((resolve) => (release = resolve));
    await openPage();
    await id(`channel-${DEVICE}-${CHANNEL}`).click();
    await id('cell-0-waiting').waitFor();
    await eventually(() => api.streams.plays().length).toBe(1);
    api.streams.grow(api.streams.plays()[0]!.id, 'ok');
    await id('cell-0-waiting').getByText('Waiting for the first packet').waitFor();
    await page.keyboard.press('Delete');
    await id('cell-0-idle').waitFor();
    release();
  });

  test('keys choose the grid, and layout, theme and language are remembered', async () => {
    api.streams.failure = new FakeError('device_offline', 'offline');
    await openPage();
    await id('video-grid').waitFor();
    for (const [key, cells] of [
      ['1', 1],
      ['9', 9],
      ['6', 16],
      ['4', 4],
    ] as const) {
      await page.keyboard.press(key);
      await eventually(() => page.locator('[data-phase]').count()).toBe(cells);
    }
    await id(`channel-${NVR}-34020000001310000011`).click();
    await id('theme-menu').click();
    await id('theme-dark').click();
    await id('language-switch').click();
    await page.reload();
    await id('cell-0-error').getByText('设备离线').waitFor();
    await eventually(() => page.locator('html').getAttribute('class')).toBe('dark');
  });

  test('PTZ: holding a key or a button moves, letting go stops', async () => {
    api.streams.failure = new FakeError('codec_unsupported', 'H.265');
    await openPage();
    await id(`channel-${DEVICE}-${CHANNEL}`).click();
    await id('ptz-panel').waitFor();
    const moves = () =>
      api.platform.calls.flatMap(([name, , , control]) => {
        const { hex = '' } = name === 'control' ? (control as { hex?: string }) : {};
        const move = decodePtz(hex);
        return typeof move === 'object' && move.kind === 'move' ? [move] : [];
      });
    await page.keyboard.down('ArrowUp');
    await eventually(() => moves().at(-1)?.tilt).toBe(1);
    await page.keyboard.up('ArrowUp');
    await eventually(() => moves().at(-1)?.tilt).toBe(0);
    await id('ptz-zoomin').hover();
    await page.mouse.down();
    await eventually(() => moves().at(-1)?.zoom).toBe(1);
    await page.mouse.up();
    await eventually(() => moves().at(-1)?.zoom).toBe(0);
  });

  test('devices: filter, approve, settings', async () => {
    api.platform.addDevice(fakeDevice({ id: '34020000001320000009', name: 'New one', admission: 'pending' }));
    await openPage('/devices');
    await id('pending-banner').getByRole('button').click();
    await id('device-row-34020000001320000009').getByTestId('approve').click();
    await eventually(() => api.platform.device('34020000001320000009')?.admission).toBe('approved');
    await id('filter-all').click();
    await id('device-search').fill('dahua');
    await id(`device-row-${NVR}`).click();
    await id('device-tab-settings').click();
    await id('setting-mediaTransport').selectOption('udp');
    await id('settings-save').click();
    await eventually(() => api.platform.device(NVR)?.settings.mediaTransport).toBe('udp');
  });

  test('alarms: one of two thousand devices is found by a part of its number, and all again, by keyboard', async () => {
    const number = (index: number) => `34020000001321${String(index).padStart(6, '0')}`;
    for (let index = 0; index < 2000; index++)
      api.platform.addDevice(fakeDevice({ id: number(index), name: `Site ${index}` }));
    for (const index of [77, 1234]) api.platform.reports.alarms.raise({ deviceId: number(index) });
    await openPage('/alarms');
    const alarms = () => id('alarm-list').locator('li').count();
    const options = page.getByRole('listbox', { name: 'Device' }).getByRole('option');
    await eventually(alarms).toBe(2);
    await page.getByRole('combobox', { name: 'Device', exact: true }).focus();
    await page.keyboard.press('ArrowDown');
    await eventually(() => options.count()).toBeGreaterThan(2);
    // Of the list only what is in sight is in the page.
    expect(await options.count()).toBeLessThan(40);
    await page.keyboard.type('321001234');
    await eventually(() => options.allTextContents()).toEqual([`Site 1234${number(1234)}`]);
    await page.keyboard.press('Enter');
    await eventually(alarms).toBe(1);
    await eventually(() => id('alarms-device').innerText()).toContain('Site 1234');
    await page.keyboard.type('all');
    await eventually(() => options.allTextContents()).toEqual(['Device: all']);
    await page.keyboard.press('Enter');
    await eventually(alarms).toBe(2);
  });

  test('connect: values with a free number, hidden password, and the device that registers', async () => {
    await openPage('/connect');
    await eventually(() => id('connect-serial').innerText()).toBe(api.platform.serial);
    await eventually(() => id('connect-deviceId').innerText()).toBe('34020000001320000002');
    expect(await id('connect-password').innerText()).not.toContain('sip-secret');
    await id('reveal-password').click();
    await eventually(() => id('connect-password').innerText()).toBe('sip-secret');
    const arriving = fakeDevice({ id: '34020000001320000002', name: 'Fresh', online: false });
    api.platform.addDevice(arriving);
    api.platform.changeDevice(arriving.id, { online: true });
    await id('arrival').getByText('Fresh has registered').waitFor();
  });

  test('streams: a thousand in pages, found by name, sorted, current', async () => {
    for (let index = 0; index < 1000; index++) {
      const name = `live/cam-${String(index).padStart(4, '0')}`;
      const stats = { ...NO_STATS, bitrateBps: index * 1000 };
      api.streams.addStream(
        fakeStream({ name, source: 'publication', transport: index < 7 ? 'rtsp' : 'webrtc', createdAt: index, stats }),
      );
    }
    await openPage('/streams');
    const first = () => page.locator('tbody tr').first().innerText();
    await eventually(first).toContain('cam-0999');
    await eventually(() => id('stream-count').textContent()).toBe('1000 streams');
    await eventually(() => page.locator('tbody tr').count()).toBe(50);
    await page.locator('.el-pager .number').last().click();
    await eventually(first).toContain('cam-0049');
    await page.keyboard.press('/');
    await page.keyboard.type('CAM-050 LIVE');
    await eventually(() => id('stream-count').textContent()).toBe('10 streams');
    await id('stream-search').fill('');
    await id('kind-rtsp').click();
    await eventually(() => id('stream-count').textContent()).toBe('7 streams');
    await page.getByRole('button', { name: 'Bitrate' }).click();
    await eventually(first).toContain('cam-0006');
    await api.streams.close('live/cam-0006');
    await eventually(first).toContain('cam-0005');
    await page.locator('tbody tr').first().click();
    await id('stream-drawer').getByText('Nobody is watching').waitFor();
    await api.streams.close('live/cam-0005');
    await id('stream-drawer').getByText('This stream has ended').waitFor();
  });

  test('streams: nothing live says what to do; a failure can be tried again', async () => {
    await openPage('/streams');
    await id('streams-empty').getByRole('button', { name: 'Publish from this browser' }).click();
    await id('publish-page').waitFor();
    await page.route('**/api/v1/live-streams?*', (route) => route.abort());
    await id('nav-streams').click();
    await page.getByText('The list could not be loaded').waitFor();
    await page.unrouteAll({ behavior: 'wait' });
    await page.getByRole('button', { name: 'Try again' }).click();
    await id('streams-empty').waitFor();
  });

  test('recordings: grow before the eyes, files follow each other, what cannot be played says so', async () => {
    const fixture = openRecordings();
    await api.close();
    api = await openApi({ webRoot: WEB_ROOT }, { recordings: fixture.recordings, streams: fixture.streams });
    await openPage('/recordings');
    await id('recordings-empty').waitFor();
    await api.send('POST', '/api/v1/recordings', { stream: CAMERA });
    await page.locator('tr[data-state=recording]').waitFor();
    const writer = fixture.threads.last;
    // A second of media each time; what has grown is told every few of them.
    await eventually(() => {
      writer.write('x'.repeat(1000));
      return id('recording-size').innerText();
    }).toMatch(/[1-9]\d* kB/);
    writer.nextFile();
    writer.nextFile();
    await eventually(() => id('recording-size').innerText()).toContain('3 files');

    const clip = join(mkdtempSync(join(tmpdir(), 'gbrtc-clip-')), 'clip.webm');
    execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc=d=1:s=160x90:r=10', '-c:v', 'libvpx', clip]);
    const asked: string[] = [];
    await page.route('**/files/*', (route) => {
      asked.push(new URL(route.request().url()).pathname.split('/').at(-1) ?? '');
      return route.fulfill({ path: clip, contentType: 'video/webm' });
    });
    await id('recording-play').click();
    await eventually(() => [...new Set(asked)]).toEqual(['0', '1', '2']);
    await eventually(() => id('recording-player').getByText('still runs').count()).toBe(1);
    // One that answers still would throw: "already handled".
    await page.unrouteAll({ behavior: 'wait' });
    await id('recording-file-0').click();
    await id('recording-unplayable').getByText('H.264 + G.711 A-law').waitFor();
    await page.keyboard.press('Escape');
    await id('recording-stop').click();
    await page.locator('tr[data-state=finished]').waitFor();
    await fixture.close();
    rmSync(dirname(clip), { recursive: true });
  });

  test('settings show version and configuration', async () => {
    await openPage('/settings');
    await page.getByText('gbrtc 1.2.3').waitFor();
    await page.getByText('8025').waitFor();
    await eventually(() => id('link-openapi').getAttribute('href')).toBe('/api/v1/openapi.json');
  });

  test.each([
    { name: 'phone', width: 390, height: 844 },
    { name: 'laptop', width: 1280, height: 800 },
    { name: 'desktop', width: 1920, height: 1080 },
  ])('no page is wider than the window: $name', async ({ width, height }) => {
    await openPage('/', { viewport: { width, height } });
    for (const path of [
      '/live',
      '/streams',
      '/streams?tab=pulls',
      '/publish',
      '/recordings',
      '/devices',
      '/connect',
      '/settings',
    ]) {
      await page.goto(api.base + path);
      await id('nav-live').waitFor();
      const wide = await page.evaluate<number>(
        'Math.max(document.documentElement.scrollWidth, document.querySelector("main").scrollWidth)',
      );
      expect(wide, path).toBeLessThanOrEqual(width);
    }
  });
});
