import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { mutateText, seededRandom } from '../support/mutate.ts';
import { freePort, type GatewayProcess } from '../support/gateway-process.ts';
import { NativePlayer } from '../support/native-player.ts';
import { NativePublisher } from '../support/native-publisher.ts';
import { PmsClient } from '../support/pms-client.ts';
import { treeResidentBytes, workersOf } from '../support/process-tree.ts';
import { eventually, Scene } from '../support/scene.ts';

/** Eight packets of a picture, every 40 ms: nothing looks into them. */
const CLIP = {
  profileLevelId: '42e01f',
  pictures: [
    {
      keyFrame: true,
      nalus: [Buffer.from('6742e01f95a014016e40', 'hex'), Buffer.from('68ce3c80', 'hex'), slice(0x65)],
    },
    ...Array.from({ length: 24 }, () => ({ keyFrame: false, nalus: [slice(0x41)] })),
  ],
};
const MAX_GROWTH_BYTES = 50_000_000;
const MAX_WORKER_GROWTH_BYTES = 6_000_000;

function slice(header: number): Buffer {
  const nalu = Buffer.alloc(9000, 0x5a);
  nalu[0] = header;
  return nalu;
}

let scene: Scene;
let gateway: GatewayProcess;
let port: number;
let url: string;
let player: NativePlayer;

beforeAll(async () => {
  scene = new Scene();
  port = await freePort();
  url = `ws://127.0.0.1:${port}/`;
  gateway = await scene.gateway({ config: { pms: { port } } });
  const publisher = scene.keep(new NativePublisher(CLIP), async (open) => open.close());
  await publisher.publish(gateway.base, 'desk');
  player = scene.keep(new NativePlayer({ audio: 'opus' }), async (open) => open.close());
  await player.play(gateway.base, 'desk');
  await stillFlows();
});

/** Whatever a test did beside it. */
afterEach(() => stillFlows());
afterAll(() => scene[Symbol.asyncDispose]());

/** The publication goes on: a picture's worth of packets arrives. */
async function stillFlows(): Promise<void> {
  const from = player.packets;
  await eventually('packets of the publication', () => (player.packets > from + 30 ? true : undefined), 3000);
}

async function streamNames(): Promise<string[]> {
  const { streams } = await gateway.json<{ streams: { name: string }[] }>('GET', '/api/v1/streams?count=100');
  return streams.map(({ name }) => name);
}

async function offerOf(): Promise<string> {
  const peer = new NativePublisher({ profileLevelId: '42e01f', pictures: [] });
  const sdp = await peer.offer();
  peer.close();
  return sdp;
}

test(
  '10,000 sessions that publish and are dropped leave nothing, and disturb nobody',
  { timeout: 240_000 },
  async () => {
    const sdp = await offerOf();
    const round = async (clients: number, name: string): Promise<void> => {
      const opened = await Promise.all(Array.from({ length: clients }, () => PmsClient.connect(url)));
      const replies = await Promise.all(
        opened.map((client, index) =>
          client.ask({ method: 'stream.publish', stream: `${name}-${index}`, session: '', data: { sdp } }),
        ),
      );
      expect(replies.filter(({ err }) => err !== 0)).toEqual([]);
      for (const { socket } of opened) socket.terminate();
    };
    const WARM_UP_ROUNDS = 10;
    for (let index = 0; index < WARM_UP_ROUNDS; index++) await round(100, `warm-${index}`);
    await eventually('the end of the first ones', async () => ((await streamNames()).length === 1 ? true : undefined));
    const before = treeResidentBytes(gateway.pid);
    for (let index = 0; index < 100 - WARM_UP_ROUNDS; index++) {
      await round(100, `round-${index}`);
      if (index % 10 === 0) await stillFlows();
    }
    await eventually('the end of all', async () => ((await streamNames()).length === 1 ? true : undefined));
    expect(treeResidentBytes(gateway.pid) - before).toBeLessThan(MAX_GROWTH_BYTES);
  },
);

