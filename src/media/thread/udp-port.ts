import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';

export interface UdpPortOptions {
  readonly address: string;
  readonly port: number;
  readonly receiveBufferBytes: number;
  readonly onMessage: (message: Buffer, from: RemoteInfo) => void;
}

/** A bound UDP socket. */
export class UdpPort {
  readonly #socket: Socket;
  #closed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Rejects with the system's error. */
  static async open(options: UdpPortOptions): Promise<UdpPort> {
    const socket = createSocket({
      type: isIPv6(options.address) ? 'udp6' : 'udp4',
      recvBufferSize: options.receiveBufferBytes,
    });
    const bound = Promise.withResolvers<void>();
    socket.once('error', bound.reject);
    socket.bind({ port: options.port, address: options.address, exclusive: true }, bound.resolve);
    try {
      await bound.promise;
    } catch (error) {
      socket.close();
      throw error;
    }
    socket.off('error', bound.reject);
    // ICMP errors of receiver reports arrive here; the media tells by its silence whether the sender is gone.
    socket.on('error', () => undefined);
    socket.on('message', options.onMessage);
    return new UdpPort(socket);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** What the kernel grants; Linux reports twice the number that it was asked for. */
  get receiveBufferBytes(): number {
    const reported = this.#socket.getRecvBufferSize();
    return process.platform === 'linux' ? reported / 2 : reported;
  }

  send(message: Buffer, port: number, address: string): void {
    if (!this.#closed) this.#socket.send(message, port, address, () => undefined);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }
}
