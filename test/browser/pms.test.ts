import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeCertificate } from '../support/certificate.ts';
import { launchChromium, PagePlayer } from '../support/chromium.ts';
import { freePort, type GatewayProcess } from '../support/gateway-process.ts';
import { decodeErrors, probeFile } from '../support/media-file.ts';
import { PagePms } from '../support/page-pms.ts';
import { GatewayPlayer } from '../support/page-player.ts';
import { PagePublisher } from '../support/page-publisher.ts';
import { PmsClient } from '../support/pms-client.ts';
import { channelsKnown, Scene, streamOf } from '../support/scene.ts';

let browser: Browser;
let server: Server;
let base: string;

beforeAll(async () => {
  browser = await launchChromium({ fakeDevices: true });
  server = createServer((_req, res) => res.setHeader('Content-Type', 'text/html').end('<title>pms</title>'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});

afterAll(async () => {
  await browser.close();
  server.close();
});

async function openGateway(
  scene: Scene,
  more: Record<string, unknown> = {},
): Promise<{ gateway: GatewayProcess; ws: string }> {
  const port = await freePort();
  const gateway = await scene.gateway({ config: { pms: { port, ...more } } });
  return { gateway, ws: `ws://127.0.0.1:${port}/` };
}

/** A page that publishes its camera by pms. */
async function publish(ws: string, stream: string): Promise<{ page: PagePublisher; pms: PagePms; session: unknown }> {
  const page = await PagePublisher.create(browser, base);
  const pms = await PagePms.connect(page.page, ws);
  const reply = await pms.ask({
    version: '1.0',
    method: 'stream.publish',
    stream,
    session: '',
    data: { sdp: await page.offer() },
  });
  expect(reply).toMatchObject({ err: 0, method: 'stream.publish' });
  await page.answer(String(reply.data['sdp']));
  return { page, pms, session: reply['session'] };
}

/** A page that plays by pms until it has decoded something. */
async function play(ws: string, stream: string): Promise<{ player: PagePlayer; pms: PagePms; session: unknown }> {
  const player = await PagePlayer.create(browser);
  const pms = await PagePms.connect(player.page, ws);
  const reply = await pms.ask({ version: '1.0', method: 'stream.play', stream, data: { sdp: await player.offer() } });
  expect(reply).toMatchObject({ err: 0, method: 'stream.play' });
  await player.answer(String(reply.data['sdp']));
  await expect.poll(async () => (await player.state()).framesDecoded, { timeout: 40_000 }).toBeGreaterThan(10);
  return { player, pms, session: reply['session'] };
}

/** Whether picture and sound still come. */
async function flowing(player: PagePlayer): Promise<{ video: boolean; audio: boolean }> {
  await player.page.waitForTimeout(500);
  const before = await player.state();
  await player.page.waitForTimeout(800);
  const after = await player.state();
  return { video: after.framesDecoded > before.framesDecoded, audio: after.audioPackets > before.audioPackets };
}

test('a page publishes; record.start and record.stop make a .webm of it that FFmpeg decodes', async () => {
  await using scene = new Scene();
  const { gateway, ws } = await openGateway(scene);
  const publisher = await publish(ws, '123456');
  const fileName = '123456-20201123-231523.webm';
  const start = { stream: '123456', method: 'record.start', data: { fileName } };
  expect(await publisher.pms.ask(start)).toMatchObject({ err: 0, err_msg: 'OK', data: { fileName } });
  await expect
    .poll(async () => (await gateway.json<{ items: { durationMs: number }[] }>('GET', '/api/v1/recordings')).items[0], {
      timeout: 40_000,
    })
    .toMatchObject({ durationMs: expect.toSatisfy((ms: number) => ms > 4000) as number });
  const stop = { stream: '123456', method: 'record.stop', data: {} };
  expect(await publisher.pms.ask(stop)).toMatchObject({ err: 0, err_msg: 'OK', data: { fileNames: [fileName] } });
  const path = join(gateway.dataDir, 'record', fileName);
  expect(await probeFile(path)).toMatchObject({ container: 'webm', codecs: ['vp8', 'opus'] });
  expect(await decodeErrors(path)).toBe('');
  await publisher.page.page.close();
});

test('a page publishes by pms, two play it by pms and WHEP; mute both ways; its end is told', async () => {
  await using scene = new Scene();
  const { gateway, ws } = await openGateway(scene);
  const publisher = await publish(ws, 'desk');
  const one = await play(ws, 'desk');
  const two = scene.keep(await GatewayPlayer.open(browser, gateway.base), (page) => page.close());
  await two.play({ stream: 'desk' });
  await two.waitFrames(15);
  await expect.poll(() => one.player.loudness(), { timeout: 40_000 }).toBeGreaterThan(0.01);

  const mute = (session: unknown, data: object): object => ({ method: 'stream.mute', stream: 'desk', session, data });
  expect((await publisher.pms.ask(mute(publisher.session, { audio: true }))).data).toEqual({
    video: false,
    audio: true,
  });
  expect(await flowing(one.player)).toEqual({ video: true, audio: false });
  expect((await publisher.pms.ask(mute(publisher.session, { audio: false }))).data).toEqual({
    video: false,
    audio: false,
  });
  expect((await one.pms.ask(mute(one.session, { video: true }))).data).toEqual({ video: true, audio: false });
  expect(await flowing(one.player)).toEqual({ video: false, audio: true });
  await two.waitFrames(15);
  expect((await one.pms.ask(mute(one.session, { video: false }))).data).toEqual({ video: false, audio: false });
  expect(await flowing(one.player)).toEqual({ video: true, audio: true });

  const { streams } = await gateway.json<{ streams: unknown[] }>('GET', '/api/v1/streams');
  expect(streams).toMatchObject([{ name: 'desk', clients: 3, gbrtc: { source: 'publication' } }]);

  // The page goes without a word: its WebSocket is all that tells.
  await publisher.page.page.close();
  expect(await one.pms.next()).toMatchObject({
    err: 1,
    method: 'stream.close',
    stream: 'desk',
    data: { reason: 'publisher_gone' },
  });
  expect(await gateway.json('GET', '/api/v1/streams')).toMatchObject({ streams: [] });
  await one.player.close();
});

test('publishing a live name again takes it over, and the players of the old one are told', async () => {
  await using scene = new Scene();
  const { gateway, ws } = await openGateway(scene);
  const first = await publish(ws, 'desk');
  const player = await play(ws, 'desk');
  const second = await publish(ws, 'desk');
  expect(await first.pms.next()).toMatchObject({ err: 1, data: { reason: 'replaced' } });
  expect(await player.pms.next()).toMatchObject({ err: 1, err_msg: 'Publisher closed' });
  await player.player.close();
  const again = await play(ws, 'desk');
  expect(await again.pms.ask({ method: 'stream.close', stream: 'desk' })).toMatchObject({ err: 0 });
  expect(await second.pms.ask({ method: 'stream.close', stream: 'desk', session: second.session })).toMatchObject({
    err: 0,
  });
  expect(await gateway.json('GET', '/api/v1/streams')).toMatchObject({ streams: [] });
  for (const { page } of [first, second]) await page.close();
  await again.player.close();
});

test('republish: refuse', async () => {
  await using scene = new Scene();
  const { ws } = await openGateway(scene, { republish: 'refuse' });
  const first = await publish(ws, 'desk');
  const page = await PagePublisher.create(browser, base);
  const client = scene.keep(await PmsClient.connect(ws), (open) => open.close());
  const message = { method: 'stream.publish', stream: 'desk', data: { sdp: await page.offer() } };
  expect(await client.ask(message)).toMatchObject({ err: -1, data: { reason: 'stream_taken' } });
  const player = await play(ws, 'desk');
  for (const { close } of [first.page, page, player.player].map((open) => ({ close: () => open.close() })))
    await close();
});

test('a camera is played by stream.play', async () => {
  await using scene = new Scene();
  const { gateway, ws } = await openGateway(scene);
  const camera = await scene.camera(gateway);
  await channelsKnown(gateway, 1);
  const { player, pms, session } = await play(ws, streamOf(camera));
  const mute = { method: 'stream.mute', stream: streamOf(camera), session, data: { video: true } };
  expect((await pms.ask(mute)).data).toEqual({ video: true, audio: false });
  expect((await flowing(player)).video).toBe(false);
  await player.close();
});

test('a page publishes by WHIP, SRS’s publish does as well', async () => {
  await using scene = new Scene();
  const { gateway, ws } = await openGateway(scene);
  const page = await PagePublisher.create(browser, base);
  const sdp = await page.offer({ codec: 'video/H264' });
  const response = await fetch(`${gateway.base}/rtc/v1/whip/?stream=desk&max_bitrate=800000`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/sdp' },
    body: sdp,
  });
  expect(response.status).toBe(201);
  const answer = await response.text();
  expect(answer).toContain('b=TIAS:800000');
  await page.answer(answer);
  const player = await play(ws, 'desk');
  const left = await fetch(gateway.base + String(response.headers.get('location')), { method: 'DELETE' });
  expect(left.status).toBe(200);
  expect(await player.pms.next()).toMatchObject({ err: 1, data: { reason: 'publisher_gone' } });
  const srs = await PagePublisher.create(browser, base);
  const body = { streamurl: 'webrtc://x/live/desk', sdp: await srs.offer() };
  const reply = await gateway.json<{ code: number; sdp: string }>('POST', '/rtc/v1/publish/', body);
  expect(reply.code).toBe(0);
  await srs.answer(reply.sdp);
  const again = await play(ws, 'desk');
  for (const open of [page, srs, player.player, again.player]) await open.close();
});

test('wss and HTTPS with a key that has a pass phrase', async () => {
  await using scene = new Scene();
  const { keyFile, certFile, passPhrase } = scene.keep(makeCertificate(), async (made) => made.remove());
  const sslPort = await freePort();
  await openGateway(scene, { sslPort, keyFile, certFile, passPhrase });
  const wss = `wss://127.0.0.1:${sslPort}/`;
  const publisher = await publish(wss, 'desk');
  const { player, pms, session } = await play(wss, 'desk');
  await expect.poll(() => player.loudness(), { timeout: 40_000 }).toBeGreaterThan(0.01);
  const muted = await publisher.pms.ask({
    method: 'stream.mute',
    stream: 'desk',
    session: publisher.session,
    data: { video: true },
  });
  expect(muted.data).toEqual({ video: true, audio: false });
  expect(await flowing(player)).toEqual({ video: false, audio: true });
  const close = { method: 'stream.close', stream: 'desk', data: {} };
  expect(await publisher.pms.ask({ ...close, session: publisher.session })).toMatchObject({ err: 0 });
  expect(await pms.next()).toMatchObject({ err: 1, session, data: { reason: 'publisher_gone' } });
  const client = scene.keep(await PmsClient.connect(wss), (open) => open.close());
  expect(await client.ask({ method: 'stream.heartbeat', stream: 'desk' })).toMatchObject({ err: 0 });
  const posted = await player.page.request.post(`https://127.0.0.1:${sslPort}/`, {
    data: { method: 'stream.heartbeat', stream: 'desk' },
  });
  expect(await posted.json()).toMatchObject({ err: 0 });
  for (const open of [publisher.page, player]) await open.close();
});