test('a name that is taken over again and again leaves one publication; each who had or played it is told', async () => {
  const [one, two, viewer] = await Promise.all([1, 2, 3].map(() => PmsClient.connect(url)));
  if (one === undefined || two === undefined || viewer === undefined) throw new TypeError('three clients');
  const peer = scene.keep(new NativePlayer({ audio: 'opus' }), async (open) => open.close());
  const [publish, play] = [await offerOf(), await peer.offer()];
  const ask = (client: PmsClient, method: string, sdp: string) =>
    client.ask({ method, stream: 'taken', session: '', data: { sdp } });
  const takeOver = async (rounds: number): Promise<void> => {
    for (let round = 0; round < rounds; round += 1) {
      const [next, last] = round % 2 === 0 ? [one, two] : [two, one];
      expect(await ask(next, 'stream.publish', publish)).toMatchObject({ err: 0 });
      expect(await last.next()).toMatchObject({ err: 1, data: { reason: 'replaced' } });
      expect(await viewer.next()).toMatchObject({ err: 1, data: { reason: 'publisher_gone' } });
      expect(await ask(viewer, 'stream.play', play)).toMatchObject({ err: 0 });
    }
  };
  for (const [client, method, sdp] of [
    [two, 'stream.publish', publish],
    [viewer, 'stream.play', play],
  ] as const) {
    expect(await ask(client, method, sdp)).toMatchObject({ err: 0 });
  }
  await takeOver(100);
  // What a publication or a player that stays behind costs is the workers'; they have what they need by now.
  const ofWorkers = (): number => workersOf(gateway.pid).reduce((sum, pid) => sum + treeResidentBytes(pid), 0);
  const before = ofWorkers();
  await takeOver(400);
  expect(ofWorkers() - before).toBeLessThan(MAX_WORKER_GROWTH_BYTES);
  expect(await streamNames()).toEqual(['desk', 'taken']);
  await Promise.all([one, two, viewer].map((client) => client.close()));
  await eventually('the end of the last', async () => ((await streamNames()).length === 1 ? true : undefined));
});

test('a publisher that never sends media is told and forgotten', { timeout: 40_000 }, async () => {
  const client = scene.keep(await PmsClient.connect(url), (open) => open.close());
  const message = { method: 'stream.publish', stream: 'silent', session: '', data: { sdp: await offerOf() } };
  expect(await client.ask(message)).toMatchObject({ err: 0 });
  expect(await client.next(25_000)).toMatchObject({ err: 1, method: 'stream.close', data: { reason: 'ice_failed' } });
  expect(await streamNames()).toEqual(['desk']);
});

test.each([
  { name: 'a path', stream: '../../etc/passwd' },
  { name: 'a path behind an app', stream: 'live/..' },
  { name: 'a backslash', stream: '..\\..\\x' },
  { name: 'an escaped path', stream: '%2e%2e%2fx' },
  { name: 'a NUL', stream: 'a\0b' },
])('a stream called like $name is refused', async ({ stream }) => {
  const client = await PmsClient.connect(url);
  for (const method of ['stream.publish', 'stream.play']) {
    const reply = await client.ask({ method, stream, session: '', data: { sdp: 'v=0\r\n' } });
    expect(reply).toMatchObject({ err: -1, data: { reason: 'message_invalid' } });
    expect(String(reply['err_msg'])).toContain('stream');
  }
  await client.close();
});

test('damaged offers and messages beside a publication: each is answered, none is an error of ours', async () => {
  const random = seededRandom(28_181);
  const chromium = await readFile(new URL('../fixtures/sdp/chromium-156.sdp', import.meta.url), 'latin1');
  const offers = [await offerOf(), chromium.replaceAll('a=recvonly', 'a=sendonly')];
  const clients = await Promise.all(Array.from({ length: 8 }, () => PmsClient.connect(url)));
  const reasons = new Map<string, number>();
  const ROUNDS = 150;
  for (let round = 0; round < ROUNDS; round += 1) {
    const replies = clients.map(async (client, index) => {
      const sdp = offers[index % 2] ?? '';
      const message = { method: 'stream.publish', stream: `fuzz-${round}-${index}`, session: '', data: { sdp } };
      // Half of them hurt the offer only, so that it gets as far as the worker.
      if (index < 4) client.socket.send(mutateText(JSON.stringify(message), random));
      else client.socket.send(JSON.stringify({ ...message, data: { sdp: mutateLines(sdp, random) } }));
      const { err, session, stream, data } = await client.next();
      const { reason } = data as { reason?: string };
      const found = err === 0 ? 'published' : (reason ?? 'none');
      reasons.set(found, (reasons.get(found) ?? 0) + 1);
      if (err === 0) expect(await client.ask({ method: 'stream.close', stream, session })).toMatchObject({ err: 0 });
    });
    await Promise.all(replies);
    if (round % 50 === 0) await stillFlows();
  }
  await Promise.all(clients.map((client) => client.close()));
  const known = 'codec_unsupported message_invalid method_unknown published sdp_invalid session_unknown'.split(' ');
  expect([...reasons.keys()].filter((reason) => !known.includes(reason))).toEqual([]);
  expect(reasons.get('published')).toBeGreaterThan(ROUNDS / 4);
  expect(reasons.get('sdp_invalid')).toBeGreaterThan(ROUNDS / 4);
});

