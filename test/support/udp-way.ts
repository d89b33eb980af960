import { once } from 'node:events';
import { createSocket, type Socket } from 'node:dgram';
import type { BrowserContext } from 'playwright-core';

/** More than the candidates of a few connections are a mistake of the test. */
const MAX_SOCKETS = 500;

/**
 * A way for UDP between two pages that can be cut: one page gets the other's candidates with the ports of this way in
 * their place, and the other gets none, so that there is no way around.
 */
export class UdpWay {
  readonly #sockets: Socket[] = [];
  readonly #ports = new Map<string, Promise<number>>();
  cut = false;

  /** Call it before the pages open. */
  async between(context: BrowserContext, other: BrowserContext): Promise<void> {
    await context.exposeFunction('gbrtcWay', (address: string, port: number) => this.#portTo(address, port));
    await context.addInitScript(BY_THE_WAY);
    await other.addInitScript(NONE);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.close();
  }

  #portTo(address: string, port: number): Promise<number> {
    const key = `${address}:${port}`;
    const known = this.#ports.get(key) ?? this.#open(address, port);
    this.#ports.set(key, known);
    return known;
  }

  async #open(address: string, port: number): Promise<number> {
    const front = await this.#bind();
    /** One for each sender, so that answers find back. */
    const backs = new Map<string, Promise<Socket>>();
    front.on('message', (packet, from) => {
      if (this.cut) return;
      const key = `${from.address}:${from.port}`;
      const back = backs.get(key) ?? this.#bind((answer) => !this.cut && front.send(answer, from.port, from.address));
      backs.set(key, back);
      void back.then((socket) => socket.send(packet, port, address));
    });
    return front.address().port;
  }

  async #bind(handle?: (packet: Buffer) => void): Promise<Socket> {
    if (this.#sockets.length >= MAX_SOCKETS) throw new Error(`${this.#sockets.length} sockets, at most ${MAX_SOCKETS}`);
    const socket = createSocket('udp4');
    this.#sockets.push(socket);
    if (handle) socket.on('message', handle);
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return socket;
  }
}

const WITHOUT_CANDIDATES = `
  const accept = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function ({ type, sdp }) {
    return accept.call(this, { type, sdp: sdp.replaceAll(/a=candidate:.*\\r\\n/g, '') });
  };`;

const NONE = `{ ${WITHOUT_CANDIDATES} RTCPeerConnection.prototype.addIceCandidate = async () => undefined; }`;

const BY_THE_WAY = `{ ${WITHOUT_CANDIDATES}
  const add = RTCPeerConnection.prototype.addIceCandidate;
  RTCPeerConnection.prototype.addIceCandidate = async function (init) {
    const parts = init.candidate.split(' ');
    if (parts[2] !== 'udp' || parts[4].includes(':')) return;
    parts[5] = await gbrtcWay(parts[4], Number(parts[5]));
    parts[4] = '127.0.0.1';
    await add.call(this, { ...init, candidate: parts.join(' ') });
  };
}`;
