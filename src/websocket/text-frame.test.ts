import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { textFrame } from './text-frame.ts';

/** What another implementation reads of it, behind a bare handshake (RFC 6455 §4.2.2). */
async function received(frame: Buffer): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (head: Buffer) => {
      const key = /sec-websocket-key: (\S+)/i.exec(head.toString())?.[1] ?? '';
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
      const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
      socket.write(`${lines.join('\r\n')}\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
      socket.write(frame);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const [data, binary] = (await once(client, 'message')) as [Buffer, boolean];
  client.terminate();
  server.close();
  expect(binary).toBe(false);
  return data.toString();
}

test.each([0, 1, 125, 126, 127, 65_535, 65_536, 100_000])('%d characters', async (length) => {
  const text = 'a'.repeat(length);
  expect(await received(textFrame(text))).toBe(text);
});

test.each(['', '会议室', '🎥'.repeat(40), '\u0000\r\n'])('%j', async (text) => {
  expect(await received(textFrame(text))).toBe(text);
});

test('half of a pair is replaced, as in every encoding of text', async () => {
  expect(await received(textFrame('a\uD83Cb'))).toBe('a\uFFFDb');
});
