import { once } from 'node:events';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { silentLogger } from '../../src/util/index.ts';
import { createWebSocketHub } from '../../src/websocket/index.ts';
import { openApi } from '../support/api-fixture.ts';
import { openCallFixture } from '../support/room-server.ts';

const LIMITS = {
  idleTimeoutMs: 60_000,
  messageTimeoutMs: 0,
  maxPayloadBytes: 131_072,
  maxBackpressureBytes: 1_048_576,
  messageRate: 1000,
  maxConnections: 3,
  ordered: true,
};

test('the console answers on the port whose rooms are full', async () => {
  const { calls } = openCallFixture({ limits: LIMITS });
  const hub = createWebSocketHub({ protocols: [calls.protocol, calls.login], posts: [] }, silentLogger);
  const api = await openApi({ maxConnections: 2 }, { webSockets: hub });
  const sockets: WebSocket[] = [];
  const open = (path: string): WebSocket => {
    const socket = new WebSocket(api.base.replace('http', 'ws') + path);
    sockets.push(socket);
    return socket;
  };
  try {
    for (const path of ['/ws', '/login']) {
      for (let count = 0; count < LIMITS.maxConnections; count += 1) await once(open(path), 'open');
      const [error] = (await once(open(path), 'error')) as [Error];
      expect(error.message).toContain('503');
    }
    expect(hub.connections).toBe(6);
    const statuses = async (): Promise<number[]> => {
      const answers = await Promise.all([api.get('/healthz'), api.get('/api/v1/calls')]);
      return answers.map(({ status }) => status);
    };
    // The connections that were refused count until the server has seen their end.
    await expect.poll(() => statuses().catch(() => []), { timeout: 10_000 }).toEqual([200, 200]);
  } finally {
    for (const socket of sockets) socket.terminate();
    hub.close();
    calls.close();
    await api.close();
  }
});
