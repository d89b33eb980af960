import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { askBinding } from './binding.ts';

const closers: Array<() => void> = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** Answers each datagram as `answer` says. */
async function server(answer: (request: Buffer, count: number) => readonly Buffer[]): Promise<number> {
  const socket = createSocket('udp4');
  let count = 0;
  socket.on('message', (request, { port, address }) => {
    for (const reply of answer(request, count++)) socket.send(reply, port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  closers.push(() => socket.close());
  return socket.address().port;
}

/** A success with the request's transaction and no attribute. */
const success = (request: Buffer): Buffer => Buffer.concat([Buffer.from('0101', 'hex'), request.subarray(2)]);
const never = new AbortController().signal;

test('an answer', async () => {
  const port = await server((request) => [success(request)]);
  expect(await askBinding('127.0.0.1', port, never)).toBe('');
  expect(await askBinding('localhost', port, never)).toBe('');
});

test('a lost request is sent again', async () => {
  const port = await server((request, count) => (count < 2 ? [] : [success(request)]));
  expect(await askBinding('127.0.0.1', port, never, [20, 20, 2000])).toBe('');
});

test('garbage and answers to others are no answer', async () => {
  let heard = 0;
  const port = await server((request) => {
    heard += 1;
    const other = success(request);
    other[19]! ^= 1;
    return [Buffer.from('hello'), other, Buffer.alloc(0)];
  });
  expect(await askBinding('127.0.0.1', port, never, [20, 20])).toBeUndefined();
  expect(heard).toBe(2);
});

test('nobody there: the refusal is enough', async () => {
  const port = await server(() => []);
  closers.pop()?.();
  expect(await askBinding('127.0.0.1', port, never, [60_000])).toBeUndefined();
});

test('a name that is none', async () => {
  expect(await askBinding('no-such-host.invalid', 3478, never)).toBeUndefined();
});

test('is given up at once', async () => {
  const stop = new AbortController();
  const port = await server(() => {
    stop.abort();
    return [];
  });
  expect(await askBinding('127.0.0.1', port, stop.signal, [60_000])).toBeUndefined();
  expect(await askBinding('127.0.0.1', port, stop.signal, [60_000])).toBeUndefined();
});
