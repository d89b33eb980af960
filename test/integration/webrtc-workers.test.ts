import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { observer, setLogEventListeners, type types } from 'mediasoup';
import { afterEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../src/util/index.ts';
import { createWebRtc, type WebRtc, type WebRtcOptions } from '../../src/webrtc/index.ts';
import { FakeIngest } from '../support/fake-ingest.ts';

const OFFERS = {
  chromium: readFileSync(new URL('../fixtures/sdp/chromium-156.sdp', import.meta.url), 'utf8'),
  firefox: readFileSync(new URL('../fixtures/sdp/firefox.sdp', import.meta.url), 'utf8'),
  werift: readFileSync(new URL('../fixtures/sdp/werift.sdp', import.meta.url), 'utf8'),
};
const NO_CLIP = { profileLevelId: '4d0029', pictures: [] };
const OPTIONS = { listenAddress: '127.0.0.1', basePort: 0, announcedAddresses: [] };

const open: WebRtc[] = [];
const ingests: FakeIngest[] = [];

async function start(options: Partial<WebRtcOptions>): Promise<WebRtc> {
  const webrtc = await createWebRtc({ workers: 1, ...OPTIONS, ...options }, silentLogger);
  open.push(webrtc);
  return webrtc;
}

function newIngest(id: string): FakeIngest {
  const ingest = new FakeIngest({ id, clip: NO_CLIP, ssrc: 1000 + 10 * ingests.length });
  ingests.push(ingest);
  return ingest;
}

afterEach(async () => {
  for (const ingest of ingests.splice(0)) ingest.close();
  for (const webrtc of open.splice(0)) await webrtc.close();
});

describe('feeds and routers', () => {
  test('viewers with the same payload type share a feed; it ends after the last one', async () => {
    const webrtc = await start({ feedGraceMs: 50 });
    const ingest = newIngest('a');
    const viewers = [];
    for (const [id, offer] of [
      ['1', OFFERS.chromium],
      ['2', OFFERS.chromium],
      ['3', OFFERS.firefox],
    ] as const) {
      viewers.push(await webrtc.createViewer({ id, ingest, offer }));
    }
    expect((await webrtc.usage())[0]).toMatchObject({ viewers: 3, feeds: 2, routers: 2, up: true });
    expect(ingest.outputs).toBe(0);
    for (const viewer of viewers) viewer.close();
    await expect.poll(async () => (await webrtc.usage())[0]?.feeds).toBe(0);
    expect((await webrtc.usage())[0]).toMatchObject({ viewers: 0, routers: 2 });
    expect([ingest.listenerCount('track'), ingest.listenerCount('ended')]).toEqual([0, 0]);
  });

  test('routers that nobody uses are bounded', async () => {
    const webrtc = await start({ feedGraceMs: 0 });
    const ingest = newIngest('a');
    for (let payloadType = 96; payloadType < 116; payloadType += 1) {
      const offer = OFFERS.werift.replaceAll('102', String(payloadType));
      const viewer = await webrtc.createViewer({ id: String(payloadType), ingest, offer });
      expect(viewer.answer).toContain(`a=rtpmap:${payloadType} H264/90000`);
      viewer.close();
    }
    await expect.poll(async () => (await webrtc.usage())[0]).toMatchObject({ feeds: 0, routers: 8 });
  });

  test('a stream stays on its worker until that is full, others go to the least loaded', async () => {
    const webrtc = await start({ workers: 2, viewersPerWorker: 2 });
    const [a, b] = [newIngest('a'), newIngest('b')];
    const workers = [];
    for (const [id, ingest] of [
      ['1', a],
      ['2', b],
      ['3', a],
      ['4', a],
    ] as const) {
      workers.push((await webrtc.createViewer({ id, ingest, offer: OFFERS.chromium })).workerIndex);
    }
    expect(workers[0]).not.toBe(workers[1]);
    expect(workers[2]).toBe(workers[0]);
    expect(workers[3]).toBe(workers[1]);
  });

  test('viewers have a limit whose error names both numbers', async () => {
    const webrtc = await start({ maxViewers: 1 });
    const ingest = newIngest('a');
    await webrtc.createViewer({ id: '1', ingest, offer: OFFERS.chromium });
    const second = webrtc.createViewer({ id: '2', ingest, offer: OFFERS.chromium });
    await expect(second).rejects.toThrow('1 viewers are connected, the limit is 1');
  });
});

describe('viewers', () => {
  test('end with ice_failed where no browser comes', async () => {
    const webrtc = await start({ iceTimeoutMs: 50 });
    const viewer = await webrtc.createViewer({ id: '1', ingest: newIngest('a'), offer: OFFERS.chromium });
    const [reason] = (await once(viewer, 'closed')) as unknown[];
    expect(reason).toBe('ice_failed');
    expect(webrtc.viewers).toBe(0);
    viewer.close();
  });

  test('candidates name every address, the viewer’s own first', async () => {
    const webrtc = await start({ announcedAddresses: ['192.0.2.1', 'cam.example'] });
    const ingest = newIngest('a');
    const viewer = await webrtc.createViewer({ id: '1', ingest, offer: OFFERS.chromium, candidates: ['192.0.2.9'] });
    const addresses = [...viewer.answer.matchAll(/a=candidate:\S+ 1 (udp|tcp) \d+ (\S+)/g)].map((match) => match[2]);
    const order = ['192.0.2.9', '192.0.2.1', 'cam.example'];
    expect(addresses).toEqual([...order, ...order, ...order, ...order]);
  });

  test('an address with a line break cannot get into the answer', async () => {
    const webrtc = await start({});
    const candidates = ['192.0.2.9\r\na=setup:active'];
    const viewer = webrtc.createViewer({ id: '1', ingest: newIngest('a'), offer: OFFERS.chromium, candidates });
    await expect(viewer).rejects.toMatchObject({ code: 'sdp_invalid' });
  });

  test('agents that know SSRCs only cannot be moved and are told', async () => {
    const webrtc = await start({});
    const viewer = await webrtc.createViewer({ id: '1', ingest: newIngest('a'), offer: OFFERS.werift });
    expect(viewer.answer).toMatch(/a=ssrc:\d+ cname:/);
    const closed = once(viewer, 'closed');
    await viewer.rebind(newIngest('b'));
    expect(await closed).toEqual(['media_lost']);
  });

  test('an offer without common codec is refused and leaves nothing behind', async () => {
    const webrtc = await start({});
    const offer = OFFERS.chromium.replaceAll('H264', 'VP7');
    await expect(webrtc.createViewer({ id: '1', ingest: newIngest('a'), offer })).rejects.toMatchObject({
      code: 'codec_unsupported',
    });
    expect(webrtc.viewers).toBe(0);
    expect((await webrtc.usage())[0]).toMatchObject({ viewers: 0, feeds: 0, routers: 0 });
  });
});

describe('publications', () => {
  /** What the player's offer asks for, sent instead. */
  const sent = (ssrc: number): string =>
    OFFERS.chromium
      .replaceAll('a=recvonly', 'a=sendonly')
      .replaceAll(
        /^(a=mid:(\d))/gm,
        (line: string, _all: string, mid: string) => `${line}\r\na=ssrc:${ssrc}${mid} cname:c`,
      );

  test.each([
    ['publishers/firefox-153.sdp', ['opus', 'vp8']],
    ['publishers/gstreamer-1.22-h264.sdp', ['h264', 'opus']],
    ['safari.sdp', ['h264', 'opus']],
  ])('%s: the worker takes what is offered', async (name, codecs) => {
    const webrtc = await start({});
    const offer = readFileSync(new URL(`../fixtures/sdp/${name}`, import.meta.url), 'utf8');
    const publication = await webrtc.createPublication({ id: 'p', offer: offer.replaceAll('recvonly', 'sendonly') });
    expect(publication.tracks.map(({ codec }) => codec).toSorted()).toEqual(codecs);
    const player = await webrtc.createPlayer({ id: 'v', publication, offer: OFFERS.chromium });
    expect([publication.closed, player.closed]).toEqual([false, false]);
  });

  test('that come at once are spread over the workers', async () => {
    const webrtc = await start({ workers: 3 });
    const publications = await Promise.all(
      Array.from({ length: 6 }, async (_, n) => webrtc.createPublication({ id: `p${n}`, offer: sent(10 + n) })),
    );
    const workers = publications.map(({ workerIndex }) => workerIndex);
    expect(workers.toSorted((a, b) => a - b)).toEqual([0, 0, 1, 1, 2, 2]);
    // The next one goes where one has gone.
    const free = publications[3]?.workerIndex;
    publications[3]?.close();
    expect((await webrtc.createPublication({ id: 'p6', offer: sent(20) })).workerIndex).toBe(free);
  });

  test('a worker that dies takes its players along, not the publication of another worker', async () => {
    const webrtc = await start({ workers: 2, viewersPerWorker: 1, respawnDelayMs: 50 });
    const publication = await webrtc.createPublication({ id: 'p', offer: sent(1) });
    const near = await webrtc.createPlayer({ id: 'near', publication, offer: OFFERS.chromium });
    const far = await webrtc.createPlayer({ id: 'far', publication, offer: OFFERS.chromium });
    expect(near.workerIndex).toBe(publication.workerIndex);
    expect(far.workerIndex).not.toBe(publication.workerIndex);
    const [ended, up] = [once(far, 'closed'), once(webrtc, 'workerUp')];
    process.kill((await webrtc.usage())[far.workerIndex]?.pid ?? 0, 'SIGKILL');
    expect(await ended).toEqual(['worker_died']);
    await up;
    expect([publication.closed, near.closed]).toEqual([false, false]);
    const again = await webrtc.createPlayer({ id: 'again', publication, offer: OFFERS.chromium });
    expect(again.workerIndex).toBe(far.workerIndex);
  });

  test('no worker complains when one ends before its players on another worker', async () => {
    const producers: types.Producer[] = [];
    const handleWorker = (worker: types.Worker): void => {
      worker.observer.on('newrouter', (router) =>
        router.observer.on('newtransport', (transport) =>
          transport.observer.on('newproducer', (producer) => producers.push(producer)),
        ),
      );
    };
    observer.on('newworker', handleWorker);
    const webrtc = await start({ workers: 2, viewersPerWorker: 1 });
    observer.off('newworker', handleWorker);
    const errors: string[] = [];
    setLogEventListeners({ onerror: (_namespace, text) => errors.push(text) });
    const publication = await webrtc.createPublication({ id: 'p', offer: sent(1) });
    const near = await webrtc.createPlayer({ id: 'near', publication, offer: OFFERS.chromium });
    const far = await webrtc.createPlayer({ id: 'far', publication, offer: OFFERS.chromium });
    expect(far.workerIndex).not.toBe(near.workerIndex);
    publication.close();
    // Two of the publication, two of its relay.
    await expect.poll(() => producers.map(({ closed }) => closed)).toEqual([true, true, true, true]);
    // Both workers have answered what was asked of them before.
    await webrtc.usage();
    expect(errors).toEqual([]);
  });
});

describe('workers', () => {
  test('0 of them means one for each core', async () => {
    const webrtc = await start({ workers: 0 });
    expect([webrtc.workersTotal, webrtc.workersUp]).toEqual([availableParallelism(), availableParallelism()]);
  });

  test('one that is killed tells its viewers and is replaced', async () => {
    const webrtc = await start({ workers: 2, respawnDelayMs: 50 });
    const [a, b] = [newIngest('a'), newIngest('b')];
    const dying = await webrtc.createViewer({ id: '1', ingest: a, offer: OFFERS.chromium });
    const staying = await webrtc.createViewer({ id: '2', ingest: b, offer: OFFERS.chromium });
    const before = (await webrtc.usage())[dying.workerIndex];
    const [closed, died, up] = [once(dying, 'closed'), once(webrtc, 'workerDied'), once(webrtc, 'workerUp')];
    process.kill(before?.pid ?? 0, 'SIGKILL');
    expect(await closed).toEqual(['worker_died']);
    expect(await died).toEqual([{ index: dying.workerIndex, pid: before?.pid }]);
    expect(webrtc.workersUp).toBe(1);
    await up;
    expect(webrtc.workersUp).toBe(2);
    expect(staying.closed).toBe(false);
    expect((await webrtc.usage())[dying.workerIndex]).toMatchObject({ up: true, restarts: 1, viewers: 0 });
    const again = await webrtc.createViewer({ id: '3', ingest: a, offer: OFFERS.chromium });
    expect(again.answer).toContain('a=ice-lite');
  });

  test('without any worker a viewer is refused', async () => {
    const webrtc = await start({ respawnDelayMs: 5000, workerWaitMs: 50 });
    const [usage] = await webrtc.usage();
    const died = once(webrtc, 'workerDied');
    process.kill(usage?.pid ?? 0, 'SIGKILL');
    await died;
    const viewer = webrtc.createViewer({ id: '1', ingest: newIngest('a'), offer: OFFERS.chromium });
    await expect(viewer).rejects.toMatchObject({ code: 'webrtc_unavailable' });
  });

  test('a viewer that comes while the only worker starts again is served', async () => {
    const webrtc = await start({});
    const [usage] = await webrtc.usage();
    const died = once(webrtc, 'workerDied');
    process.kill(usage?.pid ?? 0, 'SIGKILL');
    await died;
    const viewer = await webrtc.createViewer({ id: '1', ingest: newIngest('a'), offer: OFFERS.chromium });
    expect(viewer.workerIndex).toBe(0);
  });

  test('a port in use is named with its key', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const basePort = typeof address === 'object' && address !== null ? address.port : 0;
    const failed = createWebRtc({ workers: 1, ...OPTIONS, basePort }, silentLogger);
    await expect(failed).rejects.toMatchObject({ code: 'port_in_use' });
    await expect(failed).rejects.toThrow(`webrtc.port: UDP and TCP port ${basePort} of 127.0.0.1`);
    server.close();
  });

  test('close is idempotent and ends the processes', async () => {
    const webrtc = await start({});
    const [usage] = await webrtc.usage();
    await webrtc.close();
    await webrtc.close();
    expect(() => process.kill(usage?.pid ?? 0, 0)).toThrow('ESRCH');
  });
});
