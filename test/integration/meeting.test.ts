import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { freePort, type GatewayProcess } from '../support/gateway-process.ts';
import { MeetingClient } from '../support/meeting-client.ts';
import { NativePlayer } from '../support/native-player.ts';
import { NativePublisher } from '../support/native-publisher.ts';
import { PmsClient, type PmsMessage } from '../support/pms-client.ts';
import { eventually, Scene } from '../support/scene.ts';

const CLIP = {
  profileLevelId: '42e01f',
  pictures: [
    {
      keyFrame: true,
      nalus: ['6742e01f95a014016e40', '68ce3c80', '65'].map((hex) => Buffer.from(hex.padEnd(40, '5a'), 'hex')),
    },
    { keyFrame: false, nalus: [Buffer.from('41'.padEnd(40, '5a'), 'hex')] },
  ],
};

let scene: Scene;
let gateway: GatewayProcess;
let admin: Record<string, string>;
let ports: { rooms: number; pms: number; rtsp: number };

beforeAll(async () => {
  scene = new Scene();
  ports = { rooms: await freePort(), pms: await freePort(), rtsp: await freePort() };
  gateway = await scene.gateway({
    config: {
      http: { auth: { enable: true } },
      pms: { port: ports.pms },
      rooms: { port: ports.rooms },
      rtsp: { port: ports.rtsp, auth: { enable: true } },
      meeting: { 'grace-time': '1s', 'node-timeout': '1s', 'node-token': 'node-secret' },
    },
  });
  const password = /password\s+(\S+)/.exec(gateway.output())?.[1] ?? '';
  const { token } = await gateway.json<{ token: string }>('POST', '/api/v1/login', { username: 'admin', password });
  admin = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
});

afterAll(() => scene[Symbol.asyncDispose]());

async function api<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${gateway.base}/api/v1/${path}`, {
    method,
    headers: admin,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

async function roomToken(room: string, user: string, rights = ['join', 'publish', 'broadcast']): Promise<string> {
  const { token } = await api<{ token: string }>('POST', 'tokens', { scope: 'room', app: 'test', room, user, rights });
  return token;
}

async function connect(url: string): Promise<MeetingClient> {
  return scene.keep(await MeetingClient.connect(url), (client) => client.close());
}

/** A member by a token of its own, on the rooms' port. */
async function member(channel: string, endpoint: string): Promise<MeetingClient> {
  const client = await connect(`ws://127.0.0.1:${ports.rooms}/meeting?token=${await roomToken(channel, endpoint)}`);
  const reply = await client.join({ app: 'test', channel, endpoint, role: 'normal' });
  if (reply.err !== 0) throw new Error(reply.err_msg);
  return client;
}

/** What pms says when this member publishes or plays with the address that it was given. */
async function media(
  client: MeetingClient,
  method: string,
  stream: string,
  sdp: string,
): Promise<[PmsClient, PmsMessage]> {
  const pms = scene.keep(await PmsClient.connect(client.mediaServer.ws), (open) => open.close());
  return [pms, await pms.ask({ version: '1.0', method: `stream.${method}`, stream, session: '', data: { sdp } })];
}

/** Plays over the connection of the requests until one of both sides closes it. */
async function readRtsp(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = scene.keep(createConnection(Number(port), hostname), async (open) => open.destroy());
  let session = '';
  const ask = async (request: string): Promise<void> => {
    socket.write(`${request}\r\nCSeq: 1\r\n${session}\r\n`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString('latin1').split('\r\n')[0]).toBe('RTSP/1.0 200 OK');
    const id = /^Session: *(\w+)/im.exec(answer.toString('latin1'))?.[1];
    if (id !== undefined) session = `Session: ${id}\r\n`;
  };
  await ask(`DESCRIBE ${url} RTSP/1.0`);
  const setup = url.replace('?', '/trackID=0?');
  await ask(`SETUP ${setup} RTSP/1.0\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1`);
  await ask(`PLAY ${url} RTSP/1.0`);
  socket.resume();
  return socket;
}

const STREAM = { type: 'camera', has_video: true, has_audio: true, audio_codec: 'opus', video_codec: 'h264' };
const sdpOf = ({ data }: PmsMessage): string => data['sdp'] as string;