/** One to three lines of an offer are left out, repeated or exchanged for others of it: most still can be read. */
function mutateLines(sdp: string, random: () => number): string {
  const lines = sdp.split('\r\n');
  const pick = (): number => Math.floor(random() * lines.length);
  for (let count = 1 + Math.floor(random() * 3); count > 0; count -= 1) {
    const [at, other] = [pick(), pick()];
    const kind = Math.floor(random() * 3);
    if (kind === 0) lines.splice(at, 1);
    else if (kind === 1) lines.splice(at, 0, lines[other] ?? '');
    else lines[at] = lines[other] ?? '';
  }
  return lines.join('\r\n');
}

test('an SDP with 200 m-lines is refused with the limit', async () => {
  const section = 'm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\na=sendonly\r\n';
  const sdp = `v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n${section.repeat(200)}`;
  const client = await PmsClient.connect(url);
  const reply = await client.ask({ method: 'stream.publish', stream: 'wide', session: '', data: { sdp } });
  expect(reply).toMatchObject({ err: -1, data: { reason: 'sdp_invalid' } });
  expect(String(reply['err_msg'])).toContain('the offer has 200 m= lines');
  await client.close();
});

test('a message of 16 MB ends its own connection only', async () => {
  const client = await PmsClient.connect(url);
  const closed = once(client.socket, 'close');
  client.socket.on('error', () => undefined);
  client.socket.send(Buffer.alloc(16_000_000, 0x20));
  const [code] = (await closed) as [number];
  expect([1006, 1009]).toContain(code);
  const response = await fetch(`http://127.0.0.1:${port}/`, {
    method: 'POST',
    body: Buffer.alloc(16_000_000, 0x20),
  }).then(
    async (answer) => (await answer.json()) as { err: number },
    () => ({ err: -1 }),
  );
  expect(response.err).toBe(-1);
});

test('half-open and half-sent connections keep nobody out', async () => {
  const sockets: Socket[] = [];
  for (const [index, text] of [
    '',
    'GET / HTTP/1.1\r\nUpgrade: webso',
    'POST / HTTP/1.1\r\nContent-Length: 900\r\n\r\n{',
  ].entries()) {
    for (let count = 0; count < 100; count++) {
      const socket = connect({ host: '127.0.0.1', port, localAddress: `127.0.0.${index + 2}` });
      socket.on('error', () => undefined);
      sockets.push(socket);
      await once(socket, 'connect');
      socket.write(text);
    }
  }
  const client = await PmsClient.connect(url);
  expect(await client.ask({ method: 'stream.heartbeat', stream: 'desk' })).toMatchObject({ err: 0 });
  await client.close();
  await stillFlows();
  for (const socket of sockets) socket.destroy();
});

test('a client that asks and never reads is cut off', { timeout: 60_000 }, async () => {
  const client = await PmsClient.connect(url);
  client.socket.on('error', () => undefined);
  const closed = once(client.socket, 'close');
  client.socket.pause();
  const message = JSON.stringify({ method: 'stream.heartbeat', stream: 'x'.repeat(400), data: {} });
  for (let sent = 0; sent < 200_000 && client.socket.readyState === client.socket.OPEN; sent++) {
    client.socket.send(message);
    if (sent % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await stillFlows();
  // What it finds when it reads again: the end.
  client.socket.resume();
  await closed;
});
