import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { clockStrip, decodeClockStrip } from '../../src/camera/index.ts';
import { launchChromium } from '../support/chromium.ts';
import { loudestSample } from '../support/loudest-sample.ts';
import { Scene, eventually } from '../support/scene.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});

afterAll(async () => {
  await browser.close();
});

/** Pixels of the burnt-in clock of a cell's picture; runs in the page. */
const READ_STRIP = `(selector, x, y, width, height) => {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  context.drawImage(document.querySelector(selector), x, y, width, height, 0, 0, width, height);
  return [...context.getImageData(0, 0, width, height).data];
}`;

/** Width of a cell's picture in pixels; 0 where there is none. */
async function widthOf(page: Page, cell: number): Promise<number> {
  return page.evaluate<number>(`document.querySelector('[data-testid="cell-${cell}-video"]')?.videoWidth ?? 0`);
}

test('the demo shows live cameras with sound on its first page, without a click', async () => {
  await using scene = new Scene();
  const gateway = await scene.gateway({ demo: true });
  const page = scene.keep(await browser.newPage({ viewport: { width: 1280, height: 800 } }), (open) => open.close());
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(gateway.base);

  const video = '[data-testid="cell-0-video"]';
  await eventually('a picture', async () => ((await widthOf(page, 0)) > 0 ? true : undefined), 15_000);
  const size = await page.evaluate<{ width: number; height: number }>(
    `({ width: document.querySelector('${video}').videoWidth, height: document.querySelector('${video}').videoHeight })`,
  );
  expect(size).toEqual({ width: 1280, height: 720 });

  const strip = clockStrip(size.width, size.height);
  const readClock = async (): Promise<number | undefined> => {
    const call = `(${READ_STRIP})('${video}', ${strip.x}, ${strip.y}, ${strip.width}, ${strip.height})`;
    return decodeClockStrip(await page.evaluate<number[]>(call), strip.width, strip.height);
  };
  const seen = new Set<number>();
  await eventually('five different frames of the burnt-in clock', async () => {
    const frame = await readClock();
    if (frame !== undefined) seen.add(frame);
    return seen.size >= 5 ? true : undefined;
  });

  expect(await loudestSample(page, `document.querySelector('${video}').srcObject`)).toBeGreaterThan(0.01);
  for (const cell of [1, 2, 3]) {
    await eventually(`cell ${cell}`, async () => ((await widthOf(page, cell)) > 0 ? true : undefined));
  }
  expect(complaints).toEqual([]);
});
