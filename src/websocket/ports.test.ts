import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { makeCertificate, type Certificate } from '../../test/support/certificate.ts';
import { silentLogger } from '../util/index.ts';
import { createWebSocketHub } from './hub.ts';
import { openWebSocketPorts, type RequestLimits } from './ports.ts';
import type { WebSocketHub, WebSocketPorts } from './types.ts';

const HOST = '127.0.0.1';
const MAX_WEB_SOCKETS = 3;

let certificate: Certificate;
let hub: WebSocketHub;
let ports: WebSocketPorts;
const opened: Array<{ destroy(): unknown }> = [];

beforeAll(() => {
  certificate = makeCertificate();
});

afterAll(() => certificate.remove());

afterEach(async () => {
  for (const socket of opened.splice(0)) socket.destroy();
  hub.close();
  await ports.close();
});

type Wish = Partial<RequestLimits> & { readonly tls?: boolean; readonly trustedProxies?: readonly string[] };

async function open({ tls = false, trustedProxies = [], ...limits }: Wish = {}): Promise<number> {
  const route = {
    location: '/post',
    maxPayloadBytes: 100,
    messageRate: 1000,
    handle: async () => ({ body: 'ok' }),
    refuse: (reason: string) => ({ body: reason }),
  };
  const protocol = {
    location: '/ws',
    limits: {
      idleTimeoutMs: 60_000,
      messageTimeoutMs: 0,
      maxPayloadBytes: 1000,
      maxBackpressureBytes: 100_000,
      messageRate: 1000,
      maxConnections: MAX_WEB_SOCKETS,
      ordered: false,
    },
    connect: () => ({
      handleMessage: () => undefined,
      handleRefused: () => undefined,
      handleClose: () => undefined,
    }),
  };
  hub = createWebSocketHub({ protocols: [protocol], posts: [route], trustedProxies }, silentLogger);
  const { keyFile, certFile, passPhrase } = certificate;
  const secured = { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8'), passPhrase };
  const listen = { address: HOST, port: 0, ...(tls ? { tls: secured } : {}) };
  ports = await openWebSocketPorts([listen], hub, silentLogger, limits);
  return ports.addresses[0]?.port ?? 0;
}

/** From one of the addresses of loopback; sends nothing. */
async function idle(port: number, localAddress = HOST): Promise<Socket> {
  const socket = connect({ port, host: HOST, localAddress }).on('error', () => undefined);
  socket.resume();
  opened.push(socket);
  await once(socket, 'connect');
  return socket;
}

async function webSocket(port: number, { tls = false, localAddress = HOST } = {}): Promise<WebSocket> {
  const options = { rejectUnauthorized: false, localAddress };
  const socket = new WebSocket(`${tls ? 'wss' : 'ws'}://${HOST}:${port}/ws`, options);
  opened.push({ destroy: () => socket.terminate() });
  await once(socket, 'open');
  return socket;
}

describe('connections that are no WebSockets', () => {
  test('of one source have a share of the port, and others get in', async () => {
    const port = await open({ connectionsPerSource: 2 });
    const kept = [await idle(port), await idle(port)];
    const surplus = await idle(port);
    await once(surplus, 'close');
    await webSocket(port, { localAddress: '127.0.0.2' });
    expect(kept.map(({ destroyed }) => destroyed)).toEqual([false, false]);
    expect(hub.refused).toMatchObject({ too_many_of_source: 1, too_many_connections: 0 });
  });

  test.each([{ tls: false }, { tls: true }])('WebSockets take nothing of the share: $tls', async ({ tls }) => {
    const port = await open({ tls, connectionsPerSource: 1 });
    for (let index = 0; index < MAX_WEB_SOCKETS; index++) await webSocket(port, { tls });
    expect(hub.connections).toBe(MAX_WEB_SOCKETS);
    expect(hub.refused.too_many_of_source).toBe(0);
    await idle(port);
    await once(await idle(port), 'close');
    expect(hub.refused.too_many_of_source).toBe(1);
  });

  test.each([{ tls: false }, { tls: true }])('give their share back at their end: $tls', async ({ tls }) => {
    const port = await open({ tls, connectionsPerSource: 1, headersTimeoutMs: 50 });
    for (let index = 0; index < 3; index++) await once(await idle(port), 'close');
    expect(hub.refused.too_many_of_source).toBe(0);
  });

  test('of a trusted proxy are those of many', async () => {
    const port = await open({ connectionsPerSource: 1, trustedProxies: ['127.0.0.0/8'] });
    await idle(port);
    await idle(port);
    await webSocket(port);
    expect(hub.refused.too_many_of_source).toBe(0);
  });

  test('of all together are bounded, and what the port does not take is counted', async () => {
    const port = await open({ connections: 1 });
    for (let index = 0; index < MAX_WEB_SOCKETS + 1; index++) await idle(port);
    await once(await idle(port), 'close');
    expect(hub.refused.too_many_connections).toBe(1);
  });

  test('are answered and counted when there are as many WebSockets as there may be', async () => {
    const port = await open();
    for (let index = 0; index < MAX_WEB_SOCKETS; index++) await webSocket(port);
    await expect(webSocket(port)).rejects.toThrow('503');
    expect(hub.refused.too_many_websockets).toBe(1);
  });
});

describe('half-open connections end', () => {
  const HEAD = 'POST /post HTTP/1.1\r\nHost: a\r\n';

  test.each([
    { name: 'nothing', bytes: '' },
    { name: 'half a header', bytes: HEAD },
    { name: 'half a body', bytes: `${HEAD}Content-Length: 10\r\n\r\nabc` },
    { name: 'half an upgrade', bytes: 'GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n' },
  ])('that send $name', async ({ bytes }) => {
    const socket = await idle(await open({ headersTimeoutMs: 50 }));
    socket.write(bytes);
    await once(socket, 'close');
  });

  test.each([
    { name: 'nothing', bytes: '' },
    // RFC 8446 §5.1: a handshake record of 512 bytes.
    { name: 'half a ClientHello', bytes: Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]) },
  ])('that send $name where TLS is spoken', async ({ bytes }) => {
    const socket = await idle(await open({ tls: true, headersTimeoutMs: 50 }));
    socket.write(bytes);
    await once(socket, 'close');
  });

  test('that send nothing once TLS is there', async () => {
    const port = await open({ tls: true, headersTimeoutMs: 1000 });
    const socket = connectTls({ port, host: HOST, rejectUnauthorized: false }).on('error', () => undefined);
    opened.push(socket);
    await once(socket, 'secureConnect');
    socket.resume();
    await once(socket, 'close');
  });

  test.each([{ tls: false }, { tls: true }])('when the port closes: $tls', async ({ tls }) => {
    const closed = once(await idle(await open({ tls, headersTimeoutMs: 60_000 })), 'close');
    await ports.close();
    await closed;
  });
});
