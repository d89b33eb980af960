import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentLogger } from '../../src/util/index.ts';
import { createWebRtc, type WebRtc } from '../../src/webrtc/index.ts';
import { launchChromium, PagePlayer, type PlayState } from '../support/chromium.ts';
import { FakeIngest } from '../support/fake-ingest.ts';
import { makeClip, type ClipProfile } from '../support/rtp-clip.ts';

let browser: Browser;
let webrtc: WebRtc;

beforeAll(async () => {
  [browser, webrtc] = await Promise.all([
    launchChromium(),
    createWebRtc(
      { workers: 1, listenAddress: '127.0.0.1', basePort: 0, announcedAddresses: ['127.0.0.1'], feedGraceMs: 100 },
      silentLogger,
    ),
  ]);
});

afterAll(async () => {
  await webrtc.close();
  await browser.close();
});

async function until(player: PagePlayer, condition: (state: PlayState) => boolean): Promise<PlayState> {
  return expect
    .poll(async () => player.state(), { timeout: 40_000, interval: 100 })
    .toSatisfy(condition)
    .then(async () => player.state());
}

describe('Chromium', () => {
  test.each<{ profile: ClipProfile; ssrc: number }>([
    { profile: 'baseline', ssrc: 1000 },
    { profile: 'main', ssrc: 2000 },
    { profile: 'high', ssrc: 3000 },
  ])('decodes H.264 $profile with sound', async ({ profile, ssrc }) => {
    const ingest = new FakeIngest({ id: `clip-${profile}`, clip: makeClip(profile), ssrc });
    const player = await PagePlayer.create(browser);
    try {
      const viewer = await webrtc.createViewer({ id: profile, ingest, offer: await player.offer() });
      await player.answer(viewer.answer);
      const state = await until(player, ({ framesDecoded, audioPackets }) => framesDecoded > 10 && audioPackets > 10);
      expect(state).toMatchObject({ connectionState: 'connected', width: 320, height: 240 });
      if (process.env['GBRTC_SHOW'] !== undefined) {
        process.stdout.write(`${profile} ${JSON.stringify(state)} first frame ${await player.firstFrameMs()} ms\n`);
      }
      await player.close();
      await expect.poll(() => viewer.closed, { timeout: 40_000 }).toBe(true);
    } finally {
      ingest.close();
    }
  });

  test('keeps its picture over a camera restart, without a new offer', async () => {
    const clip = makeClip('main');
    const first = new FakeIngest({ id: 'restart-1', clip, ssrc: 4000 });
    const second = new FakeIngest({ id: 'restart-2', clip, ssrc: 5000 });
    const player = await PagePlayer.create(browser);
    try {
      const viewer = await webrtc.createViewer({ id: 'restart', ingest: first, offer: await player.offer() });
      await player.answer(viewer.answer);
      const before = await until(player, ({ framesDecoded }) => framesDecoded > 10);
      first.close();
      await viewer.rebind(second);
      const after = await until(
        player,
        ({ videoSsrc, framesShown }) => videoSsrc !== before.videoSsrc && framesShown > before.framesShown + 20,
      );
      expect(after.connectionState).toBe('connected');
      expect(viewer.closed).toBe(false);
    } finally {
      first.close();
      second.close();
      await player.close();
    }
  });

  test('hears a camera whose sound starts later', async () => {
    const ingest = new FakeIngest({ id: 'late', clip: makeClip('baseline'), ssrc: 6000, audio: false });
    const player = await PagePlayer.create(browser);
    try {
      const viewer = await webrtc.createViewer({ id: 'late', ingest, offer: await player.offer() });
      await player.answer(viewer.answer);
      await until(player, ({ framesDecoded }) => framesDecoded > 5);
      ingest.startAudio();
      const state = await until(player, ({ audioPackets }) => audioPackets > 10);
      expect(state.framesDecoded).toBeGreaterThan(5);
    } finally {
      ingest.close();
      await player.close();
    }
  });
});
