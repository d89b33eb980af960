import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ApiFixture, openApi } from '../support/api-fixture.ts';
import { launchChromium } from '../support/chromium.ts';
import { fakeChannel, fakeDevice } from '../support/fake-platform.ts';

const WEB_ROOT = new URL('../../web/dist', import.meta.url).pathname;
const NVR = '34020000001180000002';
const HALL = '34020000001310000011';
const DOOR = '34020000001310000012';

const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 40_000 });

let browser: Browser;
let api: ApiFixture;
let page: Page;
const problems: string[] = [];

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

beforeEach(async () => {
  problems.length = 0;
  api = await openApi({ webRoot: WEB_ROOT });
  const details = { MAC: '00-11-22-33-44-55', DirectionType: '4', FunctionType: '01/99', RoomType: '7' };
  const channels = [HALL, DOOR].map((id, at) =>
    fakeChannel({ deviceId: NVR, id, name: ['Hall', 'Door'][at] ?? '', parentId: NVR, civilCode: '340203', details }),
  );
  api.platform.addDevice(fakeDevice({ id: NVR, name: 'Warehouse', manufacturer: 'Dahua' }), channels);
  const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 800 } });
  page = await context.newPage();
  page.on('pageerror', (error) => problems.push(error.message));
});
afterEach(async () => {
  await page.context().close();
  await api.close();
  expect(problems).toEqual([]);
});

const id = (testid: string) => page.getByTestId(testid);
const firstChoice = (testid: string) => id(testid).locator('option').first().textContent();

test('the form says what the profile sets, an own value goes over it, and back', async () => {
  await page.goto(`${api.base}/devices`);
  await id(`device-row-${NVR}`).click();
  await id('device-tab-settings').click();
  await eventually(() => firstChoice('setting-quirkProfile')).toBe('As the device says: Dahua');
  await eventually(() => firstChoice('setting-subStreamDialect')).toBe('By profile Dahua: a=streamprofile');
  await eventually(() => firstChoice('setting-dateHeader')).toBe('Default: Sent');
  await id('setting-subStreamDialect').selectOption('stream');
  await id('setting-dateHeader').selectOption('false');
  await id('setting-timeOffsetSec').fill('28800');
  await id('settings-save').click();
  await eventually(() => api.platform.device(NVR)?.settings).toEqual({
    subStreamDialect: 'stream',
    dateHeader: false,
    timeOffsetSec: 28_800,
  });
  await id('setting-subStreamDialect').selectOption('');
  await id('setting-quirkProfile').selectOption('tp-link');
  await id('settings-save').click();
  await eventually(() => firstChoice('setting-subStreamDialect')).toBe('By profile TP-LINK, Mercury: a=streamMode');
});

test('what else the catalogue tells of a channel is in its dialog, codes in words where they have some', async () => {
  await page.goto(`${api.base}/devices`);
  await id(`device-row-${NVR}`).click();
  await id('device-tab-channels').click();
  await id(`edit-${HALL}`).click();
  await eventually(() => id('channel-details').locator('dd').allTextContents()).toEqual([
    'faces / other',
    '7',
    'north',
    '00-11-22-33-44-55',
  ]);
});

test('the SIP trace is filtered and leaves as text and as pcap', async () => {
  const entry = {
    at: 1_700_000_000_000,
    direction: 'in' as const,
    protocol: 'udp' as const,
    local: '127.0.0.1:5060',
    remote: '127.0.0.2:5060',
    deviceId: NVR,
    callId: 'c',
    summary: 'MESSAGE sip:x',
    text: 'MESSAGE sip:x SIP/2.0\r\nCall-ID: c\r\n\r\n',
  };
  api.platform.traceEntries.push(entry);
  await page.goto(`${api.base}/devices`);
  await id(`device-row-${NVR}`).click();
  await id('device-tab-sip').click();
  await eventually(() => id('sip-message').count()).toBe(1);
  await id('trace-method').selectOption('INVITE');
  await id('trace-direction').selectOption('in');
  await id('trace-text').fill('Call');
  const wanted = { limit: 400, method: 'INVITE', direction: 'in', text: 'Call', deviceId: NVR };
  await eventually(() => api.platform.calls).toContainEqual(['trace', wanted]);
  for (const [format, start] of [
    ['text', '<-- 2023-11-14T22:13:20.000Z UDP 127.0.0.2:5060\nMESSAGE sip:x'],
    ['pcap', '\u00d4\u00c3\u00b2\u00a1'],
  ] as const) {
    const [download] = await Promise.all([page.waitForEvent('download'), id(`trace-download-${format}`).click()]);
    expect(download.suggestedFilename()).toBe(`sip-${NVR}.${format === 'text' ? 'txt' : 'pcap'}`);
    const bytes = readFileSync(await download.path());
    expect(bytes.toString('latin1').startsWith(start)).toBe(true);
  }
});

test('groups of one’s own are made, filled and shown; so are the regions', async () => {
  await page.goto(`${api.base}/live`);
  await id('tree-kind').selectOption('regions');
  await eventually(() => id('branch-340203').textContent()).toContain('340203');
  await id('tree-kind').selectOption('own');
  await eventually(() => id('branch-unassigned').textContent()).toContain('2/2');
  await id('groups-open').click();
  await id('group-new').fill('Site');
  await id('group-add').click();
  await eventually(() => id('group').count()).toBe(1);
  await id('group-new').fill('Floor');
  await id('group-add').click();
  await eventually(() => id('group').count()).toBe(2);
  await id('group-find').fill('hall');
  await id('group-put').first().click();
  await eventually(() => id('group-member').allTextContents()).toEqual(['Hall']);
  const [floor, site] = ['Floor', 'Site'].map(
    (name) => api.groups.list().find((group) => group.name === name)?.id ?? '',
  );
  expect(api.groups.get(floor ?? '')?.parentId).toBe(site);
  // A group cannot lie in itself: what was refused does not stay chosen.
  await id('group-parent').selectOption(floor ?? '');
  await eventually(() => id('group-parent').inputValue()).toBe(site);
  await page.keyboard.press('Escape');
  await eventually(() => id(`branch-${site}`).textContent()).toContain('1/1');
  await eventually(() => id(`branch-${floor}`).count()).toBe(1);
  await eventually(() => id(`channel-${NVR}-${HALL}`).count()).toBe(1);
  await eventually(() => id('branch-unassigned').textContent()).toContain('1/1');
});
