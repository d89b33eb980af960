import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Ingest, IngestOptions } from '../../src/media/index.ts';
import { createStreams, type Streams } from '../../src/stream/index.ts';
import { silentLogger } from '../../src/util/index.ts';
import { createWebRtc, type WebRtc } from '../../src/webrtc/index.ts';
import { launchChromium, PagePlayer } from '../support/chromium.ts';
import { FakeIngest } from '../support/fake-ingest.ts';
import { makeClip } from '../support/rtp-clip.ts';
import { CHANNEL_ID, DEVICE_ID, ScriptedMedia, ScriptedPlatform } from '../support/stream-fakes.ts';

const NAME = `live/${DEVICE_ID}_${CHANNEL_ID}`;

/** Media threads whose every ingest is a camera that plays a clip. */
class ClipMedia extends ScriptedMedia {
  readonly cameras: FakeIngest[] = [];
  readonly #clip = makeClip('main');

  override async openIngest(options: IngestOptions): Promise<Ingest> {
    await super.openIngest(options);
    const camera = new FakeIngest({ id: options.id, clip: this.#clip, ssrc: 1000 * (this.cameras.length + 1) });
    this.cameras.push(camera);
    return camera;
  }
}

let browser: Browser;
let webrtc: WebRtc;
let streams: Streams;
let media: ClipMedia;
let platform: ScriptedPlatform;

beforeAll(async () => {
  media = new ClipMedia();
  platform = new ScriptedPlatform(media);
  [browser, webrtc] = await Promise.all([
    launchChromium(),
    createWebRtc({ workers: 1, listenAddress: '127.0.0.1', basePort: 0, announcedAddresses: [] }, silentLogger),
  ]);
  const options = { idleTimeoutMs: 30_000, firstPacketTimeoutMs: 5000, silenceTimeoutMs: 5000 };
  streams = createStreams(options, { platform, media, webrtc, log: silentLogger });
});

afterAll(async () => {
  const startedAt = Date.now();
  await streams.shutdown();
  await webrtc.close();
  expect(Date.now() - startedAt).toBeLessThan(3000);
  await browser.close();
});

async function watch(): Promise<{ player: PagePlayer; viewerId: string }> {
  const player = await PagePlayer.create(browser);
  const { id, answer } = await streams.view(NAME, {
    offer: await player.offer(),
    remoteAddress: '127.0.0.1',
    userAgent: 'Chromium',
  });
  await player.answer(answer);
  await expectFrames(player, 5);
  return { player, viewerId: id };
}

async function expectFrames(player: PagePlayer, frames: number): Promise<void> {
  const { framesShown } = await player.state();
  await expect
    .poll(async () => (await player.state()).framesShown, { timeout: 10_000, interval: 50 })
    .toBeGreaterThan(framesShown + frames);
}

describe('a watched stream', () => {
  test('gets its picture back by itself after a camera restart', async () => {
    const { player, viewerId } = await watch();
    const invites = platform.invites.length;
    media.cameras.at(-1)?.end('tcp_closed');
    await expect.poll(() => platform.invites.length, { timeout: 40_000 }).toBe(invites + 1);
    await expectFrames(player, 20);
    expect(streams.find(NAME)?.viewers.map((viewer) => viewer.id)).toContain(viewerId);
    expect((await player.state()).connectionState).toBe('connected');
    await player.close();
  });

  test('is there again within 5 s after its worker was killed, without a new INVITE', async () => {
    const { player, viewerId } = await watch();
    const invites = platform.invites.length;
    const [usage] = await webrtc.usage();
    const killedAt = Date.now();
    process.kill(usage?.pid ?? 0, 'SIGKILL');
    await expect.poll(() => webrtc.workersUp, { timeout: 5000, interval: 20 }).toBe(0);
    expect(streams.find(NAME)?.viewers.map((viewer) => viewer.id)).not.toContain(viewerId);
    expect(streams.plays()[0]?.timeline.at(-1)).toMatchObject({ stage: 'closed', detail: 'worker_died', viewerId });
    await expect.poll(() => webrtc.workersUp, { timeout: 5000, interval: 20 }).toBe(1);
    const again = await watch();
    expect(Date.now() - killedAt).toBeLessThan(5000);
    expect(platform.invites.length).toBe(invites);
    await again.player.close();
    await player.close();
  });

  test('tells the whole way in its timeline, and loses its viewer with the page', async () => {
    const { player, viewerId } = await watch();
    expect(streams.reportFirstFrame(viewerId, 123)).toBe(true);
    const own = streams.plays()[0]?.timeline.filter((entry) => entry.viewerId === viewerId) ?? [];
    const stages = own.map(({ stage, detail }) => `${stage} ${detail?.split(' ')[0]}`);
    expect(stages).toEqual(expect.arrayContaining(['ice connected', 'dtls connected', 'first_frame 123']));
    expect(stages[0]).toBe('viewer_offer 127.0.0.1');
    await player.close();
    await expect.poll(() => streams.find(NAME)?.viewers.some((viewer) => viewer.id === viewerId)).toBe(false);
  });
});
