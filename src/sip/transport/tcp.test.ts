import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { connect, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { silentLogger, type ConnectionLimits } from '../../util/index.ts';
import type { TransportFlow } from './flow.ts';
import { TcpTransport } from './tcp.ts';

const ROOMY: ConnectionLimits = { connections: 100, connectionsPerSource: 100, heldBytes: 1_000_000 };
const closing: Array<() => unknown> = [];

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

interface Listening {
  readonly transport: TcpTransport;
  readonly port: number;
  /** Of the messages that came. */
  readonly flows: TransportFlow[];
}

async function listen(limits: Partial<ConnectionLimits> = {}): Promise<Listening> {
  const flows: TransportFlow[] = [];
  const transport = new TcpTransport({
    onMessage: (_message, _bytes, flow) => void flows.push(flow),
    onMalformed: () => undefined,
    onClosed: () => undefined,
    log: silentLogger,
    limits: { ...ROOMY, ...limits },
  });
  closing.push(() => transport.close());
  const { listen: bound } = await transport.listen({ protocol: 'tcp', address: '127.0.0.1', port: 0 }, false);
  return { transport, port: bound.port, flows };
}

/** A connection from one of the addresses of loopback. */
async function peer(port: number, localAddress = '127.0.0.1'): Promise<{ socket: Socket; closed: Promise<unknown> }> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  closing.push(() => socket.destroy());
  socket.on('error', () => socket.destroy());
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await once(socket, 'connect');
  return { socket, closed };
}

const message = (body: string, length = body.length): string =>
  `MESSAGE sip:a@3402000000 SIP/2.0\r\nCSeq: 1 MESSAGE\r\nContent-Type: Application/MANSCDP+xml\r\nContent-Length: ${length}\r\n\r\n${body}`;

describe('shares of connections', () => {
  test('a source over its share is refused, others are not, and a place that is free again is given', async () => {
    const { transport, port } = await listen({ connectionsPerSource: 2 });
    const first = await peer(port, '127.0.0.2');
    await peer(port, '127.0.0.2');
    await (
      await peer(port, '127.0.0.2')
    ).closed;
    await peer(port, '127.0.0.3');
    await expect.poll(() => transport.connections).toBe(3);
    expect(transport.refused).toMatchObject({ too_many_of_source: 1, too_many_connections: 0 });
    first.socket.destroy();
    await expect.poll(() => transport.connections).toBe(2);
    await peer(port, '127.0.0.2');
    await expect.poll(() => transport.connections).toBe(3);
    expect(transport.refused.too_many_of_source).toBe(1);
  });

  test('all sources together have a limit', async () => {
    const { transport, port } = await listen({ connections: 2 });
    await peer(port, '127.0.0.2');
    await peer(port, '127.0.0.3');
    await (
      await peer(port, '127.0.0.4')
    ).closed;
    expect(transport.connections).toBe(2);
    expect(transport.refused.too_many_connections).toBe(1);
  });
});

describe('memory for connections', () => {
  test('unfinished messages over the limit: the source that holds most is cut off, others go on', async () => {
    const { transport, port, flows } = await listen({ heldBytes: 100_000 });
    const device = await peer(port, '127.0.0.9');
    const whole = message('<a/>');
    device.socket.write(whole.slice(0, -4));
    const many = await Promise.all(Array.from({ length: 8 }, () => peer(port, '127.0.0.2')));
    let cut = 0;
    for (const { socket, closed } of many) {
      void closed.then(() => (cut += 1));
      socket.write(message('x'.repeat(20_000), 200_000));
    }
    // With the fifth 20 kB are too many, and one connection goes; so it is with the sixth, the seventh and the eighth.
    await expect.poll(() => transport.refused.held_bytes).toBeGreaterThanOrEqual(3);
    await expect.poll(() => cut).toBe(transport.refused.held_bytes);
    expect(transport.heldBytes).toBeLessThanOrEqual(100_000);
    device.socket.write('<a/>'.slice(-4));
    await expect.poll(() => flows.map(({ remoteAddress }) => remoteAddress)).toEqual(['127.0.0.9']);
  });

  test('answers that are not read count, until they are read', async () => {
    const { transport, port, flows } = await listen({ heldBytes: 600_000 });
    const lazy = await peer(port);
    lazy.socket.pause();
    lazy.socket.write(message('<a/>'));
    await expect.poll(() => flows.length).toBe(1);
    const [flow] = flows;
    // The kernel takes some megabytes before anything waits here.
    while (transport.heldBytes < 300_000) {
      flow?.send(Buffer.alloc(50_000));
      await new Promise(setImmediate);
    }
    expect(transport.refused.held_bytes).toBe(0);
    lazy.socket.resume();
    lazy.socket.write(message('<a/>'));
    await expect.poll(() => flows.length).toBe(2);
    await expect
      .poll(() => {
        flow?.send(Buffer.from('\r\n'));
        return transport.heldBytes;
      })
      .toBe(0);
    lazy.socket.destroy();
    await expect.poll(() => transport.connections).toBe(0);
    expect(transport.heldBytes).toBe(0);
  });
});

test('connections that cannot be accepted are counted, however many; the next one is taken', async () => {
  const servers: Server[] = [];
  const catchServer = (event: unknown): void => void servers.push((event as { server: Server }).server);
  subscribe('tracing:net.server.listen:asyncStart', catchServer);
  closing.push(() => unsubscribe('tracing:net.server.listen:asyncStart', catchServer));
  const { transport, port, flows } = await listen();
  // As Node tells it where accept(2) fails, e.g. without descriptors; an error that nobody hears ends the process.
  const fail = (): unknown => servers[0]?.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }));
  for (let time = 0; time < 3; time += 1) fail();
  expect(transport.refused.accept_failed).toBe(3);
  const { socket } = await peer(port);
  socket.write(message('<a/>'));
  await expect.poll(() => flows.length).toBe(1);
});
