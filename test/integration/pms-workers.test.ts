import { expect, test } from 'vitest';
import { freePort } from '../support/gateway-process.ts';
import { NativePlayer } from '../support/native-player.ts';
import { NativePublisher } from '../support/native-publisher.ts';
import { PmsClient, type PmsMessage } from '../support/pms-client.ts';
import { workersOf } from '../support/process-tree.ts';
import { eventually, Scene } from '../support/scene.ts';

const CLIP = {
  profileLevelId: '42e01f',
  pictures: [
    { keyFrame: true, nalus: ['6742e01f95a014016e40', '68ce3c80', '65888400'].map((hex) => Buffer.from(hex, 'hex')) },
  ],
};
const STREAMS = ['a', 'b', 'c', 'd'];

/** A publisher and a player of one stream, each with a WebSocket of its own. */
interface Pair {
  readonly stream: string;
  readonly publisher: PmsClient;
  readonly player: PmsClient;
  readonly received: NativePlayer;
}

async function offered(client: PmsClient, method: string, stream: string, sdp: string): Promise<string> {
  const reply = await client.ask({ version: '1.0', method, stream, session: '', data: { sdp } });
  expect(reply).toMatchObject({ err: 0, stream });
  return String(reply.data['sdp']);
}

async function openPair(scene: Scene, url: string, stream: string): Promise<Pair> {
  const connect = async (): Promise<PmsClient> =>
    scene.keep(await PmsClient.connect(url), async (client) => client.close());
  const [publisher, player] = [await connect(), await connect()];
  const sender = scene.keep(new NativePublisher(CLIP), async (open) => open.close());
  await sender.answer(await offered(publisher, 'stream.publish', stream, await sender.offer()));
  const received = scene.keep(new NativePlayer({ audio: 'opus' }), async (open) => open.close());
  await received.answer(await offered(player, 'stream.play', stream, await received.offer()));
  const pair = { stream, publisher, player, received };
  await flows(pair);
  return pair;
}

async function flows({ stream, received }: Pair): Promise<void> {
  const from = received.packets;
  await eventually(`packets of ${stream}`, () => (received.packets > from + 20 ? true : undefined));
}

/** What a client was told by itself: the messages before the reply to its heartbeat. */
async function told(client: PmsClient, stream: string): Promise<PmsMessage[]> {
  const messages = [await client.ask({ version: '1.0', method: 'stream.heartbeat', stream, data: {} })];
  while (messages.at(-1)?.['method'] !== 'stream.heartbeat') messages.push(await client.next());
  return messages.slice(0, -1);
}

test('numOfWorkerProcess: streams are spread; those of a dead worker are told, the others go on, the worker comes back', async () => {
  await using scene = new Scene();
  const port = await freePort();
  const gateway = await scene.gateway({ config: { pms: { port, numOfWorkerProcess: 2 } } });
  const workers = workersOf(gateway.pid);
  expect(workers).toHaveLength(2);
  const pairs: Pair[] = [];
  for (const stream of STREAMS) pairs.push(await openPair(scene, `ws://127.0.0.1:${port}/`, stream));

  process.kill(workers[0] ?? 0, 'SIGKILL');
  const closed = { err: 1, method: 'stream.close' };
  const ended = await eventually('two streams that end', async () => {
    const { streams } = await gateway.json<{ streams: { name: string }[] }>('GET', '/api/v1/streams?count=100');
    const dead = pairs.filter(({ stream }) => !streams.some(({ name }) => name === stream));
    return dead.length === 2 ? dead : undefined;
  });
  for (const { stream, publisher, player } of ended) {
    expect(await told(publisher, stream)).toMatchObject([{ ...closed, stream, data: { reason: 'worker_died' } }]);
    expect(await told(player, stream)).toMatchObject([{ ...closed, stream }]);
  }
  for (const pair of pairs.filter((other) => !ended.includes(other))) {
    expect(await told(pair.publisher, pair.stream)).toEqual([]);
    expect(await told(pair.player, pair.stream)).toEqual([]);
    await flows(pair);
  }

  await eventually('two workers again', () => (workersOf(gateway.pid).length === 2 ? true : undefined));
  await eventually('200 of /healthz', async () => ((await fetch(`${gateway.base}/healthz`)).ok ? true : undefined));
  for (const { stream } of ended) await openPair(scene, `ws://127.0.0.1:${port}/`, stream);
});
