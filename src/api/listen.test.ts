import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import { type ApiFixture, openApi } from '../../test/support/api-fixture.ts';
import { makeCertificate } from '../../test/support/certificate.ts';
import type { ApiOptions } from './types.ts';

const HOST = '127.0.0.1';

let api: ApiFixture | undefined;
const opened: Socket[] = [];

afterEach(async () => {
  for (const socket of opened.splice(0)) socket.destroy();
  await api?.close();
});

async function open(options: Partial<ApiOptions>): Promise<number> {
  api = await openApi(options);
  return api.api.addresses[0]?.port ?? 0;
}

/** A connection that sends nothing. */
async function idle(port: number): Promise<Socket> {
  const socket = connect(port, HOST).on('error', () => undefined);
  socket.resume();
  opened.push(socket);
  await once(socket, 'connect');
  return socket;
}

/** As another source sees them. */
async function metrics(port: number): Promise<string> {
  const asking = request({ host: HOST, port, path: '/metrics', localAddress: '127.0.0.2', agent: false }).end();
  const [response] = await once(asking, 'response');
  return text(response);
}

test('one source has a share of the connections of an HTTP port, and others get in', async () => {
  const port = await open({ maxConnectionsPerSource: 2 });
  const kept = [await idle(port), await idle(port)];
  await once(await idle(port), 'close');
  expect(await metrics(port)).toContain('gbrtc_http_connections_refused_total{reason="too_many_of_source"} 1\n');
  expect(kept.map(({ destroyed }) => destroyed)).toEqual([false, false]);
});

test('a trusted proxy speaks for many and has no share', async () => {
  const port = await open({ maxConnectionsPerSource: 1, trustedProxies: [HOST] });
  await idle(port);
  await idle(port);
  expect(await metrics(port)).toContain('gbrtc_http_connections_refused_total{reason="too_many_of_source"} 0\n');
});

test('connections over the bound of the port are counted', async () => {
  const port = await open({ maxConnections: 2 });
  const kept = [await idle(port), await idle(port)];
  await once(await idle(port), 'close');
  kept[0]?.destroy();
  await expect
    .poll(() => metrics(port).catch(() => ''))
    .toMatch(/gbrtc_http_connections_refused_total\{reason="too_many_connections"\} [1-9]/);
});

describe('who begins no TLS on the HTTPS port', () => {
  const { keyFile, certFile, passPhrase, remove } = makeCertificate();
  const tls = { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8'), passPhrase };
  remove();
  const listen = [{ address: HOST, port: 0, purpose: 'tls' as const, tls }];

  test('is cut off', async () => {
    await once(await idle(await open({ listen, headersTimeoutMs: 50 })), 'close');
  });

  test('does not hold up the end', async () => {
    const socket = await idle(await open({ listen, headersTimeoutMs: 60_000 }));
    const closed = once(socket, 'close');
    await api?.api.close();
    await closed;
  });
});
