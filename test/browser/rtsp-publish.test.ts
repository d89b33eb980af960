import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, PagePlayer } from '../support/chromium.ts';
import { freePort, type GatewayProcess } from '../support/gateway-process.ts';
import { requireTool } from '../support/requires.ts';
import {
  hasRtspClientSink,
  publishWithFfmpeg,
  publishWithGstreamer,
  type RtspPublisher,
} from '../support/rtsp-publishers.ts';
import { readWithFfmpeg } from '../support/rtsp-readers.ts';
import { eventually, Scene } from '../support/scene.ts';

const HAS_SINK = requireTool('gst-launch-1.0') && hasRtspClientSink();

let browser: Browser;
let scene: Scene;
let gateway: GatewayProcess;
let port: number;
const running: RtspPublisher[] = [];

beforeAll(async () => {
  scene = new Scene();
  port = await freePort();
  const rtsp = { port, host: '127.0.0.1', auth: { enable: false } };
  [browser, gateway] = await Promise.all([
    launchChromium(),
    scene.gateway({ config: { rtsp, media: { 'silence-timeout': '2s' } } }),
  ]);
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((publisher) => publisher.stop()));
});

afterAll(async () => {
  await browser.close();
  await scene[Symbol.asyncDispose]();
});

const url = (name: string): string => `rtsp://127.0.0.1:${port}/live/${name}`;

function started(publisher: RtspPublisher): RtspPublisher {
  running.push(publisher);
  return publisher;
}

interface LiveStream {
  readonly name: string;
  readonly kind: string;
  readonly state: string;
  readonly packets: number;
  readonly lost: number;
  readonly bitrateBps: number;
  readonly viewerCount: number;
  readonly video?: { readonly codec: string };
  readonly audio?: { readonly codec: string };
}

async function live(name: string): Promise<LiveStream | undefined> {
  const { items } = await gateway.json<{ items: LiveStream[] }>('GET', '/api/v1/live-streams');
  return items.find((stream) => stream.name === `live/${name}`);
}

const playing = (name: string): Promise<LiveStream> =>
  eventually(`${name} plays`, async () => {
    const stream = await live(name);
    return stream?.state === 'playing' ? stream : undefined;
  });

const gone = (name: string): Promise<true> =>
  eventually(`${name} is gone`, async () => ((await live(name)) === undefined ? true : undefined));

const CLOSED_BY_SILENCE = expect.objectContaining({ stage: 'closed', detail: 'media_lost' }) as unknown;

/** The latest play of a stream, with its timeline. */
async function playOf(name: string): Promise<unknown> {
  const { items } = await gateway.json<{ items: { stream: string }[] }>('GET', '/api/v1/plays');
  return items.find((play) => play.stream === `live/${name}`);
}

async function watch(name: string): Promise<PagePlayer> {
  const player = await PagePlayer.create(browser);
  const response = await fetch(`${gateway.base}/rtc/v1/whep/?stream=${name}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/sdp' },
    body: await player.offer(),
  });
  expect(response.status).toBe(201);
  await player.answer(await response.text());
  return player;
}

async function expectPicture(player: PagePlayer, frames = 50): Promise<void> {
  await expect.poll(async () => (await player.state()).framesDecoded, { timeout: 40_000 }).toBeGreaterThan(frames);
}

describe.each([
  { video: 'h264', audio: 'opus' },
  { video: 'h264', audio: 'pcma' },
  { video: 'vp8', audio: 'opus' },
] as const)('FFmpeg publishes $video and $audio', ({ video, audio }) => {
  test.each(['tcp', 'udp'] as const)('over %s; Chromium and FFmpeg play it', async (transport) => {
    const name = `ff-${video}-${audio}-${transport}`;
    const publisher = started(publishWithFfmpeg(url(name), transport, { video, audio }));
    expect(await playing(name)).toMatchObject({ kind: 'rtsp', video: { codec: video }, audio: { codec: audio } });
    const player = await watch(name);
    await expectPicture(player);
    expect(await player.state()).toMatchObject({ width: 640, height: 480, connectionState: 'connected' });
    await expect.poll(() => player.loudness(), { timeout: 40_000 }).toBeGreaterThan(0.05);
    const seen = await readWithFfmpeg(url(name), 'tcp', 2);
    expect(seen).toMatchObject({ code: 0, errors: '', codecs: [video, audio === 'pcma' ? 'pcm_alaw' : 'opus'] });
    expect(await live(name)).toMatchObject({ lost: 0, viewerCount: 1 });
    await publisher.stop();
    expect(publisher.errors).toBe('');
    await gone(name);
    await player.close();
  });
});

describe.runIf(HAS_SINK)('GStreamer publishes H.264 and PCMA', () => {
  test.each(['tcp', 'udp'] as const)('over %s; Chromium plays it', async (transport) => {
    const name = `gst-${transport}`;
    const publisher = started(publishWithGstreamer(url(name), transport));
    expect(await playing(name)).toMatchObject({ kind: 'rtsp', video: { codec: 'h264' }, audio: { codec: 'pcma' } });
    const player = await watch(name);
    await expectPicture(player);
    await expect.poll(() => player.loudness(), { timeout: 40_000 }).toBeGreaterThan(0.05);
    await player.close();
    await publisher.stop();
    await gone(name);
  });
});

test('FFmpeg is told why AAC is refused', async () => {
  const publisher = started(publishWithFfmpeg(url('aac'), 'tcp', { video: 'h264', audio: 'aac' }));
  expect(await publisher.ended()).not.toBe(0);
  expect(publisher.errors).toContain('415 Unsupported Media Type: AAC audio (MPEG4-GENERIC) cannot be carried');
  expect(await live('aac')).toBeUndefined();
});

test('mute holds back from players; a publisher that dies takes them along; one that comes again is played again', async () => {
  const publisher = started(publishWithFfmpeg(url('gate'), 'tcp', { video: 'h264', audio: 'none' }));
  await playing('gate');
  const player = await watch('gate');
  await expectPicture(player, 10);
  const muted = await gateway.json('POST', '/api/v1/live-streams/live/gate/mute', { video: true });
  expect(muted).toMatchObject({ video: true });
  await eventually('stillness', async () => {
    const before = (await player.state()).framesDecoded;
    await player.page.waitForTimeout(500);
    return (await player.state()).framesDecoded === before ? true : undefined;
  });
  await gateway.json('POST', '/api/v1/live-streams/live/gate/mute', { video: false });
  await expectPicture(player, (await player.state()).framesDecoded + 10);
  publisher.kill();
  await gone('gate');
  await expect.poll(async () => (await player.state()).connectionState, { timeout: 40_000 }).not.toBe('connected');
  started(publishWithFfmpeg(url('gate'), 'udp', { video: 'h264', audio: 'none' }));
  await playing('gate');
  const second = await watch('gate');
  await expectPicture(second, 10);
});

test('another publisher takes the name over; one that freezes is missed after the silence', async () => {
  const first = started(publishWithFfmpeg(url('desk'), 'udp', { video: 'h264', audio: 'none' }));
  await playing('desk');
  const second = started(publishWithFfmpeg(url('desk'), 'udp', { video: 'vp8', audio: 'none' }));
  expect(await first.ended()).not.toBe(0);
  await eventually('the second one', async () => ((await live('desk'))?.video?.codec === 'vp8' ? true : undefined));
  await playing('desk');
  second.freeze();
  await gone('desk');
  second.kill();
  expect(await playOf('desk')).toMatchObject({
    state: 'closed',
    timeline: expect.arrayContaining([CLOSED_BY_SILENCE]),
  });
});
