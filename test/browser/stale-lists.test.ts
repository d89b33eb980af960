import { expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { Scene } from '../support/scene.ts';

test('lists that cannot be loaded again say so and show what they know', async () => {
  await using scene = new Scene();
  const gateway = await scene.gateway();
  const browser = await launchChromium();
  scene.keep(browser, () => browser.close());
  const page = await browser.newPage({ locale: 'en-GB' });
  const id = (testid: string) => page.getByTestId(testid);
  const breaks = async (path: string, empty: string, again: () => Promise<void>): Promise<void> => {
    await id(empty).waitFor();
    expect(await id('list-stale').count()).toBe(0);
    await page.route(`**/api/v1/${path}*`, (route) => route.abort());
    await again();
    await id('list-stale').getByText('This list may be out of date').waitFor();
    await id(empty).waitFor();
    await page.unrouteAll({ behavior: 'wait' });
    await id('list-stale').getByText('Try again').click();
    await id('list-stale').waitFor({ state: 'detached' });
  };
  const byItself = () => Promise.resolve();

  await page.goto(`${gateway.base}/streams`);
  await breaks('live-streams', 'streams-empty', byItself);
  await id('tab-pulls').click();
  await breaks('pulls', 'pulls-empty', byItself);
  await page.goto(`${gateway.base}/recordings`);
  // Asks anew when somebody looks again.
  await breaks('recordings', 'recordings-empty', () =>
    page.evaluate('document.dispatchEvent(new Event("visibilitychange"))'),
  );
});
