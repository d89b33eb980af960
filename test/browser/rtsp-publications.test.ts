import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { freePort, type GatewayProcess } from '../support/gateway-process.ts';
import { readAv1WithGstreamer } from '../support/gstreamer-av1.ts';
import { PagePublisher } from '../support/page-publisher.ts';
import { createRtpView, parseRtp } from '../../src/media/index.ts';
import { isKeyFrame } from '../../src/media/rtp/key-frame.ts';
import { RtspClient } from '../support/rtsp-fakes.ts';
import { requireTool } from '../support/requires.ts';
import { publishWithFfmpeg, type RtspPublisher } from '../support/rtsp-publishers.ts';
import { findAv1Reader, readWithFfmpeg, readWithGstreamer } from '../support/rtsp-readers.ts';
import { eventually, Scene } from '../support/scene.ts';

const HAS_GSTREAMER = requireTool('gst-launch-1.0');
const SECONDS = 3;

let browser: Browser;
let scene: Scene;
let gateway: GatewayProcess;
let port: number;

beforeAll(async () => {
  scene = new Scene();
  port = await freePort();
  const rtsp = { port, host: '127.0.0.1', auth: { enable: false } };
  [browser, gateway] = await Promise.all([launchChromium({ fakeDevices: true }), scene.gateway({ config: { rtsp } })]);
});

afterAll(async () => {
  await browser.close();
  await scene[Symbol.asyncDispose]();
});

