// What the console's tree of ten thousand channels feels like in Chromium: frames while it scrolls, answers to input.
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../support/chromium.ts';
import { Scene, channelsKnown } from '../support/scene.ts';
import { percentiles, type Percentiles } from './percentiles.ts';

export interface TreeResult {
  /** From the navigation to a tree that counts all channels. */
  readonly openSeconds: number;
  /** Between two frames while the tree is scrolled from its first channel to its last. */
  readonly frameMs: Percentiles;
  /** Frames in which the middle of the list had no row. */
  readonly emptyFrames: number;
  /** Most rows in the document at once. */
  readonly mostRows: number;
  /** From a key or a click to the picture that shows what it did. */
  readonly inputMs: Percentiles;
}

interface Scrolled {
  readonly frames: number[];
  readonly emptyFrames: number;
  readonly mostRows: number;
  readonly lastRow: string;
}

/** @param channels of one recorder, whose tree starts unfolded */
export async function measureTree(channels: number): Promise<TreeResult> {
  await using scene = new Scene();
  const gateway = await scene.gateway();
  await scene.camera(gateway, { channels, catalogBatch: 50, sipTransport: 'tcp' });
  await channelsKnown(gateway, channels);
  const browser = scene.keep(await launchChromium(), (open) => open.close());
  const started = performance.now();
  const page = await openTree(browser, gateway.base, channels);
  const openSeconds = (performance.now() - started) / 1_000;
  const { frames, ...scrolled } = await page.evaluate<Scrolled>(SCROLL_SCRIPT);
  if (!scrolled.lastRow.includes(String(channels))) throw new Error(`the last row in sight is ${scrolled.lastRow}`);
  return { openSeconds, frameMs: percentiles(frames), ...scrolled, inputMs: percentiles(await measureInput(page)) };
}

async function openTree(browser: Browser, base: string, channels: number): Promise<Page> {
  // The page's own policy forbids scripts that are text, as the ones below.
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, locale: 'en-GB', bypassCSP: true });
  await page.goto(base);
  await page.getByText(`of ${channels} channels on`).waitFor();
  return page;
}

/** Types a name, letter by letter, clears it, folds the recorder and unfolds it. */
async function measureInput(page: Page): Promise<number[]> {
  await page.evaluate(WATCH_INPUT_SCRIPT);
  const search = page.getByTestId('tree-search');
  for (let round = 0; round < 3; round++) {
    await search.pressSequentially('99', { delay: 150 });
    await page.getByRole('treeitem').nth(1).waitFor();
    await search.press('Escape');
    await page.waitForTimeout(150);
    for (const name of ['Collapse all', 'Expand all']) {
      await page.getByRole('button', { name }).click();
      await page.waitForTimeout(150);
    }
  }
  const durations = await page.evaluate<number[]>('gbrtcInputs');
  if (durations.length < 12) throw new Error(`only ${durations.length} inputs were measured`);
  return durations;
}

/** Half a screen each frame, and what the frame before has left in sight. */
const SCROLL_SCRIPT = `new Promise((resolve) => {
  const list = document.querySelector('[role=tree]');
  const box = list.getBoundingClientRect();
  const rowAt = (share) => document.elementFromPoint(box.left + 40, box.top + box.height * share)?.closest('[role=treeitem]');
  const frames = [];
  let [emptyFrames, mostRows, last] = [0, 0, 0];
  const turn = (now) => {
    if (last > 0) frames.push(now - last);
    last = now;
    if (!rowAt(0.5)) emptyFrames++;
    mostRows = Math.max(mostRows, list.querySelectorAll('[role=treeitem]').length);
    if (list.scrollTop + list.clientHeight >= list.scrollHeight - 1) {
      const rows = list.querySelectorAll('[role=treeitem]');
      return resolve({ frames, emptyFrames, mostRows, lastRow: rows[rows.length - 1].textContent });
    }
    list.scrollTop += list.clientHeight / 2;
    requestAnimationFrame(turn);
  };
  requestAnimationFrame(turn);
})`;

/** Event Timing: from the input to the next paint, in steps of 8 ms; what takes less than 16 ms is not told. */
const WATCH_INPUT_SCRIPT = `globalThis.gbrtcInputs = [];
new PerformanceObserver((list) => {
  for (const { interactionId, duration } of list.getEntries()) if (interactionId > 0) gbrtcInputs.push(duration);
}).observe({ type: 'event', durationThreshold: 16 });`;
