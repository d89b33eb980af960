import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { channelsKnown, eventually as until, Scene, streamOf } from '../support/scene.ts';

const run = promisify(execFile);

interface Recording {
  readonly id: string;
  readonly stream: string;
  readonly state: string;
  readonly files: ReadonlyArray<{ readonly fileName: string; readonly bytes: number; readonly durationMs: number }>;
}

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium({ fakeDevices: true });
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

const recordingsOf = async (gateway: GatewayProcess): Promise<Recording[]> =>
  (await gateway.json<{ items: Recording[] }>('GET', '/api/v1/recordings')).items;

/** What the player in the page has shown of a file. */
const played = (page: Page) =>
  page.getByTestId('recording-video').evaluate((element) => {
    const video = element as unknown as {
      readonly duration: number;
      readonly currentTime: number;
      readonly error: { readonly message: string } | null;
      getVideoPlaybackQuality(): { readonly totalVideoFrames: number };
    };
    const { totalVideoFrames } = video.getVideoPlaybackQuality();
    return { frames: totalVideoFrames, durationSec: video.duration, error: video.error?.message ?? '' };
  });

test('a camera and a publication: recorded from the streams page, listed live, stopped, played, downloaded, deleted', async () => {
  await using scene = new Scene();
  const folder = mkdtempSync(join(tmpdir(), 'gbrtc-recordings-'));
  scene.keep(folder, async () => rmSync(folder, { recursive: true, force: true }));
  const gateway = await scene.gateway({ config: { record: { recordPath: folder } } });
  const camera = await scene.camera(gateway);
  await channelsKnown(gateway, 1);
  const publisher = await openConsole(scene, `${gateway.base}/publish`);
  await publisher.getByTestId('publish-name').fill('desk');
  await publisher.getByTestId('publish-start').click();
  await publisher.locator('[data-phase=live]').waitFor();
  const [deviceId = '', channelId = ''] = streamOf(camera).split('_');
  await gateway.json('POST', '/api/v1/plays', { deviceId, channelId });

  const page = await openConsole(scene, `${gateway.base}/recordings`);
  const id = (testid: string) => page.getByTestId(testid);
  await id('recordings-empty').getByRole('button', { name: 'To the streams' }).click();
  for (const name of ['desk', streamOf(camera)]) {
    const record = id(`stream-live/${name}`).getByTestId('stream-record');
    await record.click();
    await eventually(() => record.getAttribute('data-recorded')).toBe('true');
  }

  await id('nav-recordings').click();
  await eventually(() => page.locator('tr[data-state=recording]').count()).toBe(2);
  const row = (stream: string) => page.locator('tbody tr', { hasText: stream });
  await eventually(() => row('desk').getByTestId('recording-size').innerText()).toMatch(/[kM]B/);
  await until(
    'five seconds of both',
    async () => {
      const all = await recordingsOf(gateway);
      return all.every(({ files }) => (files[0]?.durationMs ?? 0) >= 5000) ? true : undefined;
    },
    20_000,
  );
  for (const stream of ['desk', streamOf(camera)]) {
    await row(stream).getByTestId('recording-stop').click();
    await eventually(() => row(stream).getAttribute('data-state')).toBe('finished');
  }
  await eventually(() => id('recording-count').textContent()).toMatch(/^2 recordings, [\d.]+ [kM]B$/);

  await id('state-recording').click();
  await page.getByText('No recording matches').waitFor();
  await page.getByRole('button', { name: 'Show all' }).click();
  await id('recording-search').fill('desk');
  await eventually(() => page.locator('tbody tr').count()).toBe(1);
  await id('recording-from').fill('2001-01-01');
  await id('recording-to').fill('2001-01-02');
  await page.getByText('No recording matches').waitFor();
  await page.getByRole('button', { name: 'Show all' }).click();
  await eventually(() => page.locator('tbody tr').count()).toBe(2);

  for (const stream of ['desk', streamOf(camera)]) {
    await row(stream).getByTestId('recording-play').click();
    await eventually(async () => (await played(page)).frames).toBeGreaterThan(20);
    const { durationSec, error } = await played(page);
    expect([durationSec > 4.5 && durationSec < 30, error]).toEqual([true, '']);
    await page.keyboard.press('Escape');
    await id('recording-player').waitFor({ state: 'detached' });
  }

  const all = await recordingsOf(gateway);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    row('desk').getByTestId('recording-download').click(),
  ]);
  const file = all.find(({ stream }) => stream === 'live/desk')?.files[0];
  expect(download.suggestedFilename()).toBe(file?.fileName);
  const saved = join(folder, 'downloaded.webm');
  await download.saveAs(saved);
  expect(statSync(saved).size).toBe(file?.bytes);
  const probe = await run('ffprobe', ['-v', 'error', '-show_entries', 'stream=codec_name', '-of', 'csv=p=0', saved]);
  expect([probe.stderr, probe.stdout.split(/\s+/).filter(Boolean).toSorted()]).toEqual(['', ['opus', 'vp8']]);

  await row('desk').getByTestId('recording-delete').click();
  await page.getByRole('button', { name: 'Delete', exact: true }).last().click();
  await eventually(() => row('desk').count()).toBe(0);
  expect((await recordingsOf(gateway)).map(({ stream }) => stream)).toEqual([`live/${streamOf(camera)}`]);
  expect(() => statSync(join(folder, file?.fileName ?? ''))).toThrow('ENOENT');
});

test('the dialog records a chosen stream under a name; what ends with its publisher stays playable', async () => {
  await using scene = new Scene();
  const folder = mkdtempSync(join(tmpdir(), 'gbrtc-recordings-'));
  scene.keep(folder, async () => rmSync(folder, { recursive: true, force: true }));
  const gateway = await scene.gateway({ config: { record: { recordPath: folder } } });
  const publisher = await openConsole(scene, `${gateway.base}/publish`);
  await publisher.getByTestId('publish-name').fill('desk');
  await publisher.getByTestId('publish-start').click();
  await publisher.locator('[data-phase=live]').waitFor();

  const page = await openConsole(scene, `${gateway.base}/recordings`);
  await page.getByTestId('record-open').click();
  await page.getByTestId('record-name').fill('../escape');
  await page.getByText('A file name has none of these').waitFor();
  await eventually(() => page.getByTestId('record-start').isDisabled()).toBe(true);
  await page.getByTestId('record-name').fill('meeting');
  await page.getByTestId('record-segment').selectOption('0');
  await page.getByTestId('record-start').click();
  await page.locator('tr[data-state=recording]').waitFor();
  await until(
    'three seconds',
    async () => {
      const [recording] = await recordingsOf(gateway);
      return (recording?.files[0]?.durationMs ?? 0) >= 3000 ? true : undefined;
    },
    20_000,
  );
  await publisher.getByTestId('publish-stop').click();
  await page.locator('tr[data-state=finished]').waitFor();
  const [recording] = await recordingsOf(gateway);
  expect(recording?.files[0]?.fileName).toBe('meeting.webm');
  await page.getByTestId('recording-play').click();
  await eventually(async () => (await played(page)).frames).toBeGreaterThan(20);
  expect((await played(page)).error).toBe('');
});
