import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type RequestOptions } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export interface ReverseProxy {
  readonly port: number;
  close(): Promise<void>;
}

export interface ReverseProxyOptions {
  /** Where it listens and speaks from. */
  readonly address: string;
  readonly targetPort: number;
  /** What it says of the clients' side, as if it did TLS there. */
  readonly host: string;
}

/** A reverse proxy as nginx is set up in docs/operations.md, on a free port; behind it the target on 127.0.0.1. */
export async function openReverseProxy({ address, targetPort, host }: ReverseProxyOptions): Promise<ReverseProxy> {
  const sockets = new Set<Duplex>();
  const onward = ({ method, url, headers, socket }: IncomingMessage): RequestOptions => {
    const chain = [headers['x-forwarded-for'] ?? [], socket.remoteAddress ?? ''].flat().join(', ');
    const told: IncomingHttpHeaders = { host, 'x-forwarded-for': chain, 'x-forwarded-proto': 'https' };
    return {
      host: '127.0.0.1',
      port: targetPort,
      localAddress: address,
      ...(method === undefined ? {} : { method }),
      path: url ?? '/',
      headers: { ...headers, ...told },
      agent: false,
    };
  };
  const server = createServer((req, res) => {
    const upstream = request(onward(req), (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(res);
    });
    upstream.on('error', () => res.destroy());
    req.pipe(upstream);
  });
  server.on('upgrade', (req: IncomingMessage, client: Duplex) => {
    const upstream = request(onward(req));
    upstream.on('error', () => client.destroy());
    upstream.on('upgrade', (answer: IncomingMessage, inner: Socket) => {
      const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${String(value)}\r\n`);
      client.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`);
      for (const each of [client, inner]) {
        sockets.add(each);
        each.on('error', () => {});
        each.on('close', () => {
          client.destroy();
          inner.destroy();
        });
      }
      client.pipe(inner).pipe(client);
    });
    upstream.end();
  });
  server.listen(0, address);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
