// What a publication costs: a hundred players against mediasoup alone, signalling, and the time to the first frame.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { launchChromium, PagePlayer } from '../support/chromium.ts';
import { freePort } from '../support/gateway-process.ts';
import { NativePublisher } from '../support/native-publisher.ts';
import { PagePms } from '../support/page-pms.ts';
import { PagePublisher } from '../support/page-publisher.ts';
import { PmsClient } from '../support/pms-client.ts';
import { treeCpuMs, treeResidentBytes } from '../support/process-tree.ts';
import { makeClip, type Clip } from '../support/rtp-clip.ts';
import { Scene } from '../support/scene.ts';
import { ask, ended } from './child.ts';
import { percentiles, type Percentiles } from './percentiles.ts';

const VIEWERS = new URL('./viewers.ts', import.meta.url).pathname;
const BARE = new URL('./bare-mediasoup.ts', import.meta.url).pathname;
const STREAM = 'bench';

export interface FanOutResult {
  readonly players: number;
  readonly gatewayMsPerPlayerSecond: number;
  readonly bareMsPerPlayerSecond: number;
  /** Packets that the gateway's players got, over those that they should have got. */
  readonly received: number;
}

interface Counted {
  readonly packets: number;
}

/** CPU of a process tree that carries one publication to so many players, and what these got. */
async function loadOf(
  target: { readonly base: string; readonly pid: number },
  clip: Clip,
  players: number,
  seconds: number,
): Promise<{ msPerPlayerSecond: number; received: number }> {
  await using scene = new Scene();
  const publisher = scene.keep(new NativePublisher(clip), async (open) => open.close());
  await publisher.publish(target.base, STREAM);
  const viewers = scene.keep(fork(VIEWERS, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }), ended);
  await ask(viewers, { base: target.base, audio: 'opus', streams: Array<string>(players).fill(STREAM) });
  await delay(3_000);
  const before = { cpu: treeCpuMs(target.pid), at: performance.now(), sent: publisher.packets };
  const seen = await ask<Counted>(viewers, 'count');
  await delay(seconds * 1_000);
  const passed = (performance.now() - before.at) / 1_000;
  const cpu = treeCpuMs(target.pid) - before.cpu;
  const sent = publisher.packets - before.sent;
  const got = (await ask<Counted>(viewers, 'count')).packets - seen.packets;
  return { msPerPlayerSecond: cpu / passed / players, received: got / (sent * players) };
}

/** One 720p publication to so many players: the gateway and mediasoup alone, one after the other, twice. */
export async function measureFanOut(players: number, seconds: number): Promise<FanOutResult> {
  const clip = makeClip('baseline', '1280x720');
  const gatewayMs: number[] = [];
  const bareMs: number[] = [];
  let received = 1;
  for (let round = 0; round < 2; round++) {
    await using scene = new Scene();
    const bare = scene.keep(fork(BARE, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }), ended);
    const [{ base }] = (await once(bare, 'message')) as [{ base: string }];
    bareMs.push((await loadOf({ base, pid: bare.pid ?? 0 }, clip, players, seconds)).msPerPlayerSecond);
    await ended(bare);
    const gateway = await scene.gateway();
    const load = await loadOf(gateway, clip, players, seconds);
    gatewayMs.push(load.msPerPlayerSecond);
    received = Math.min(received, load.received);
  }
  return {
    players,
    gatewayMsPerPlayerSecond: Math.min(...gatewayMs),
    bareMsPerPlayerSecond: Math.min(...bareMs),
    received,
  };
}

export interface SignallingResult {
  readonly pairsPerSecond: number;
  /** Resident memory of the second half of the run, above that of its first half. */
  readonly growthMb: number;
  readonly failed: number;
}

/** `stream.publish` and `stream.close` over WebSockets, as fast as the gateway answers. */
export async function measureSignalling(connections: number, seconds: number): Promise<SignallingResult> {
  await using scene = new Scene();
  const port = await freePort();
  const gateway = await scene.gateway({ config: { pms: { port, messageRate: 1_000_000 } } });
  const peer = scene.keep(new NativePublisher({ profileLevelId: '42e01f', pictures: [] }), async (open) =>
    open.close(),
  );
  const sdp = await peer.offer();
  let pairs = 0;
  let failed = 0;
  const run = async (index: number, until: number): Promise<void> => {
    const client = scene.keep(await PmsClient.connect(`ws://127.0.0.1:${port}/`), (open) => open.close());
    const stream = `load-${index}`;
    while (performance.now() < until) {
      const published = await client.ask({
        version: '1.0',
        method: 'stream.publish',
        stream,
        session: '',
        data: { sdp },
      });
      const { session } = published;
      const closed = await client.ask({ version: '1.0', method: 'stream.close', stream, session, data: {} });
      if (published['err'] === 0 && closed['err'] === 0) pairs += 1;
      else {
        if (failed === 0) process.stderr.write(`failed: ${JSON.stringify([published, closed]).slice(0, 600)}\n`);
        failed += 1;
      }
    }
  };
  const half = async (): Promise<{ perSecond: number; resident: number }> => {
    const before = pairs;
    const startedAt = performance.now();
    const until = startedAt + (seconds * 1_000) / 2;
    await Promise.all(Array.from({ length: connections }, (_, index) => run(index, until)));
    const perSecond = (pairs - before) / ((performance.now() - startedAt) / 1_000);
    return { perSecond, resident: treeResidentBytes(gateway.pid) };
  };
  // The first seconds fill caches and let the compiler finish.
  await half();
  const [first, second] = [await half(), await half()];
  return {
    pairsPerSecond: Math.min(first.perSecond, second.perSecond),
    growthMb: (second.resident - first.resident) / 1e6,
    failed,
  };
}

/** From `stream.play` to the first decoded frame in Chromium, of a publication that runs. */
export async function measurePmsPlay(plays: number): Promise<Percentiles> {
  await using scene = new Scene();
  const port = await freePort();
  await scene.gateway({ config: { pms: { port } } });
  const ws = `ws://127.0.0.1:${port}/`;
  const site = createServer((_request, response) =>
    response.setHeader('Content-Type', 'text/html').end('<title>bench</title>'),
  );
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  scene.keep(site, async (open) => open.close());
  const browser = scene.keep(await launchChromium({ fakeDevices: true }), (open) => open.close());
  const page = await PagePublisher.create(browser, `http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
  const publisher = await PagePms.connect(page.page, ws);
  const published = await publisher.ask({
    version: '1.0',
    method: 'stream.publish',
    stream: STREAM,
    session: '',
    data: { sdp: await page.offer() },
  });
  await page.answer(String(published.data['sdp']));
  const times: number[] = [];
  for (let play = 0; play < plays; play++) {
    const player = await PagePlayer.create(browser);
    const pms = await PagePms.connect(player.page, ws);
    const sdp = await player.offer();
    const startedAt = performance.now();
    const reply = await pms.ask({ version: '1.0', method: 'stream.play', stream: STREAM, session: '', data: { sdp } });
    const answeredMs = performance.now() - startedAt;
    await player.answer(String(reply.data['sdp']));
    times.push(answeredMs + (await player.firstFrameMs()));
    await player.close();
  }
  return percentiles(times);
}
