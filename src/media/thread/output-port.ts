import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { OutputPorts, TrackKind } from '../types.ts';
import { BUNDLE_MARK } from './packet-bundle.ts';

const SEND_BUFFER_BYTES = 4_194_304;
/** Attempts to find an even port whose neighbour is free too. */
const PAIR_ATTEMPTS = 32;

/** What an output port tells. */
export interface OutputPortEvents {
  /** Packets may be sent. */
  readonly onReady: (ports: OutputPorts) => void;
  /** A datagram on the way back. */
  readonly onControl: (message: Buffer) => void;
  readonly onError: () => void;
  /** It will never be ready. */
  readonly onFailed: () => void;
}

/** Where the packets of one output go to. */
export interface OutputPort {
  /** Large frames are spread over time. */
  readonly paced: boolean;
  /** The receiver has said that it understands bundles of packets; they go through `sendRtp`. */
  readonly takesBundles: boolean;
  open(events: OutputPortEvents): void;
  sendRtp(kind: TrackKind, packet: Buffer): void;
  sendRtcp(kind: TrackKind, packet: Buffer): void;
  /** The next packets of video are a key frame. */
  beginKeyFrame(): void;
  /** The packets of a video frame are complete. */
  endFrame(): void;
  /** Every 100 ms. */
  tick(): void;
  close(): void;
}

function createSender(address: string): Socket {
  return createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', sendBufferSize: SEND_BUFFER_BYTES });
}

/** RTP and RTCP of all tracks over one connected UDP socket, as a mediasoup PlainTransport wants it. */
export class MuxPort implements OutputPort {
  readonly paced = true;
  readonly #address: string;
  readonly #port: number;
  readonly #socket: Socket;
  #takesBundles = false;

  constructor(address: string, port: number) {
    this.#address = address;
    this.#port = port;
    this.#socket = createSender(address);
  }

  get takesBundles(): boolean {
    return this.#takesBundles;
  }

  open(events: OutputPortEvents): void {
    let ready = false;
    this.#socket.on('error', () => (ready ? events.onError() : events.onFailed()));
    this.#socket.on('message', (message) => {
      if (message.equals(BUNDLE_MARK)) this.#takesBundles = true;
      else events.onControl(message);
    });
    this.#socket.once('connect', () => {
      ready = true;
      this.#socket.send(BUNDLE_MARK);
      const { port } = this.#socket.address();
      events.onReady({ rtp: port, rtcp: port });
    });
    this.#socket.connect(this.#port, this.#address);
  }

  sendRtp(_kind: TrackKind, packet: Buffer): void {
    this.#socket.send(packet);
  }

  sendRtcp(_kind: TrackKind, packet: Buffer): void {
    this.#socket.send(packet);
  }

  beginKeyFrame(): void {}

  endFrame(): void {}

  tick(): void {}

  close(): void {
    this.#socket.close();
  }
}

export interface PairTarget {
  readonly address: string;
  readonly rtpPort: number;
  readonly rtcpPort: number;
  /** Own address, the one that the player knows us by. */
  readonly localAddress: string;
}

/** One track to a player's two ports, from an even port and the next one (RFC 3550 §11). */
export class PairPort implements OutputPort {
  readonly paced = true;
  readonly takesBundles = false;
  readonly #target: PairTarget;
  #rtp: Socket | undefined;
  #rtcp: Socket | undefined;
  #closed = false;

  constructor(target: PairTarget) {
    this.#target = target;
  }

  open(events: OutputPortEvents): void {
    this.#bind().then(
      (bound) => this.#start(bound, events),
      () => events.onFailed(),
    );
  }

  sendRtp(_kind: TrackKind, packet: Buffer): void {
    const { address, rtpPort } = this.#target;
    this.#rtp?.send(packet, rtpPort, address);
  }

  sendRtcp(_kind: TrackKind, packet: Buffer): void {
    const { address, rtcpPort } = this.#target;
    this.#rtcp?.send(packet, rtcpPort, address);
  }

  beginKeyFrame(): void {}

  endFrame(): void {}

  tick(): void {}

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#rtp?.close();
    this.#rtcp?.close();
  }

  #start([rtp, rtcp]: readonly [Socket, Socket], events: OutputPortEvents): void {
    if (this.#closed) {
      rtp.close();
      rtcp.close();
      return;
    }
    this.#rtp = rtp;
    this.#rtcp = rtcp;
    for (const socket of [rtp, rtcp]) socket.on('error', events.onError);
    // Players open their firewall with packets to the RTP port; only RTCP tells something.
    rtp.on('message', () => undefined);
    rtcp.on('message', (message, from: RemoteInfo) => {
      if (from.address === this.#target.address) events.onControl(message);
    });
    events.onReady({ rtp: rtp.address().port, rtcp: rtcp.address().port });
  }

  async #bind(): Promise<readonly [Socket, Socket]> {
    for (let attempt = 0; attempt < PAIR_ATTEMPTS; attempt += 1) {
      const first = await this.#bindOne(0);
      const { port } = first.address();
      const second = await this.#bindOne(port % 2 === 0 ? port + 1 : port - 1).catch(() => undefined);
      if (second !== undefined) return port % 2 === 0 ? [first, second] : [second, first];
      first.close();
    }
    throw new TypeError('no pair of ports is free');
  }

  async #bindOne(port: number): Promise<Socket> {
    const socket = createSender(this.#target.localAddress);
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    socket.once('error', reject);
    socket.bind(port, this.#target.localAddress, () => resolve(undefined));
    try {
      await promise;
    } catch (error) {
      socket.close();
      throw error;
    }
    socket.off('error', reject);
    return socket;
  }
}