describe('a meeting over the real ports', () => {
  test('members publish, play and see each other; nobody else gets in', async () => {
    const alice = await member('room1', 'alice');
    expect(alice.mediaServer).toEqual({
      wss: '',
      ws: expect.stringMatching(new RegExp(`^ws://127\\.0\\.0\\.1:${ports.pms}/\\?token=[\\w.-]+$`)),
      https: '',
      http: expect.stringMatching(`http://127.0.0.1:${ports.pms}/`),
      rtsp: expect.stringMatching(`rtsp://127.0.0.1:${ports.rtsp}/`),
    });
    // By the port of the console, with the token in the message.
    const bob = await connect(`ws://127.0.0.1:${gateway.httpPort}/meeting/`);
    const token = await roomToken('*', '*');
    expect(await bob.join({ app: 'test', channel: 'room1', endpoint: 'bob', token })).toMatchObject({ err: 0 });
    const mallory = await member('room2', 'mallory');

    const publisher = scene.keep(new NativePublisher(CLIP), async (open) => open.close());
    const [pms, published] = await media(alice, 'publish', 'alice-1', await publisher.offer());
    expect(published).toMatchObject({ err: 0 });
    await publisher.answer(sdpOf(published));
    expect(await alice.ask('stream.add', { stream: { ...STREAM, stream_id: 'alice-1' } })).toMatchObject({ err: 0 });
    await eventually('the event', () => bob.events[0]);
    expect(bob.take()).toEqual([
      { event: 'stream', device: '', endpoint: 'alice', stream: 'alice-1', stat: 'publish' },
    ]);

    const player = scene.keep(new NativePlayer({ audio: 'opus' }), async (open) => open.close());
    const [, played] = await media(bob, 'play', 'alice-1', await player.offer());
    expect(played).toMatchObject({ err: 0 });
    await player.answer(sdpOf(played));
    await eventually('packets at bob', () => (player.packets > 30 ? true : undefined));

    const offer = await scene.keep(new NativePlayer(), async (open) => open.close()).offer();
    const refused = { err: -1, data: { reason: 'not_allowed' } };
    // Of another room; a name of somebody else; a stream that nobody has declared.
    expect((await media(mallory, 'play', 'alice-1', offer))[1]).toMatchObject(refused);
    expect((await media(bob, 'publish', 'alice-1', offer))[1]).toMatchObject(refused);
    expect((await media(bob, 'play', 'alice-2', offer))[1]).toMatchObject(refused);
    // The API knows the same token for WHEP, and for nothing else.
    const bobToken = new URL(bob.mediaServer.ws).searchParams.get('token') ?? '';
    const whep = (stream: string) =>
      fetch(`${gateway.base}/rtc/v1/whep/?app=live&stream=${stream}&token=${bobToken}`, { method: 'POST', body: 'x' });
    expect([(await whep('alice-1')).status, (await whep('alice-2')).status]).toEqual([400, 403]);
    expect((await fetch(`${gateway.base}/api/v1/rooms?token=${bobToken}`)).status).toBe(403);

    expect(await api('GET', 'rooms/test/room1')).toMatchObject({
      members: 2,
      streams: 1,
      endpoints: [{ endpoint: 'alice', connected: true, streams: [{ stream_id: 'alice-1' }] }, { endpoint: 'bob' }],
    });

    // The media ends by itself: told once, whatever the client says later.
    await pms.close();
    await eventually('the event', () => bob.events[0]);
    expect(await alice.ask('stream.delete', { stream_id: 'alice-1' })).toMatchObject({ err: 0 });
    await bob.ask('channel.dump');
    expect(bob.take()).toEqual([
      { event: 'stream', device: '', endpoint: 'alice', stream: 'alice-1', stat: 'unpublish' },
    ]);
    expect(mallory.take()).toEqual([]);
  });

  test('a member that is put out loses connection, publication and media rights', async () => {
    const [dora, watcher] = [await member('room3', 'dora'), await member('room3', 'watcher')];
    const publisher = scene.keep(new NativePublisher(CLIP), async (open) => open.close());
    const [, published] = await media(dora, 'publish', 'dora-1', await publisher.offer());
    await publisher.answer(sdpOf(published));
    await dora.ask('stream.add', { stream: { ...STREAM, stream_id: 'dora-1' } });
    const closed = once(dora.socket, 'close') as Promise<[number, Buffer]>;
    await api('DELETE', 'rooms/test/room3/members/dora');
    expect((await closed)[1].toString()).toBe('kicked');
    expect(dora.take().at(-1)).toEqual({ event: 'error', type: 'kicked' });
    await watcher.ask('channel.dump');
    expect(watcher.take()).toEqual([
      { event: 'stream', device: '', endpoint: 'dora', stream: 'dora-1', stat: 'publish' },
      { event: 'stream', device: '', endpoint: 'dora', stream: 'dora-1', stat: 'unpublish' },
      { event: 'endpoint', device: '', endpoint: 'dora', stat: 'leave' },
    ]);
    const { items } = await api<{ items: unknown[] }>('GET', 'live-streams?search=dora-1');
    expect(items).toEqual([]);
    const offer = await scene.keep(new NativePlayer(), async (open) => open.close()).offer();
    expect((await media(dora, 'publish', 'dora-1', offer))[1]).toMatchObject({ data: { reason: 'not_allowed' } });
  });

  test('a member that is put out watches nothing any more, by pms, WHEP or RTSP', async () => {
    const [ada, guest] = [await member('room6', 'ada'), await member('room6', 'guest')];
    const publisher = scene.keep(new NativePublisher(CLIP), async (open) => open.close());
    const [, published] = await media(ada, 'publish', 'ada-1', await publisher.offer());
    await publisher.answer(sdpOf(published));
    await ada.ask('stream.add', { stream: { ...STREAM, stream_id: 'ada-1' } });

    const players = [0, 1].map(() => scene.keep(new NativePlayer({ audio: 'opus' }), async (open) => open.close()));
    const offers = await Promise.all(players.map((player) => player.offer()));
    const [pms, played] = await media(guest, 'play', 'ada-1', offers[0] ?? '');
    expect(played).toMatchObject({ err: 0 });
    const token = new URL(guest.mediaServer.ws).searchParams.get('token') ?? '';
    const whep = `${gateway.base}/rtc/v1/whep/?app=live&stream=ada-1&token=${token}`;
    expect((await fetch(whep, { method: 'POST', body: offers[1] ?? '' })).status).toBe(201);
    const reader = await readRtsp(guest.mediaServer.rtsp.replace('/?', '/live/ada-1?'));
    const watching = async () => {
      const { items } = await api<{ items: { viewerCount: number }[] }>('GET', 'live-streams?search=ada-1');
      return items.map(({ viewerCount }) => viewerCount);
    };
    expect(await watching()).toEqual([3]);
    const ended = once(reader, 'close');
    await api('DELETE', 'rooms/test/room6/members/guest');
    await ended;
    expect(await pms.next()).toMatchObject({ data: { reason: 'closed' } });
    expect(await watching()).toEqual([0]);
  });

  test('a lost connection: back within the grace time nobody notices, later the member is gone', async () => {
    const [emil, watcher] = [await member('room4', 'emil'), await member('room4', 'watcher')];
    await emil.ask('stream.add', { stream: { ...STREAM, stream_id: 'emil-1' } });
    await eventually('the stream', () => watcher.events[0]);
    watcher.take();
    emil.socket.terminate();
    const back = await member('room4', 'emil');
    await watcher.ask('channel.dump');
    expect(watcher.take()).toEqual([]);
    expect((await back.ask('channel.dump')).data['endpoint_list']).toMatchObject([
      { endpoint: 'emil', stream: { stream_id: 'emil-1' } },
      { endpoint: 'watcher' },
    ]);
    back.socket.terminate();
    await eventually('its leave', () => watcher.events[1]);
    expect(watcher.take()).toMatchObject([
      { stat: 'unpublish' },
      { event: 'endpoint', endpoint: 'emil', stat: 'leave' },
    ]);
  });

  test.each<[string, () => Promise<string>, string]>([
    ['no token', async () => '', 'token_missing'],
    ['no room token', async () => 'a.b.c', 'token_invalid'],
    ['of another room', () => roomToken('other', '*'), 'not_allowed'],
  ])('%s: an answer, then the connection closes', async (_name, token, reason) => {
    const client = await connect(`ws://127.0.0.1:${ports.rooms}/meeting?token=${await token()}`);
    const closed = once(client.socket, 'close') as Promise<[number, Buffer]>;
    expect(await client.join({ app: 'test', channel: 'room1', endpoint: 'x' })).toMatchObject({
      err: -1,
      data: { reason },
    });
    expect(await closed).toMatchObject([1008, Buffer.from(reason)]);
  });

  test('media nodes: the least loaded living one, another one after its failure', async () => {
    const beat = async (id: string, load: number): Promise<number> => {
      const response = await fetch(`${gateway.base}/api/v1/media-nodes`, {
        method: 'POST',
        headers: { authorization: 'Bearer node-secret', 'content-type': 'application/json' },
        body: JSON.stringify({ id, addresses: { wss: `wss://${id}.test/` }, load, capacity: 100 }),
      });
      return response.status;
    };
    expect([await beat('n1', 10), await beat('n2', 50)]).toEqual([200, 200]);
    const frank = await member('room5', 'frank');
    expect(frank.mediaServer.wss).toBe('wss://n1.test/');
    // n1 is silent; n2 goes on.
    const current = async (): Promise<string> => {
      await beat('n2', 50);
      const { data } = await frank.ask('media_server.dump', { protocol: 'webrtc' });
      return (data['media_server'] as { wss: string }).wss;
    };
    await eventually('another node', async () => ((await current()) === 'wss://n2.test/' ? true : undefined), 5000);
    const { items } = await api<{ items: { id: string; alive: boolean }[] }>('GET', 'media-nodes');
    expect(items).toMatchObject([
      { id: 'n1', alive: false },
      { id: 'n2', alive: true },
    ]);
    await api('DELETE', 'media-nodes/n1');
    await api('DELETE', 'media-nodes/n2');
    const { data } = await frank.ask('media_server.dump');
    expect((data['media_server'] as { ws: string }).ws).toContain(`:${ports.pms}/`);
  });

  test('who reads nothing is cut off and does not hold up the room', async () => {
    const [sender, reader] = [await member('room6', 'sender'), await member('room6', 'reader')];
    const slow = await member('room6', 'slow');
    await sender.ask('channel.dump');
    sender.take();
    slow.socket.pause();
    const payload = { text: 'x'.repeat(100_000) };
    let count = 0;
    // More than the sockets' buffers and rooms.max-unread.
    for (; count < 400 && sender.events.length === 0; count++) await sender.ask('broadcast', payload);
    await eventually('the leave of the slow one', () => sender.events.find(({ data }) => data['stat'] === 'leave'));
    expect(sender.take()).toEqual([{ event: 'endpoint', device: '', endpoint: 'slow', stat: 'leave' }]);
    await reader.ask('channel.dump');
    expect(reader.events.filter(({ event }) => event === 'broadcast')).toHaveLength(count);
    slow.socket.resume();
  });

  test('garbage, and who goes without a word, harm nobody', async () => {
    const [first, second] = [await member('room7', 'first'), await member('room7', 'second')];
    await first.ask('channel.dump');
    first.take();
    const raw = new WebSocket(`ws://127.0.0.1:${ports.rooms}/meeting`);
    await once(raw, 'open');
    raw.send('{"method":');
    raw.send(Buffer.from([0xff, 0xfe, 0x00]));
    const answers = (await once(raw, 'message')) as [Buffer];
    expect(JSON.parse(answers[0].toString())).toMatchObject({ err: -1, data: { reason: 'message_invalid' } });
    raw.terminate();
    expect(await second.ask('broadcast', { text: '<script>alert(1)</script>' })).toMatchObject({ err: 0 });
    await eventually('the broadcast', () => first.events[0]);
    expect(first.take()).toMatchObject([{ event: 'broadcast', payload: { text: '<script>alert(1)</script>' } }]);
  });

  test('a half-open connection, which answers no ping, is found and its member leaves', async () => {
    const port = await freePort();
    await scene.gateway({
      config: { rooms: { port, 'idle-timeout': '4s' }, meeting: { 'grace-time': '1s' } },
    });
    const url = `ws://127.0.0.1:${port}/meeting`;
    const join = (endpoint: string) => ({ app: 'test', channel: 'room8', endpoint, role: 'normal' });
    const watcher = await connect(url);
    expect(await watcher.join(join('watcher'))).toMatchObject({ err: 0 });
    const dead = scene.keep(new WebSocket(url, { autoPong: false }), async (socket) => socket.terminate());
    await once(dead, 'open');
    dead.send(JSON.stringify({ method: 'channel.join', data: join('dead') }));
    await eventually('the join', () => watcher.events.find(({ data }) => data['stat'] === 'join'));
    await eventually('the leave', () => watcher.events.find(({ data }) => data['stat'] === 'leave'));
    expect(watcher.take()).toMatchObject([
      { event: 'endpoint', endpoint: 'dead', stat: 'join' },
      { event: 'endpoint', endpoint: 'dead', stat: 'leave' },
    ]);
    expect(watcher.socket.readyState).toBe(WebSocket.OPEN);
  });
});