async function publish(name: string, codec: string): Promise<PagePublisher> {
  const page = await PagePublisher.create(browser, `${gateway.base}/healthz`);
  const response = await fetch(`${gateway.base}/rtc/v1/whip/?stream=${name}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/sdp' },
    body: await page.offer({ codec: `video/${codec}` }),
  });
  expect(response.status).toBe(201);
  await page.answer(await response.text());
  await eventually('connection', async () => ((await page.connectionState()) === 'connected' ? true : undefined));
  return page;
}

const url = (name: string): string => `rtsp://127.0.0.1:${port}/live/${name}`;

describe.each(['VP8', 'H264', 'VP9'])('a page publishes %s and Opus', (codec) => {
  let page: PagePublisher;
  const name = `desk-${codec}`;
  const decoded = codec.toLowerCase();

  beforeAll(async () => {
    page = await publish(name, codec);
  });
  afterAll(async () => page.close());

  test.each(['tcp', 'udp'] as const)('FFmpeg reads it over %s', async (transport) => {
    const seen = await readWithFfmpeg(url(name), transport, SECONDS);
    expect(seen).toMatchObject({ code: 0, errors: '', codecs: [decoded, 'opus'], width: 640 });
    expect(seen.frames[decoded]).toBeGreaterThan(SECONDS * 10);
    expect(seen.frames['opus']).toBeGreaterThan(SECONDS * 25);
  });

  test.runIf(HAS_GSTREAMER).each(['tcp', 'udp'] as const)('GStreamer reads it over %s', async (transport) => {
    expect(await readWithGstreamer(url(name), transport, { video: 40, audio: 60 })).toMatchObject({ ended: true });
  });
});

describe.each([
  { video: 'h264', audio: 'pcma', codecs: ['h264', 'pcm_alaw'] },
  { video: 'vp8', audio: 'opus', codecs: ['vp8', 'opus'] },
] as const)('FFmpeg publishes $video and $audio by RTSP', ({ video, audio, codecs }) => {
  const name = `ff-${video}`;
  let publisher: RtspPublisher;

  beforeAll(async () => {
    publisher = publishWithFfmpeg(url(name), 'tcp', { video, audio });
    await eventually('publication', async () => {
      const { items } = await gateway.json<{ items: { state: string }[] }>('GET', '/api/v1/live-streams?kind=rtsp');
      return items[0]?.state === 'playing' ? true : undefined;
    });
  });
  afterAll(async () => publisher.stop());

  test.each(['tcp', 'udp'] as const)('FFmpeg reads it over %s', async (transport) => {
    const seen = await readWithFfmpeg(url(name), transport, SECONDS);
    expect(seen).toMatchObject({ code: 0, errors: '', codecs, width: 640 });
    expect(seen.frames[codecs[0]]).toBeGreaterThan(SECONDS * 10);
    expect(seen.frames[codecs[1]]).toBeGreaterThan(SECONDS * 5);
  });

  test.runIf(HAS_GSTREAMER).each(['tcp', 'udp'] as const)('GStreamer reads it over %s', async (transport) => {
    expect(await readWithGstreamer(url(name), transport, { video: 40, audio: 20 })).toMatchObject({ ended: true });
  });
});

/** Plays the video over TCP. */
async function play(name: string): Promise<{ client: RtspClient; sdp: string }> {
  const client = scene.keep(new RtspClient(port, `/live/${name}`), async (open) => open.close());
  const { body } = await client.request('DESCRIBE');
  const transport = { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' };
  const setup = await client.request('SETUP', transport, { url: `${client.url}/trackID=0` });
  const session = setup.headers.get('session')?.split(';')[0] ?? '';
  expect((await client.request('PLAY', { Session: session })).status).toBe(200);
  return { client, sdp: body };
}

const videoOf = (client: RtspClient): Buffer[] =>
  client.packets.filter(({ channel }) => channel === 0).map(({ packet }) => packet);

// Debian 12's FFmpeg has no depacketizer for AV1; FFmpeg 8 and 9 have one that loses what it has of a picture when a
// packet of sound comes between its packets, so that the picture is read alone.
const AV1_READER = findAv1Reader();

test.each(AV1_READER === undefined ? [] : (['tcp', 'udp'] as const))(
  'a page publishes AV1: a newer FFmpeg reads it over %s',
  async (transport) => {
    const name = `desk-AV1-${transport}`;
    const page = await publish(name, 'AV1');
    const more = ['-allowed_media_types', 'video'];
    const seen = await readWithFfmpeg(url(name), transport, SECONDS, { program: AV1_READER ?? '', more });
    expect(seen).toMatchObject({ code: 0, errors: '', codecs: ['av1'], width: 640 });
    expect(seen.frames['av1']).toBeGreaterThan(SECONDS * 10);
    await page.close();
  },
);

test.runIf(HAS_GSTREAMER).each(['tcp', 'udp'] as const)(
  'a page publishes AV1: GStreamer, lent the one element that Debian does not have, reads it over %s',
  async (transport) => {
    const name = `gst-AV1-${transport}`;
    const page = await publish(name, 'AV1');
    const reading = await readAv1WithGstreamer(url(name), transport, 40);
    expect(reading).toMatchObject({ ended: true, payloadErrors: [] });
    expect(reading.out).toMatch(/:video\.GstPad:sink: caps = video\/x-raw.* width=\(int\)640/);
    await page.close();
  },
);

test('a page publishes AV1: described, and from a key frame on', async () => {
  const page = await publish('desk-AV1', 'AV1');
  const { client, sdp } = await play('desk-AV1');
  expect(sdp).toMatch(/m=video 0 RTP\/AVP (\d+)\r\na=rtpmap:\1 AV1\/90000\r\n/);
  await eventually('packets', () => (videoOf(client).length > 50 ? true : undefined));
  const view = createRtpView();
  const first = videoOf(client)[0]!;
  expect(parseRtp(first, view)).toBeUndefined();
  expect(isKeyFrame('av1', first, view.payloadStart, view.payloadEnd)).toBe(true);
  await page.close();
});

test('players are listed, get nothing while the publisher is muted, and are gone with it', async () => {
  const page = await publish('desk', 'VP8');
  const { client } = await play('desk');
  await eventually('packets', () => (videoOf(client).length > 20 ? true : undefined));
  const path = '/api/v1/live-streams/live/desk';
  expect(await gateway.json('GET', path)).toMatchObject({
    viewerCount: 1,
    readers: [{ protocol: 'rtsp', remoteAddress: '127.0.0.1' }],
  });
  await gateway.json('POST', `${path}/mute`, { video: true });
  const muted = await eventually('silence', async () => {
    const before = videoOf(client).length;
    await new Promise((resolve) => setTimeout(resolve, 500));
    return videoOf(client).length === before ? before : undefined;
  });
  await gateway.json('POST', `${path}/mute`, { video: false });
  await eventually('packets again', () => (videoOf(client).length > muted + 20 ? true : undefined));
  await page.close();
  await client.closed();
  await expect(new RtspClient(port, '/live/desk').request('DESCRIBE')).resolves.toMatchObject({ status: 404 });
});
