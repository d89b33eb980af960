import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentLogger } from '../../src/util/index.ts';
import {
  createWebRtc,
  type PeerPublication,
  type Publication,
  type Viewer,
  type WebRtc,
} from '../../src/webrtc/index.ts';
import { launchChromium, PagePlayer, type PlayState } from '../support/chromium.ts';
import { PagePublisher, type PublisherOptions } from '../support/page-publisher.ts';

let browser: Browser;
let webrtc: WebRtc;
let server: Server;
let base: string;

beforeAll(async () => {
  server = createServer((_req, res) => res.setHeader('Content-Type', 'text/html').end('<title>publisher</title>'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  [browser, webrtc] = await Promise.all([
    launchChromium({ fakeDevices: true }),
    createWebRtc(
      {
        workers: 2,
        listenAddress: '127.0.0.1',
        basePort: 0,
        announcedAddresses: ['127.0.0.1'],
        feedGraceMs: 100,
        viewersPerWorker: 1,
      },
      silentLogger,
    ),
  ]);
});

afterAll(async () => {
  await webrtc.close();
  await browser.close();
  server.close();
});

let next = 0;

interface PublishOptions extends PublisherOptions {
  readonly maxBitrateBps?: number;
  /** The page does not get to see the answer's b= lines, as a client that does not read them. */
  readonly withoutBandwidth?: boolean;
}

async function publish(options: PublishOptions = {}): Promise<{
  page: PagePublisher;
  publication: PeerPublication;
}> {
  const page = await PagePublisher.create(browser, base);
  const { maxBitrateBps, withoutBandwidth = false, ...offer } = options;
  const publication = await webrtc.createPublication({
    id: `publication-${(next += 1)}`,
    offer: await page.offer(offer),
    ...(maxBitrateBps === undefined ? {} : { maxBitrateBps }),
  });
  const { answer } = publication;
  await page.answer(withoutBandwidth ? answer.replaceAll(/^b=.*\r\n/gm, '') : answer);
  return { page, publication };
}

async function play(publication: Publication): Promise<{ player: PagePlayer; viewer: Viewer }> {
  const player = await PagePlayer.create(browser);
  const viewer = await webrtc.createPlayer({ id: `viewer-${(next += 1)}`, publication, offer: await player.offer() });
  await player.answer(viewer.answer);
  return { player, viewer };
}

async function until(player: PagePlayer, condition: (state: PlayState) => boolean): Promise<PlayState> {
  return expect
    .poll(async () => player.state(), { timeout: 20_000, interval: 100 })
    .toSatisfy(condition)
    .then(async () => player.state());
}

describe('a page publishes its camera', () => {
  test.each(['video/VP8', 'video/H264', 'video/VP9', 'video/AV1'])(
    '%s and Opus to players on two workers',
    async (codec) => {
      const { page, publication } = await publish({ codec });
      expect(publication.tracks.map((track) => track.codec)).toEqual(['opus', codec.slice(6).toLowerCase()]);
      const players = [await play(publication), await play(publication)];
      expect(new Set(players.map(({ viewer }) => viewer.workerIndex)).size).toBe(2);
      for (const { player } of players) {
        const state = await until(player, ({ framesDecoded, audioPackets }) => framesDecoded > 10 && audioPackets > 10);
        expect(state.connectionState).toBe('connected');
      }
      for (const { player } of players) await player.close();
      await page.close();
      await expect.poll(() => publication.closed, { timeout: 20_000 }).toBe(true);
    },
  );

  test('simulcast is accepted, a player gets one layer', async () => {
    const { page, publication } = await publish({ simulcast: true });
    expect(publication.answer).toContain('a=simulcast:recv q;f');
    const { player } = await play(publication);
    await until(player, ({ framesDecoded }) => framesDecoded > 10);
    await player.close();
    await page.close();
  });

  test.each([
    { name: 'by the answer', withoutBandwidth: false },
    { name: 'by REMB alone', withoutBandwidth: true },
  ])('max_bitrate really limits what is sent, $name', async ({ withoutBandwidth }) => {
    const free = await publish();
    const limited = await publish({ maxBitrateBps: 150_000, withoutBandwidth });
    const players = [await play(free.publication), await play(limited.publication)];
    await expect.poll(() => free.page.videoBitrate(1000), { timeout: 20_000 }).toBeGreaterThan(350_000);
    expect(await limited.page.videoBitrate(2000)).toBeLessThan(200_000);
    for (const { player } of players) await player.close();
    for (const { page } of [free, limited]) await page.close();
  });

  test("the publisher's mute holds back from all, the player's from itself", async () => {
    const { page, publication } = await publish();
    const [one, two] = [await play(publication), await play(publication)];
    await until(one.player, ({ framesDecoded }) => framesDecoded > 10);
    await until(two.player, ({ framesDecoded }) => framesDecoded > 10);
    const grows = async (player: PagePlayer): Promise<{ video: boolean; audio: boolean }> => {
      // What was on its way has arrived by then.
      await new Promise((resolve) => setTimeout(resolve, 500));
      const before = await player.state();
      await new Promise((resolve) => setTimeout(resolve, 800));
      const after = await player.state();
      return { video: after.framesDecoded > before.framesDecoded, audio: after.audioPackets > before.audioPackets };
    };
    expect(await publication.setMuted({ video: true })).toEqual({ video: true, audio: false });
    expect(await grows(one.player)).toEqual({ video: false, audio: true });
    expect(await publication.setMuted({ video: false })).toEqual({ video: false, audio: false });
    expect(await two.viewer.setMuted({ audio: true })).toEqual({ video: false, audio: true });
    expect(await grows(two.player)).toEqual({ video: true, audio: false });
    expect(await grows(one.player)).toEqual({ video: true, audio: true });
    for (const { player } of [one, two]) await player.close();
    await page.close();
  });

  test('a dead worker ends its publications, the next one finds a worker', async () => {
    const { page, publication } = await publish();
    const { player } = await play(publication);
    await until(player, ({ framesDecoded }) => framesDecoded > 5);
    const ended = new Promise((resolve) => publication.once('closed', resolve));
    const usage = (await webrtc.usage()).find(({ index }) => index === publication.workerIndex);
    process.kill(usage?.pid ?? 0, 'SIGKILL');
    expect(await ended).toBe('worker_died');
    const next = await publish();
    const again = await play(next.publication);
    await until(again.player, ({ framesDecoded }) => framesDecoded > 5);
    for (const open of [player, again.player, page, next.page]) await open.close();
  });
});
