import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMediaThreads, type MediaThreads } from '../../src/media/index.ts';
import { createStreams, type Streams } from '../../src/stream/index.ts';
import { silentLogger } from '../../src/util/index.ts';
import { createWebRtc, type WebRtc } from '../../src/webrtc/index.ts';
import { launchChromium, PagePlayer } from '../support/chromium.ts';
import { FakeIngest } from '../support/fake-ingest.ts';
import { makeClip } from '../support/rtp-clip.ts';
import { CHANNEL_ID, DEVICE_ID, ScriptedMedia, ScriptedPlatform } from '../support/stream-fakes.ts';

const NAME = `live/${DEVICE_ID}_${CHANNEL_ID}`;
const REQUEST = { deviceId: DEVICE_ID, channelId: CHANNEL_ID, subStream: 0 };

/** A platform whose device sends elementary H.264 over UDP to where the INVITE says, and honours key frame requests. */
class SendingPlatform extends ScriptedPlatform {
  readonly cameras: FakeIngest[] = [];
  readonly #clip = makeClip('main');

  constructor(scripted: ScriptedMedia) {
    super(scripted);
    this.transports = ['udp'];
    this.script = (invite, _ingest, session) => {
      session.answer.payloads.splice(0, 1, { payloadType: 96, encoding: 'H264' });
      const camera = new FakeIngest({ id: invite.ssrc.text, clip: this.#clip, ssrc: invite.ssrc.value, audio: false });
      camera.addOutput({ address: '127.0.0.1', port: invite.mediaPort, audioCodec: 'pcma' });
      this.cameras.push(camera);
      session.once('ended', () => camera.close());
    };
  }

  override async requestKeyFrame(): Promise<void> {
    await super.requestKeyFrame();
    this.cameras.at(-1)?.restartClip();
  }
}

let browser: Browser;
let webrtc: WebRtc;
let media: MediaThreads;
let streams: Streams;
let platform: SendingPlatform;

beforeAll(async () => {
  const ports = { portMin: 31_000, portMax: 31_998, quarantineMs: 0, mode: 'ports', singlePort: 0 } as const;
  const rtp = { threads: 1, listenAddress: '127.0.0.1', reorderMs: 50, receiveBufferBytes: 1_048_576 };
  [browser, webrtc, media] = await Promise.all([
    launchChromium(),
    createWebRtc({ workers: 1, listenAddress: '127.0.0.1', basePort: 0, announcedAddresses: [] }, silentLogger),
    createMediaThreads({ ...ports, ...rtp }, silentLogger),
  ]);
  // The media threads are real; the fake platform only wants to see that something was opened.
  const scripted = new ScriptedMedia();
  await scripted.openIngest({ id: 'none', transport: 'udp', ssrc: 0, ssrcCheck: 'latch' });
  platform = new SendingPlatform(scripted);
  const options = { idleTimeoutMs: 300, firstPacketTimeoutMs: 2000, silenceTimeoutMs: 1000 };
  streams = createStreams(options, { platform, media, webrtc, log: silentLogger });
});

afterAll(async () => {
  await streams.shutdown();
  await webrtc.close();
  await media.close();
  await browser.close();
});

test('camera over UDP, media thread, worker, Chromium: plays, survives silence, ends when unwatched', async () => {
  const player = await PagePlayer.create(browser);
  const offer = await player.offer();
  await streams.open(REQUEST);
  const { answer, id } = await streams.view(NAME, { offer, remoteAddress: '127.0.0.1', userAgent: 'Chromium' });
  await player.answer(answer);
  const firstFrameMs = await player.firstFrameMs();
  if (process.env['GBRTC_SHOW'] !== undefined) process.stdout.write(`first frame ${firstFrameMs} ms\n`);
  expect(await player.state()).toMatchObject({ width: 320, height: 240 });

  platform.cameras.at(-1)?.close();
  await expect.poll(() => platform.invites.length, { timeout: 40_000 }).toBe(2);
  const { framesShown } = await player.state();
  await expect
    .poll(async () => (await player.state()).framesShown, { timeout: 40_000 })
    .toBeGreaterThan(framesShown + 20);
  expect(streams.find(NAME)?.viewers.map((viewer) => viewer.id)).toEqual([id]);
  expect(streams.plays().map((play) => play.state)).toEqual(['playing', 'failed']);

  await player.close();
  await expect.poll(() => streams.list().length, { timeout: 40_000 }).toBe(0);
  expect(platform.sessions.every((session) => session.ended)).toBe(true);
  expect(media.ingests).toBe(0);
  expect(platform.leases.size).toBe(0);
});
