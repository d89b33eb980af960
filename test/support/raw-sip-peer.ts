import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** A UDP peer that writes SIP by hand: what it sends may be as wrong as a test wants. */
export class RawSipPeer {
  readonly #socket: Socket;
  readonly received: string[] = [];
  #waiting: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (bytes) => {
      this.received.push(bytes.toString('latin1'));
      this.#waiting?.();
    });
  }

  static async open(address = '127.0.0.1'): Promise<RawSipPeer> {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.bind(0, address);
    await once(socket, 'listening');
    return new RawSipPeer(socket);
  }

  get address(): string {
    return this.#socket.address().address;
  }

  get port(): number {
    return this.#socket.address().port;
  }

  send(message: string | Buffer, to: { readonly address: string; readonly port: number }): void {
    const bytes = typeof message === 'string' ? Buffer.from(message.replaceAll(/\r?\n/g, '\r\n'), 'latin1') : message;
    this.#socket.send(bytes, to.port, to.address);
  }

  /** The n-th message received, counted from 0, as soon as it is there. */
  async message(index: number): Promise<string> {
    for (;;) {
      const found = this.received[index];
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
  }

  close(): void {
    this.#socket.close();
  }
}

/** Value of a header field in a raw message; empty text where it is missing. */
export function headerOf(message: string, name: string): string {
  return new RegExp(String.raw`^${name}\s*:[ \t]*(.*)$`, 'im').exec(message)?.[1]?.trim() ?? '';
}

/** A response to a raw request, its dialog fields copied. */
export function respond(request: string, status: string, extra = ''): string {
  const lines = ['Via', 'From', 'To', 'Call-ID', 'CSeq'].map((name) => `${name}: ${headerOf(request, name)}`);
  if (!/;tag=/.test(headerOf(request, 'To'))) lines[2] += ';tag=peer';
  return `SIP/2.0 ${status}\n${lines.join('\n')}\n${extra}Content-Length: 0\n\n`;
}
