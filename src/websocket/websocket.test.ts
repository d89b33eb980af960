import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { cpuMsOf } from '../../test/support/cpu-time.ts';
import { silentLogger } from '../util/index.ts';
import { isLocation } from './caller.ts';
import { createWebSocketHub } from './hub.ts';
import { openWebSocketPorts, type RequestLimits } from './ports.ts';
import type { Peer, PeerHandler, PeerLimits, PostRoute, WebSocketHub, WebSocketPorts } from './types.ts';

const LIMITS: PeerLimits = {
  idleTimeoutMs: 60_000,
  messageTimeoutMs: 0,
  maxPayloadBytes: 10_000,
  maxBackpressureBytes: 100_000,
  messageRate: 1000,
  maxConnections: 3,
  ordered: false,
};

let hub: WebSocketHub;
let ports: WebSocketPorts;
const sockets: WebSocket[] = [];
const told: string[] = [];
const peers: Peer[] = [];

interface Wish {
  readonly limits?: Partial<PeerLimits>;
  readonly handle?: (text: string, peer: Peer) => void | Promise<void>;
  readonly post?: Partial<PostRoute>;
  readonly trustedProxies?: readonly string[];
  readonly requests?: Partial<RequestLimits>;
}

async function open(wish: Wish = {}): Promise<number> {
  const { limits, handle = () => undefined, post, trustedProxies = [], requests } = wish;
  const connectPeer = (peer: Peer): PeerHandler => {
    peers.push(peer);
    return {
      handleMessage: (text) => handle(text, peer),
      handleRefused: (reason) => peer.send(`refused: ${reason}`),
      handleClose: () => void told.push('closed'),
    };
  };
  const route: PostRoute = {
    location: '/post',
    maxPayloadBytes: 100,
    messageRate: 2,
    handle: async (text) => ({ body: text.toUpperCase(), contentType: 'text/plain' }),
    refuse: (reason) => ({ status: 429, body: reason }),
    ...post,
  };
  hub = createWebSocketHub(
    {
      protocols: [{ location: '/echo/', limits: { ...LIMITS, ...limits }, connect: connectPeer }],
      posts: [route],
      trustedProxies,
    },
    silentLogger,
  );
  ports = await openWebSocketPorts([{ address: '127.0.0.1', port: 0 }], hub, silentLogger, requests);
  return ports.addresses[0]?.port ?? 0;
}

async function client(port: number, path = '/echo', headers: Record<string, string> = {}): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers });
  sockets.push(socket);
  await once(socket, 'open');
  return socket;
}

const next = async (socket: WebSocket): Promise<string> => String((await once(socket, 'message'))[0]);

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  hub.close();
  await ports.close();
  peers.length = 0;
  told.length = 0;
});

