import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import { httpLink } from './http-link.ts';
import type { GatewayLink } from './types.ts';
import { WebSocketLink } from './web-socket-link.ts';

const closers: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

function closing<T extends GatewayLink>(link: T): T {
  closers.push(() => link.close());
  return link;
}

describe('httpLink', () => {
  async function gateway(status: number, body: string, heard: string[] = []): Promise<URL> {
    const server = createServer((request, response) => {
      request.setEncoding('utf8').on('data', (text: string) => {
        heard.push(`${request.method} ${request.url} ${request.headers.authorization} ${text}`);
        response.writeHead(status, { location: '/elsewhere' }).end(body);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/icebandwidthload`);
  }

  test.each([
    [200, 'successful'],
    [200, 'ice_no_found\n'],
    [403, 'ice_not_allowed'],
  ])('%i %s', async (status, body) => {
    const heard: string[] = [];
    const link = closing(httpLink(await gateway(status, body, heard), 'to ken'));
    expect(await link.send({ cmd: 'iceDeregister', ip: '192.0.2.1' })).toBe(body.trim());
    expect(heard).toEqual(['POST /icebandwidthload Bearer to ken {"cmd":"iceDeregister","ip":"192.0.2.1"}']);
  });

  test.each([
    [404, '<html>no such page</html>'.repeat(100)],
    [200, ''],
    [302, 'successful'],
  ])('%i with what is no answer', async (status, body) => {
    const link = closing(httpLink(await gateway(status, body), ''));
    await expect(link.send({})).rejects.toMatchObject({ code: 'ice_agent_gateway' });
  });

  test('nobody there', async () => {
    const url = await gateway(200, '');
    await closers.pop()?.();
    await expect(httpLink(url, '').send({})).rejects.toThrow(/does not answer: .*ECONNREFUSED/);
  });
});

describe('WebSocketLink', () => {
  interface Gateway {
    readonly url: URL;
    readonly requests: IncomingMessage[];
    readonly sockets: WebSocket[];
  }

  async function gateway(answer: (socket: WebSocket, text: string) => void): Promise<Gateway> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    const requests: IncomingMessage[] = [];
    const sockets: WebSocket[] = [];
    server.on('connection', (socket, request) => {
      requests.push(request);
      sockets.push(socket);
      socket.on('message', (bytes: Buffer) => answer(socket, bytes.toString()));
    });
    await once(server, 'listening');
    closers.push(() => {
      for (const socket of sockets) socket.terminate();
      server.close();
    });
    return { url: new URL(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws`), requests, sockets };
  }

  const resp = (desc: string): string => JSON.stringify({ cmd: 'generalMsgResp', result: 0, desc });

  test('one connection carries all, with the token', async () => {
    const { url, requests } = await gateway((socket, text) => {
      socket.send('{"cmd":"systemPromptToken"}');
      socket.send('no JSON');
      socket.send(resp(`heard ${text}`));
    });
    const link = closing(new WebSocketLink(url, 'secret'));
    expect(await link.send({ one: 1 })).toBe('heard {"one":1}');
    expect(await link.send({ two: 2 })).toBe('heard {"two":2}');
    expect(requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer secret']);
  });

  test('a lost connection is told, and the next message opens another', async () => {
    let lose = true;
    const { url, requests } = await gateway((socket) => (lose ? socket.close(1001) : socket.send(resp('successful'))));
    const link = closing(new WebSocketLink(url, ''));
    await expect(link.send({})).rejects.toThrow('closed with 1001');
    lose = false;
    expect(await link.send({})).toBe('successful');
    expect(requests).toHaveLength(2);
  });

  test('a connection that is lost between two messages', async () => {
    const { url, sockets } = await gateway((socket) => socket.send(resp('successful')));
    const link = closing(new WebSocketLink(url, ''));
    expect(await link.send({})).toBe('successful');
    sockets[0]?.terminate();
    await expect.poll(() => link.send({}).catch(() => 'lost')).toBe('successful');
    expect(sockets).toHaveLength(2);
  });

  test('nobody there', async () => {
    const { url } = await gateway(() => {});
    await closers.pop()?.();
    await expect(new WebSocketLink(url, '').send({})).rejects.toMatchObject({ code: 'ice_agent_gateway' });
  });
});
