import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type ViteDevServer } from 'vite';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

const CONFIG = join(import.meta.dirname, '..', '..', 'web', 'vite.config.ts');

/** A gateway that says what it was asked for, and by which Host. */
const gateway = createHttpServer((request, response) => response.end(askedOf(request)));
const webSockets = new WebSocketServer({ server: gateway });
/** Paths of its WebSockets. */
const asked: unknown[] = [];
const folder = mkdtempSync(join(tmpdir(), 'gbrtc-vite-'));
let vite: ViteDevServer;
let host: string;

const askedOf = ({ url, headers }: IncomingMessage): string => `${url} of ${headers.host}`;

beforeAll(async () => {
  webSockets.on('connection', (socket, request) => {
    asked.push(request.url);
    socket.on('message', (data: Buffer) => socket.send(`${data.toString()} at ${askedOf(request)}`));
  });
  gateway.listen(0, '127.0.0.1');
  await once(gateway, 'listening');
  vi.stubEnv('GBRTC_GATEWAY', `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`);
  vite = await createServer({
    configFile: CONFIG,
    cacheDir: folder,
    logLevel: 'silent',
    // The page itself is not asked for.
    optimizeDeps: { noDiscovery: true, include: [] },
    server: { host: '127.0.0.1', port: 0, strictPort: true },
  });
  await vite.listen();
  host = new URL(vite.resolvedUrls?.local[0] ?? '').host;
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await vite.close();
  for (const client of webSockets.clients) client.terminate();
  gateway.close();
  rmSync(folder, { recursive: true });
});

async function answerOf(path: string): Promise<string> {
  const socket = new WebSocket(`ws://${host}${path}`);
  await once(socket, 'open');
  socket.send('hello');
  const [answer] = (await once(socket, 'message')) as [Buffer];
  socket.terminate();
  return answer.toString();
}

test.each(['/meeting?token=t', '/ws', '/rooms/of-the-configuration'])(
  'the WebSocket of %s is that of the gateway',
  async (path) => expect(await answerOf(path)).toBe(`hello at ${path} of ${host}`),
);

test('its APIs are asked of the gateway, pages are not', async () => {
  expect(await (await fetch(`http://${host}/api/v1/session`)).text()).toBe(`/api/v1/session of ${host}`);
  const page = await fetch(`http://${host}/meet`, { headers: { accept: 'text/html' } });
  expect(await page.text()).toContain('<div id="app">');
});

test('the WebSocket that tells pages of changes stays the one of vite', async () => {
  const path = `/?token=${vite.config.webSocketToken}`;
  const socket = new WebSocket(`ws://${host}${path}`, 'vite-hmr');
  const [greeting] = (await once(socket, 'message')) as [Buffer];
  expect(JSON.parse(greeting.toString())).toEqual({ type: 'connected' });
  expect(asked).not.toContain(path);
  socket.terminate();
});
