import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { WireFault } from './behaviour.ts';

export interface WireRelayOptions {
  readonly protocol: 'udp' | 'tcp';
  readonly localAddress: string;
  readonly serverAddress: string;
  readonly serverPort: number;
  readonly faults: readonly WireFault[];
  readonly rotatesPort: boolean;
}

/** Stands between the camera's SIP stack, which writes no faulty message, and the platform. */
export interface WireRelay {
  /** Where the stack sends to instead of the platform. */
  readonly port: number;
  close(): void;
}

/** Source ports kept open for late answers. */
const MAX_SOCKETS = 8;
const MAX_PENDING_BYTES = 256 * 1024;

/** Opens a relay on the camera's own address. */
export function openWireRelay(options: WireRelayOptions): Promise<WireRelay> {
  return options.protocol === 'udp' ? openUdpRelay(options) : openTcpRelay(options);
}

function spoil(message: Buffer, faults: readonly WireFault[]): Buffer | undefined {
  return faults.reduce<Buffer | undefined>((bytes, fault) => bytes && fault(bytes), message);
}

async function openUdpRelay(options: WireRelayOptions): Promise<WireRelay> {
  const { localAddress, serverAddress, serverPort, faults, rotatesPort } = options;
  const inner = await bindUdp(localAddress);
  const outer: UdpSocket[] = [];
  let stack: RemoteInfo | undefined;
  let closed = false;
  const add = async (): Promise<UdpSocket> => {
    const socket = await bindUdp(localAddress);
    socket.on('message', (message) => {
      if (stack !== undefined && !closed) inner.send(message, stack.port, stack.address);
    });
    if (closed) socket.close();
    else outer.push(socket);
    if (outer.length > MAX_SOCKETS) outer.shift()?.close();
    return socket;
  };
  await add();
  // One at a time: the socket of a REGISTER has to be there before what follows it.
  let queue = Promise.resolve();
  inner.on('message', (message, from) => {
    stack = from;
    queue = queue.then(async () => {
      const rotate = rotatesPort && message.toString('latin1', 0, 9) === 'REGISTER ';
      const socket = rotate ? await add() : outer.at(-1);
      const spoilt = spoil(message, faults);
      if (!closed && spoilt !== undefined) socket?.send(spoilt, serverPort, serverAddress);
    });
  });
  return {
    port: inner.address().port,
    close() {
      if (closed) return;
      closed = true;
      for (const socket of [inner, ...outer]) socket.close();
    },
  };
}

async function bindUdp(address: string): Promise<UdpSocket> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.on('error', () => undefined);
  socket.bind(0, address);
  await once(socket, 'listening');
  return socket;
}

async function openTcpRelay({ localAddress, serverAddress, serverPort, faults }: WireRelayOptions): Promise<WireRelay> {
  const open = new Set<Socket>();
  const server = createServer({ noDelay: true }, (inner) => {
    const outer = connect({ host: serverAddress, port: serverPort, localAddress, noDelay: true });
    let pending: Buffer = Buffer.alloc(0);
    inner.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk]);
      for (let end = messageEnd(pending); end > 0; end = messageEnd(pending)) {
        const spoilt = spoil(pending.subarray(0, end), faults);
        if (spoilt !== undefined) outer.write(spoilt);
        pending = pending.subarray(end);
      }
      if (pending.length > MAX_PENDING_BYTES) inner.destroy();
    });
    outer.on('data', (chunk) => inner.write(chunk));
    for (const [socket, other] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      open.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        open.delete(socket);
        other.destroy();
      });
    }
  });
  server.listen(0, localAddress);
  await once(server, 'listening');
  // A connection that could not be accepted is lost, the relay is not.
  server.on('error', () => undefined);
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

/** Length of the first whole message, 0 while it is incomplete. The stack's own Content-Length is right. */
function messageEnd(bytes: Buffer): number {
  if (bytes.length >= 4 && bytes.toString('latin1', 0, 4) === '\r\n\r\n') return 4;
  const head = bytes.indexOf('\r\n\r\n');
  if (head < 0) return 0;
  const length = Number(/\r\nContent-Length\s*:\s*(\d+)/i.exec(bytes.toString('latin1', 0, head))?.[1] ?? 0);
  const end = head + 4 + length;
  return end <= bytes.length ? end : 0;
}
