import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Browser } from 'playwright-core';
import type { Camera } from '../../src/camera/index.ts';
import { launchChromium } from '../support/chromium.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { GatewayPlayer } from '../support/page-player.ts';
import { workersOf } from '../support/process-tree.ts';
import { Scene, channelsKnown, eventually, streamOf } from '../support/scene.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});

afterAll(async () => {
  await browser.close();
});

async function openPlayer(scene: Scene, gateway: GatewayProcess): Promise<GatewayPlayer> {
  return scene.keep(await GatewayPlayer.open(browser, gateway.base), (page) => page.close());
}

async function invitesOf(camera: Camera): Promise<number> {
  return camera.sessions.length;
}

describe('one camera', () => {
  test('two viewers share one INVITE, and the last one leaving ends it with BYE', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway({ config: { stream: { 'idle-timeout': '500ms' } } });
    const camera = await scene.camera(gateway);
    let started = 0;
    camera.on('sessionStarted', () => (started += 1));
    const ended = new Promise<string>((resolve) => camera.once('sessionEnded', (_session, reason) => resolve(reason)));
    await channelsKnown(gateway, 1);
    const [first, second] = [await openPlayer(scene, gateway), await openPlayer(scene, gateway)];
    await Promise.all([
      first.play({ stream: streamOf(camera) }),
      second.play({ stream: streamOf(camera), api: 'srs' }),
    ]);
    await Promise.all([first.waitFrames(15), second.waitFrames(15)]);
    expect(started).toBe(1);
    await first.stop();
    await second.waitFrames(30);
    expect(await invitesOf(camera)).toBe(1);
    await second.page.evaluate('gbrtcStop()');
    await expect(ended).resolves.toBe('remote_bye');
    expect(await invitesOf(camera)).toBe(0);
  });

  test('restarts, and the picture returns by itself on the same connection', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway({
      config: { media: { listen: '127.0.0.1', address: '127.0.0.1', 'silence-timeout': '1s' } },
    });
    const camera = await scene.camera(gateway, { id: '34020000001320000007' });
    await channelsKnown(gateway, 1);
    const player = await openPlayer(scene, gateway);
    const stream = streamOf(camera);
    await player.play({ stream });
    await player.waitFrames(15);
    await camera.powerOff();
    await scene.camera(gateway, { id: '34020000001320000007' });
    await player.waitFrames(50, 20_000);
    expect((await player.statistics()).connectionState).toBe('connected');
  });

  test('a worker is killed, and a player that offers again has the picture within 5 s', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway({ config: { webrtc: { workers: 1 } } });
    const camera = await scene.camera(gateway);
    await channelsKnown(gateway, 1);
    const player = await openPlayer(scene, gateway);
    const stream = streamOf(camera);
    await player.play({ stream });
    await player.waitFrames(10);
    const [worker] = workersOf(gateway.pid);
    expect(worker).toBeDefined();
    const killedAt = Date.now();
    process.kill(worker ?? 0, 'SIGKILL');
    await eventually(
      'a new worker',
      () => {
        const [now] = workersOf(gateway.pid);
        return now !== undefined && now !== worker ? now : undefined;
      },
      5_000,
    );
    await eventually('the picture', () => player.play({ stream }).catch(() => undefined), 5_000);
    await player.waitFrames(5);
    expect(Date.now() - killedAt).toBeLessThan(5_000);
    expect(camera.sessions.length).toBe(1);
  });

  test('a worker is killed, and a cell of the console has the picture again by itself', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway({ config: { webrtc: { workers: 1 } } });
    const camera = await scene.camera(gateway);
    await channelsKnown(gateway, 1);
    const page = scene.keep(await browser.newPage({ locale: 'en-GB' }), (open) => open.close());
    await page.goto(`${gateway.base}/live`);
    await page.getByTestId(`channel-${camera.deviceIds[0]}-${camera.channelIds()[0]}`).click();
    const playing = page.locator('[data-testid=cell-0][data-phase=playing]');
    await playing.waitFor();
    const viewer = async (): Promise<string | undefined> => {
      const path = `/api/v1/live-streams/live/${streamOf(camera)}`;
      const stream = await gateway.json<{ viewers: { id: string }[] }>('GET', path).catch(() => undefined);
      return stream?.viewers[0]?.id;
    };
    const before = await viewer();
    expect(before).toBeDefined();
    const [worker] = workersOf(gateway.pid);
    if (worker === undefined) throw new Error('the gateway has no worker');
    process.kill(worker, 'SIGKILL');
    await eventually('another viewer', async () => {
      const now = await viewer();
      return now === before ? undefined : now;
    });
    await playing.waitFor();
    expect(camera.sessions.length).toBe(1);
  });
});

test('after a restart of the gateway its devices are still listed, and come back online', async () => {
  await using scene = new Scene();
  const { mkdtempSync, rmSync } = await import('node:fs');
  const { tmpdir } = await import('node:os');
  const dataDir = mkdtempSync(`${tmpdir()}/gbrtc-data-`);
  scene.keep(dataDir, async (folder) => rmSync(folder, { recursive: true, force: true }));
  const first = await scene.gateway({ dataDir });
  const camera = await scene.camera(first, { channels: 4, name: '大门录像机' });
  await channelsKnown(first, 4);
  await camera.powerOff();
  expect(await first.stop()).toBe(0);
  const second = await scene.gateway({ dataDir });
  const { items } = await second.json<{ items: { id: string; name: string; online: boolean }[] }>(
    'GET',
    '/api/v1/devices',
  );
  expect(items).toMatchObject([{ id: camera.deviceIds[0], name: '大门录像机', online: false }]);
  const channels = await second.json<{ total: number }>('GET', '/api/v1/channels?kind=video');
  expect(channels.total).toBe(4);
  await scene.camera(second, { channels: 4, name: '大门录像机' });
  await eventually('the device online', async () => {
    const page = await second.json<{ items: { online: boolean }[] }>('GET', '/api/v1/devices?online=true');
    return page.items.length === 1 ? true : undefined;
  });
});
