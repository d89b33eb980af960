import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { silentLogger } from '../util/index.ts';
import { createWebSocketHub } from './hub.ts';
import { openWebSocketPorts } from './ports.ts';
import type { WebSocketHub, WebSocketPorts } from './types.ts';

const [GREEDY, OTHER] = ['127.0.0.1', '127.0.0.2'];
const MAX_MESSAGE = 20_000;
const MAX_HELD = 50_000;

let hub: WebSocketHub;
let ports: WebSocketPorts;
const opened: Array<() => unknown> = [];

afterEach(async () => {
  for (const close of opened.splice(0)) close();
  hub.close();
  await ports.close();
});

async function open(): Promise<number> {
  const limits = {
    idleTimeoutMs: 60_000,
    messageTimeoutMs: 0,
    maxPayloadBytes: MAX_MESSAGE,
    maxBackpressureBytes: 1_000_000,
    messageRate: 1000,
    maxConnections: 100,
    ordered: false,
  };
  const echo = {
    location: '/echo',
    limits,
    connect: (peer: { send(text: string): void }) => ({
      handleMessage: (text: string) => peer.send(String(text.length)),
      handleRefused: () => undefined,
      handleClose: () => undefined,
    }),
  };
  const length = {
    location: '/length',
    maxPayloadBytes: MAX_MESSAGE,
    messageRate: 1000,
    handle: async (text: string) => ({ body: String(text.length) }),
    refuse: (reason: string) => ({ body: reason }),
  };
  hub = createWebSocketHub({ protocols: [echo], posts: [length], maxHeldBytes: MAX_HELD }, silentLogger);
  ports = await openWebSocketPorts([{ address: '127.0.0.1', port: 0 }], hub, silentLogger);
  return ports.addresses[0]?.port ?? 0;
}

async function client(port: number, localAddress: string): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/echo`, { localAddress });
  opened.push(() => socket.terminate());
  await once(socket, 'open');
  return socket;
}

/** Resolves when the other side has what was sent. */
async function arrived(socket: WebSocket): Promise<void> {
  const pong = once(socket, 'pong');
  socket.ping();
  await pong;
}

async function sendPart(socket: WebSocket, length: number): Promise<void> {
  socket.send('x'.repeat(length), { fin: false });
  await arrived(socket);
}

/** The rest of a message, and what is answered to the whole. */
async function finish(socket: WebSocket, length: number): Promise<string> {
  const answer = once(socket, 'message');
  socket.send('x'.repeat(length), { fin: true });
  return String((await answer)[0]);
}

async function halfPost(port: number, localAddress: string, length: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress }).on('error', () => undefined);
  opened.push(() => socket.destroy());
  socket.resume();
  socket.write(`POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: ${MAX_MESSAGE}\r\n\r\n${'x'.repeat(length)}`);
  return socket;
}

test('unfinished messages of all together are bounded: the address that holds most is closed with 1013', async () => {
  const port = await open();
  const greedy = await Promise.all([1, 2, 3].map(() => client(port, GREEDY)));
  const closed = greedy.map((socket) => once(socket, 'close'));
  const other = await client(port, OTHER);
  await sendPart(other, 10_000);
  for (const socket of greedy.slice(0, 2)) await sendPart(socket, 15_000);
  expect(hub.refused.held_bytes).toBe(0);
  greedy[2]?.send('x'.repeat(15_000), { fin: false });
  const [code, reason] = await Promise.race(closed);
  expect([code, String(reason)]).toEqual([1013, 'unfinished messages take too much memory']);
  expect(hub.refused.held_bytes).toBeGreaterThan(0);
  expect(await finish(other, 10_000)).toBe('20000');
});

test('POSTs take part in it, and are broken off', async () => {
  const port = await open();
  const other = await client(port, OTHER);
  await sendPart(other, 10_000);
  const greedy = await Promise.all([1, 2, 3].map(() => halfPost(port, GREEDY, 15_000)));
  await Promise.race(greedy.map((socket) => once(socket, 'close')));
  expect(hub.refused.held_bytes).toBeGreaterThan(0);
  expect(await finish(other, 10_000)).toBe('20000');
});

test('messages that were finished, and those of connections that have ended, take nothing of it', async () => {
  const port = await open();
  const socket = await client(port, GREEDY);
  for (let index = 0; index < 5; index++) {
    await sendPart(socket, 10_000);
    expect(await finish(socket, 10_000)).toBe('20000');
    const body = 'x'.repeat(MAX_MESSAGE);
    const answer = await fetch(`http://127.0.0.1:${port}/length`, { method: 'POST', body });
    expect(await answer.text()).toBe('20000');
    const leaving = await client(port, GREEDY);
    await sendPart(leaving, 15_000);
    leaving.terminate();
    await expect.poll(() => hub.connections).toBe(1);
  }
  expect(hub.refused.held_bytes).toBe(0);
});
