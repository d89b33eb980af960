import { createSocket, type RemoteInfo, type Socket, type SocketOptions } from 'node:dgram';
import { lookup } from 'node:dns';
import { isIP } from 'node:net';
import { plainAddress } from '../../util/index.ts';
import { ListenError, SipTransportError } from '../errors.ts';
import type { SipListen } from '../types.ts';
import type { TransportFlow } from './flow.ts';

/** A burst of keepalives from thousands of devices must wait in the kernel, not be lost. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

/** Single errors pass (no memory, no buffers); a socket that gives nothing else is broken. */
const BROKEN_AFTER_ERRORS = 10;

export type DatagramHandler = (bytes: Buffer, flow: TransportFlow) => void;

/** One bound UDP socket. */
export class UdpListener {
  readonly #socket: Socket;
  readonly #mapped: boolean;
  readonly address: string;
  readonly port: number;
  #closed = false;
  #errorsInRow = 0;

  private constructor(socket: Socket, { onDatagram, onError }: UdpHandlers) {
    const { address, port, family } = socket.address();
    this.#socket = socket;
    this.address = address;
    this.port = port;
    this.#mapped = family === 'IPv6';
    socket.on('error', (error) => {
      this.#errorsInRow += 1;
      // A broken socket fails as often as it is asked.
      if (this.#errorsInRow <= BROKEN_AFTER_ERRORS) onError(error);
    });
    socket.on('close', () => (this.#closed = true));
    socket.on('message', (bytes: Buffer, remote: RemoteInfo) => {
      this.#errorsInRow = 0;
      onDatagram(bytes, this.flowTo(plainAddress(remote.address), remote.port));
    });
  }

  /** @throws ListenError */
  static open(listen: SipListen, handlers: UdpHandlers): Promise<UdpListener> {
    const socket = createSocket({ ...socketOptions(listen, handlers.dualStack), recvBufferSize: RECEIVE_BUFFER_BYTES });
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => {
        socket.close();
        reject(new ListenError(listen, error));
      };
      socket.once('error', fail);
      socket.bind(listen.port, listen.address, () => {
        socket.off('error', fail);
        resolve(new UdpListener(socket, handlers));
      });
    });
  }

  get ipv6(): boolean {
    return this.#mapped;
  }

  /** False once the socket is closed, or gives nothing but errors. */
  get working(): boolean {
    return !this.#closed && this.#errorsInRow < BROKEN_AFTER_ERRORS;
  }

  flowTo(address: string, port: number): TransportFlow {
    return new UdpFlow(this, address, port);
  }

  send(bytes: Buffer, to: { address: string; port: number }, onError?: (error: Error) => void): void {
    if (this.#closed) {
      onError?.(new SipTransportError(`udp socket on port ${this.port} is closed`));
      return;
    }
    const address = this.#mapped && isIP(to.address) === 4 ? `::ffff:${to.address}` : to.address;
    if (onError === undefined) {
      this.#socket.send(bytes, to.port, address, ignoreError);
      return;
    }
    this.#socket.send(bytes, to.port, address, (error) => {
      if (error !== null) onError(error);
    });
  }

  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    return new Promise((resolve) => this.#socket.close(resolve));
  }
}

export interface UdpHandlers {
  readonly onDatagram: DatagramHandler;
  readonly onError: (error: Error) => void;
  /** False: an IPv6 wildcard leaves IPv4 to another socket. */
  readonly dualStack: boolean;
}

/** A response that cannot leave is lost like one on the way: the peer asks again. */
function ignoreError(): void {
  return undefined;
}

function socketOptions(listen: SipListen, dualStack: boolean): SocketOptions {
  const ipv6 = isIP(listen.address) === 6;
  return { type: ipv6 ? 'udp6' : 'udp4', ipv6Only: ipv6 && !dualStack, lookup: lookupAddress };
}

type LookupCallback = (error: NodeJS.ErrnoException | null, address: string, family: number) => void;

/** Addresses need no look-up: without this Node defers every datagram to a later turn. */
function lookupAddress(host: string, options: object, callback: LookupCallback): void {
  const family = isIP(host);
  if (family === 0) lookup(host, { ...options, all: false }, callback);
  else callback(null, host, family);
}

class UdpFlow implements TransportFlow {
  readonly protocol = 'udp';
  readonly closed = false;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly #listener: UdpListener;

  constructor(listener: UdpListener, address: string, port: number) {
    this.#listener = listener;
    this.remoteAddress = address;
    this.remotePort = port;
  }

  get id(): string {
    return `udp:${this.localPort}:${this.remoteAddress}:${this.remotePort}`;
  }

  get localAddress(): string {
    return this.#listener.address;
  }

  get localPort(): number {
    return this.#listener.port;
  }

  send(bytes: Buffer, onError?: (error: Error) => void): void {
    this.#listener.send(bytes, { address: this.remoteAddress, port: this.remotePort }, onError);
  }

  onClosed(): () => void {
    return ignoreError;
  }
}