describe('a peer', () => {
  test('has the facts of its request', async () => {
    const port = await open();
    await client(port, '/echo?token=t1&room=a%20b', { origin: 'http://page.test', 'user-agent': 'x'.repeat(500) });
    expect(peers[0]).toMatchObject({
      address: '127.0.0.1',
      token: 't1',
      origin: 'http://page.test',
      host: `127.0.0.1:${port}`,
      secure: false,
      closed: false,
    });
    expect(peers[0]?.query.get('room')).toBe('a b');
    expect(peers[0]?.userAgent).toHaveLength(256);
  });

  test('behind a trusted proxy has the address, host and scheme of its client', async () => {
    const port = await open({ trustedProxies: ['127.0.0.0/8'] });
    const forwarded = { 'x-forwarded-for': '198.51.100.1, 203.0.113.7', 'x-forwarded-proto': 'https' };
    await client(port, '/echo', { ...forwarded, 'x-forwarded-host': 'video.example.org' });
    expect(peers[0]).toMatchObject({ address: '203.0.113.7', host: 'video.example.org', secure: true });
  });

  test('is told of a message over the rate, and cut off when it goes on', async () => {
    const port = await open({ limits: { messageRate: 1 }, handle: (text, peer) => peer.send(text) });
    const socket = await client(port);
    const answers: string[] = [];
    socket.on('message', (data: Buffer) => answers.push(data.toString()));
    const closed = once(socket, 'close');
    for (let index = 0; index < 300; index++) socket.send('m');
    expect((await closed)[0]).toBe(1008);
    expect(answers.slice(0, 3)).toEqual(['m', 'm', 'refused: more than 1 messages per second']);
    expect(told).toEqual(['closed']);
  });

  test('has a bounded number of messages that wait', async () => {
    const port = await open({ limits: { maxPending: 2 }, handle: () => new Promise(() => undefined) });
    const socket = await client(port);
    for (let index = 0; index < 3; index++) socket.send('m');
    expect(await next(socket)).toBe('refused: 2 messages are waiting for their answers, the limit is 2');
  });

  test('with too large a message is closed with 1009', async () => {
    const socket = await client(await open());
    const closed = once(socket, 'close');
    socket.send('x'.repeat(10_001));
    expect((await closed)[0]).toBe(1009);
  });

  test('that throws harms nobody, and goes on', async () => {
    const port = await open({
      handle: (text, peer) => {
        if (text === 'throw') throw new Error('broken');
        if (text === 'reject') return Promise.reject(new Error('broken'));
        return peer.send(text);
      },
    });
    const socket = await client(port);
    for (const text of ['throw', 'reject', 'fine']) socket.send(text);
    expect(await next(socket)).toBe('fine');
  });

  test('that reads nothing is cut off, the others get theirs', async () => {
    const text = 'x'.repeat(64_000);
    const port = await open({ limits: { maxConnections: 5 } });
    const [slow, fast] = [await client(port), await client(port)];
    (slow as unknown as { _socket: { pause(): void } })._socket.pause();
    let received = 0;
    fast.on('message', () => (received += 1));
    let sent = 0;
    while (peers[0]?.closed === false && sent < 2000) {
      for (const peer of peers) peer.send(text);
      sent += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(sent).toBeLessThan(2000);
    await expect.poll(() => received).toBe(sent);
    expect(peers[1]?.closed).toBe(false);
  });

  test('that is silent is closed; a pong is enough for the one bound, not for the other', async () => {
    const port = await open({ limits: { idleTimeoutMs: 60_000, messageTimeoutMs: 150 } });
    const socket = await client(port);
    expect(String((await once(socket, 'close'))[1])).toBe('no message for 150 ms');
  });

  test('that does not answer a ping is closed', async () => {
    const port = await open({ limits: { idleTimeoutMs: 150 } });
    const socket = connect(port, '127.0.0.1');
    socket.write(
      'GET /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    socket.resume();
    await once(socket, 'close');
    await expect.poll(() => told).toEqual(['closed']);
  });
});

test('a peer that is asked whether it is there answers by itself, or by what it sends; a dead one does not', async () => {
  const port = await open();
  const living = await client(port);
  expect(await peers[0]?.answers(10_000)).toBe(true);
  const dead = new WebSocket(`ws://127.0.0.1:${port}/echo`, { autoPong: false });
  sockets.push(dead);
  await once(dead, 'open');
  expect(await Promise.all([peers[1]?.answers(50), peers[1]?.answers(100)])).toEqual([false, false]);
  const asked = peers[1]?.answers(10_000);
  dead.send('x');
  expect(await asked).toBe(true);
  const leaving = peers[1]?.answers(10_000);
  dead.terminate();
  expect(await leaving).toBe(false);
  living.close();
  await once(living, 'close');
  expect(await peers[0]?.answers(10_000)).toBe(false);
});

test('a clock that is set back or forward refuses and ends nothing', async () => {
  const port = await open({ limits: { idleTimeoutMs: 3000, messageRate: 5 }, handle: (text, peer) => peer.send(text) });
  const socket = await client(port);
  for (const step of [-3_600_000, 3_600_000]) {
    const clock = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + step);
    socket.send('hello');
    expect(await next(socket)).toBe('hello');
    // Beyond a check of the idle ones.
    await once(socket, 'ping');
    clock.mockRestore();
  }
  expect(socket.readyState).toBe(WebSocket.OPEN);
});

describe('order', () => {
  test.each([
    { ordered: true, answers: ['slow', 'quick'] },
    { ordered: false, answers: ['quick', 'slow'] },
  ])('ordered: $ordered', async ({ ordered, answers }) => {
    let release: () => void = () => undefined;
    const port = await open({
      limits: { ordered },
      handle: async (text, peer) => {
        if (text === 'slow') await new Promise<void>((resolve) => (release = resolve));
        peer.send(text);
      },
    });
    const socket = await client(port);
    const received: string[] = [];
    socket.on('message', (data: Buffer) => received.push(data.toString()));
    socket.send('slow');
    socket.send('quick');
    if (ordered) {
      const pong = once(socket, 'pong');
      socket.ping();
      await pong;
    } else await expect.poll(() => received).toEqual(['quick']);
    release();
    await expect.poll(() => received).toEqual(answers);
  });
});

describe('ports', () => {
  test('refuse what nobody serves, and one connection too many', async () => {
    const port = await open();
    const refused = async (path: string): Promise<string> => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
      return String((await once(socket, 'error'))[0]);
    };
    expect(await refused('/other')).toContain('404');
    for (let index = 0; index < 3; index++) await client(port);
    expect(await refused('/echo')).toContain('503');
  });

  test.each([
    { trustedProxies: ['127.0.0.1'], statuses: [200, 200, 200, 200, 429, 200] },
    { trustedProxies: [], statuses: [200, 200, 200, 200, 429, 429] },
  ])('count POSTs by client: $trustedProxies', async ({ trustedProxies, statuses }) => {
    const port = await open({ trustedProxies });
    const seen: number[] = [];
    for (const client of ['203.0.113.7', '203.0.113.7', '203.0.113.7', '203.0.113.7', '203.0.113.7', '203.0.113.8']) {
      const headers = { 'X-Forwarded-For': client };
      const answer = await fetch(`http://127.0.0.1:${port}/post`, { method: 'POST', body: 'a', headers });
      seen.push(answer.status);
    }
    expect(seen).toEqual(statuses);
  });

  test('take a POST within its bounds', async () => {
    const port = await open();
    const post = (body: string, path = '/post'): Promise<Response> =>
      fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body });
    const answer = await post('abc');
    expect([await answer.text(), answer.headers.get('content-type')]).toEqual(['ABC', 'text/plain']);
    expect((await post('abc', '/nowhere')).status).toBe(404);
    expect(await (await post('x'.repeat(101))).text()).toBe('the message has more than 100 bytes');
    const statuses: number[] = [];
    for (let index = 0; index < 4; index++) statuses.push((await post('x')).status);
    expect(statuses).toContain(429);
  });

  test('say goodbye, however often they are closed', async () => {
    const socket = await client(await open());
    const closed = once(socket, 'close');
    hub.close();
    hub.close();
    await Promise.all([ports.close(), ports.close()]);
    expect((await closed)[0]).toBe(1001);
  });
});

test('a port has room for its WebSockets and some requests, not for connections without end', async () => {
  const port = await open({ requests: { connections: 2 } });
  const idle = Array.from({ length: LIMITS.maxConnections + 2 }, () => connect(port, '127.0.0.1'));
  await Promise.all(idle.map((socket) => once(socket, 'connect')));
  const surplus = connect(port, '127.0.0.1').on('error', () => undefined);
  await once(surplus, 'close');
  expect(idle.filter(({ destroyed }) => destroyed)).toEqual([]);
  for (const socket of idle) socket.destroy();
});

describe('a location', () => {
  const asks = (url: string, location: string): boolean => isLocation({ url } as IncomingMessage, location);

  test.each([
    ['/ws', '/ws', true],
    ['/ws//?a=b/', '/ws/', true],
    ['/', '/', true],
    ['//', '/', true],
    ['/w', '/ws', false],
    ['/ws/x', '/ws', false],
  ])('%s for %s: %s', (url, location, expected) => {
    expect(asks(url, location)).toBe(expected);
  });

  test('takes no time over a path of slashes', () => {
    const url = `${'/'.repeat(100_000)}x`;
    expect(cpuMsOf(() => expect(asks(url, '/ws')).toBe(false))).toBeLessThan(1000);
  });
});
