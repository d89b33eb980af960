import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { LENGTH_BYTES } from './muxed-clip.ts';
import type { PacketOrder } from './network-fault.ts';
import type { Scheduled, Wheel } from './wheel.ts';

/** Where a session's packets go: one of the three transports of GB/T 28181 13.2. */
export interface Outlet {
  /** Port for the answer's `m=` line. */
  readonly port: number;
  readonly transport: 'udp' | 'tcp';
  /** Connects where it is ours to connect; `onReady` is called once, when packets can leave. Idempotent. */
  start(onReady: () => void): void;
  /** Packets laid out behind their lengths; `starts` as in `FrameTemplate.packets`. False: not sent, nobody there or too slow. */
  send(bytes: Buffer, starts: Int32Array): boolean;
  readonly closed: boolean;
  close(): void;
}

export interface OutletOptions {
  readonly localAddress: string;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** The peer closed or never let us in. */
  readonly onLost: (reason: string) => void;
  /** UDP: a network that loses and reorders. */
  readonly order?: PacketOrder;
}

/** Sends from one socket of its own, so that the answer's port is the packets' source (GB/T 28181 13.1). */
export async function openUdpOutlet(options: OutletOptions): Promise<Outlet> {
  const { localAddress } = options;
  const socket = createSocket({ type: localAddress.includes(':') ? 'udp6' : 'udp4', sendBufferSize: 1 << 20 });
  const bound = once(socket, 'listening');
  socket.bind(0, localAddress);
  await bound;
  return new UdpOutlet(socket, options);
}

class UdpOutlet implements Outlet {
  readonly transport = 'udp';
  readonly port: number;
  readonly #socket: UdpSocket;
  readonly #options: OutletOptions;
  #connected = false;
  #started = false;
  closed = false;

  constructor(socket: UdpSocket, options: OutletOptions) {
    this.#socket = socket;
    this.#options = options;
    this.port = socket.address().port;
    // A closed port at the other side answers with ICMP; a camera does not care.
    socket.on('error', () => undefined);
  }

  start(onReady: () => void): void {
    if (this.#started || this.closed) return;
    this.#started = true;
    const { remoteAddress, remotePort, onLost } = this.#options;
    this.#socket.connect(remotePort, remoteAddress, (error?: Error) => {
      if (error instanceof Error) onLost(error.message);
      else {
        this.#connected = true;
        onReady();
      }
    });
  }

  send(bytes: Buffer, starts: Int32Array): boolean {
    if (!this.#connected || this.closed) return false;
    const packets = starts.length - 1;
    const { order } = this.#options;
    if (order === undefined) for (let packet = 0; packet < packets; packet += 1) this.#sendOne(bytes, starts, packet);
    else for (const packet of order(packets)) this.#sendOne(bytes, starts, packet);
    return true;
  }

  #sendOne(bytes: Buffer, starts: Int32Array, packet: number): void {
    const from = starts[packet] ?? 0;
    this.#socket.send(bytes, from, (starts[packet + 1] ?? 0) - LENGTH_BYTES - from);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#socket.close();
  }
}

/** More unsent bytes than a slow reader may pile up here. */
const MAX_UNSENT_BYTES = 4 * 1024 * 1024;
/** GB/T 28181 13.2: the connecting side tries again after at least 1 s, at least three times. */
const CONNECT_ATTEMPTS = 4;
const CONNECT_RETRY_MS = 1_000;

/** Port that an active side puts into `m=` (RFC 4145 4.1). */
const DISCARD_PORT = 9;

/** Setup active: connects to the platform. */
export function openTcpConnectOutlet(options: OutletOptions, wheel: Wheel): Outlet {
  return new TcpOutlet(options, wheel);
}

class TcpOutlet implements Outlet {
  readonly transport = 'tcp';
  readonly port: number = DISCARD_PORT;
  protected readonly options: OutletOptions;
  readonly #wheel: Wheel | undefined;
  #socket: Socket | undefined;
  #pending: Socket | undefined;
  #onReady: (() => void) | undefined;
  #attempts = 0;
  #retry: Scheduled | undefined;
  closed = false;

  constructor(options: OutletOptions, wheel?: Wheel) {
    this.options = options;
    this.#wheel = wheel;
  }

  start(onReady: () => void): void {
    if (this.#onReady !== undefined || this.closed) return;
    this.#onReady = onReady;
    if (this.#socket !== undefined) onReady();
    else this.open();
  }

  /** The active side's part; the passive side listens since the answer was written. */
  protected open(): void {
    this.#connect();
  }

  #connect(): void {
    this.#attempts += 1;
    const { localAddress, remoteAddress, remotePort } = this.options;
    const socket = connect({ host: remoteAddress, port: remotePort, localAddress, noDelay: true });
    socket.on('error', () => undefined);
    socket.once('connect', () => {
      this.attach(socket);
    });
    socket.once('close', () => {
      if (this.closed || this.#socket !== undefined) return;
      if (this.#attempts >= CONNECT_ATTEMPTS || this.#wheel === undefined) this.lose('connect_failed');
      else
        this.#retry = this.#wheel.after(CONNECT_RETRY_MS, () => {
          this.#connect();
        });
    });
    this.#pending = socket;
  }

  protected attach(socket: Socket): void {
    this.#pending = undefined;
    if (this.closed || this.#socket !== undefined) {
      socket.destroy();
      return;
    }
    this.#socket = socket;
    this.#onReady?.();
    // What the platform says here (RTCP) is read and dropped.
    socket.resume();
    socket.once('close', () => {
      this.lose('tcp_closed');
    });
  }

  protected lose(reason: string): void {
    if (this.closed) return;
    this.close();
    this.options.onLost(reason);
  }

  send(bytes: Buffer): boolean {
    const socket = this.#socket;
    if (socket === undefined || this.closed || socket.writableLength > MAX_UNSENT_BYTES) return false;
    socket.write(bytes);
    return true;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#retry?.cancel();
    this.#pending?.destroy();
    this.#socket?.destroy();
  }
}

/** Setup passive: the platform connects to us. */
export async function openTcpListenOutlet(options: OutletOptions): Promise<Outlet> {
  const server = createServer({ noDelay: true });
  const listening = once(server, 'listening');
  server.listen(0, options.localAddress, 1);
  await listening;
  return new TcpListenOutlet(server, options);
}

class TcpListenOutlet extends TcpOutlet {
  override readonly port: number;
  readonly #server: Server;

  constructor(server: Server, options: OutletOptions) {
    super(options);
    this.#server = server;
    const address = server.address();
    this.port = typeof address === 'object' && address !== null ? address.port : 0;
    server.on('error', () => undefined);
    server.on('connection', (socket) => {
      socket.on('error', () => undefined);
      this.attach(socket);
    });
  }

  protected override open(): void {
    // Nothing to connect.
  }

  override close(): void {
    super.close();
    this.#server.close();
  }
}
