import type { RemoteInfo } from 'node:dgram';
import { plainAddress } from '../../util/plain-address.ts';
import type { RelayRemote } from '../relay-types.ts';
import { UdpPort } from '../thread/udp-port.ts';

const RTCP_BUFFER_BYTES = 65_536;
const MAX_PORT = 65_535;

export interface RelayPortsOptions {
  readonly address: string;
  /** Even; RTCP has the next one. 0 = any two free ones (tests). */
  readonly port: number;
  readonly receiveBufferBytes: number;
  readonly remote: RelayRemote;
  readonly onRtp: (message: Buffer) => void;
  readonly onRtcp: (message: Buffer) => void;
  /** A datagram from elsewhere. */
  readonly onStranger: () => void;
}

/** The two ports of one track (RFC 3550 §11). Only the source's address is listened to. */
export class RelayPorts {
  readonly #options: RelayPortsOptions;
  #remote: RelayRemote;
  #rtp: UdpPort | undefined;
  #rtcp: UdpPort | undefined;
  #rtpFrom = 0;
  #rtcpFrom = 0;

  private constructor(options: RelayPortsOptions) {
    this.#options = options;
    this.#remote = options.remote;
  }

  /** Rejects with the system's error when one of the ports cannot be had. */
  static async open(options: RelayPortsOptions): Promise<RelayPorts> {
    const ports = new RelayPorts(options);
    const { address, port, receiveBufferBytes } = options;
    ports.#rtp = await UdpPort.open({
      address,
      port,
      receiveBufferBytes,
      onMessage: (message, from) => ports.#onRtp(message, from),
    });
    try {
      ports.#rtcp = await UdpPort.open({
        address,
        port: port === 0 ? 0 : port + 1,
        receiveBufferBytes: RTCP_BUFFER_BYTES,
        onMessage: (message, from) => ports.#onRtcp(message, from),
      });
    } catch (error) {
      ports.close();
      throw error;
    }
    return ports;
  }

  /** Sends to the named ports, so that a firewall before us lets the answers in. */
  setRemote(remote: RelayRemote, opening: Buffer): void {
    this.#remote = remote;
    this.#rtpFrom = 0;
    this.#rtcpFrom = 0;
    const { address, rtpPort, rtcpPort } = remote;
    if (isPort(rtpPort)) this.#rtp?.send(opening, rtpPort, address);
    if (isPort(rtcpPort) && rtcpPort !== rtpPort) this.#rtcp?.send(opening, rtcpPort, address);
  }

  /**
   * To where the source's RTCP came from, else to the port that it named, else to the one behind its RTP port. A source
   * with one port for both (RFC 5761) knows us by our RTP port only.
   */
  sendRtcp(packet: Buffer): void {
    const { address, rtcpPort, rtpPort } = this.#remote;
    if (isPort(rtpPort) && rtpPort === rtcpPort) return this.#rtp?.send(packet, rtpPort, address);
    const candidates = [this.#rtcpFrom, rtcpPort, this.#rtpFrom > 0 ? this.#rtpFrom + 1 : 0, (rtpPort ?? -1) + 1];
    const port = candidates.find(isPort);
    if (port !== undefined) this.#rtcp?.send(packet, port, address);
  }

  close(): void {
    this.#rtp?.close();
    this.#rtcp?.close();
  }

  #onRtp(message: Buffer, from: RemoteInfo): void {
    if (plainAddress(from.address) !== this.#remote.address) return this.#options.onStranger();
    this.#rtpFrom = from.port;
    this.#options.onRtp(message);
  }

  #onRtcp(message: Buffer, from: RemoteInfo): void {
    if (plainAddress(from.address) !== this.#remote.address) return this.#options.onStranger();
    this.#rtcpFrom = from.port;
    this.#options.onRtcp(message);
  }
}

function isPort(port: number | undefined): port is number {
  return port !== undefined && port > 0 && port <= MAX_PORT;
}
