import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { UdpListener } from './udp.ts';

const closing: Array<() => unknown> = [];

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** A listener with the socket inside of it, which a test may break. */
async function open(): Promise<{ listener: UdpListener; inner: Socket; errors: string[]; datagrams: () => number }> {
  let inner: Socket | undefined;
  const catchSocket = (event: unknown): void => void (inner = (event as { socket: Socket }).socket);
  subscribe('udp.socket', catchSocket);
  const errors: string[] = [];
  let datagrams = 0;
  const opening = UdpListener.open(
    { protocol: 'udp', address: '127.0.0.1', port: 0 },
    { dualStack: false, onDatagram: () => void (datagrams += 1), onError: ({ message }) => errors.push(message) },
  );
  unsubscribe('udp.socket', catchSocket);
  const listener = await opening;
  closing.push(() => listener.close());
  if (inner === undefined) throw new TypeError('no socket was made');
  return { listener, inner, errors, datagrams: () => datagrams };
}

test('works on after single errors; one that gives nothing else does not work, and is told ten times', async () => {
  const { listener, inner, errors, datagrams } = await open();
  const fail = (times: number): void => {
    for (let time = 0; time < times; time += 1) inner.emit('error', new Error(`recvmsg ${time}`));
  };
  fail(9);
  expect(listener.working).toBe(true);
  const sender = createSocket('udp4');
  closing.push(() => sender.close());
  sender.send('x', listener.port, '127.0.0.1');
  await once(inner, 'message');
  expect(datagrams()).toBe(1);
  fail(9);
  expect(listener.working).toBe(true);
  fail(100);
  expect(listener.working).toBe(false);
  expect(errors).toHaveLength(9 + 10);
});

test('does not work when its socket is closed, whoever did it', async () => {
  const { listener, inner } = await open();
  const closed = once(inner, 'close');
  inner.close();
  await closed;
  expect(listener.working).toBe(false);
  await listener.close();
});
