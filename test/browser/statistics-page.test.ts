import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CallClient } from '../support/call-client.ts';
import { launchChromium } from '../support/chromium.ts';
import { freePort } from '../support/gateway-process.ts';
import { Scene } from '../support/scene.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 30_000 });

interface Statistics {
  readonly from: string;
  readonly sessions: { readonly total: number; readonly running: number };
  readonly users: number;
  readonly pairs: { readonly total: number; readonly connected: number; readonly connectTypes: Record<string, number> };
}

const figure = (page: Page, name: string) => page.getByTestId(name).locator('td').first().textContent();

test('the figures of the day are those of the API, and follow the calls', async () => {
  await using scene = new Scene();
  const port = await freePort();
  const gateway = await scene.gateway({ config: { rooms: { host: '127.0.0.1', port } } });
  const member = async (uid: string): Promise<CallClient> => {
    const client = await CallClient.connect(`ws://127.0.0.1:${port}/ws`);
    scene.keep(client, async ({ socket }) => socket.terminate());
    const join = { cmd: 'join', appId: '10000', roomId: '22', uid, uname: uid, userType: 0, talkType: 1 };
    expect(await client.ask(join, 'respJoin')).toMatchObject({ result: 0 });
    return client;
  };
  const page = await browser.newPage({ locale: 'en-GB' });
  scene.keep(page, (open) => open.close());
  await page.goto(`${gateway.base}/call-statistics`);
  await page.getByTestId('statistics-empty').waitFor();

  const [ann, bob] = [await member('ann'), await member('bob')];
  ann.send({ cmd: 'offer', appId: '10000', roomId: '22', uid: 'ann', remoteUid: 'bob', msg: 'o' });
  await bob.next('relayOffer');
  expect(
    await ann.ask({ cmd: 'peerConnected', remoteUid: 'bob', connectType: 'TURN' }, 'respPeerConnected'),
  ).toMatchObject({ result: 0 });
  // Without a click: the page asks again by itself.
  await eventually(() => figure(page, 'calls-running')).toBe('2');
  await page.getByTestId('statistics-live').waitFor();
  await eventually(() => figure(page, 'pairs-connected')).toBe('1 (100 %)');

  const cat = await member('cat');
  await cat.ask({ cmd: 'leave', uid: 'cat' }, 'respLeave');
  await eventually(() => figure(page, 'calls-total')).toBe('3');
  await eventually(() => figure(page, 'calls-running')).toBe('2');
  const told = await gateway.json<Statistics>('GET', '/api/v1/call-statistics');
  expect(told).toMatchObject({ users: 3, sessions: { total: 3, running: 2 }, pairs: { connected: 1 } });
  expect(await figure(page, 'calls-users')).toBe('3');
  expect(await figure(page, 'pairs-total')).toBe(String(told.pairs.total));
  expect(await page.getByTestId('way-TURN').textContent()).toContain(String(told.pairs.connectTypes['TURN']));

  const downloading = page.waitForEvent('download');
  await page.getByTestId('statistics-csv').click();
  const file = await (await downloading).path();
  expect(await readFile(file, 'utf8')).toContain(told.from);

  // A day before has none of them, and its figures are not asked for again and again.
  await page.getByTestId('statistics-date').fill('2020-02-29');
  await page.getByTestId('statistics-empty').waitFor();
  expect(new URL(page.url()).search).toBe('?date=2020-02-29');
  expect(await page.getByTestId('statistics-live').count()).toBe(0);
  await page.getByTestId('statistics-today').click();
  await eventually(() => figure(page, 'calls-total')).toBe('3');
});
