import type { IngestSession } from './ingest-session.ts';
import { TcpListener } from './tcp-listener.ts';
import { UdpPort } from './udp-port.ts';

export interface OwnPortOptions {
  readonly address: string;
  readonly port: number;
  readonly receiveBufferBytes: number;
}

/**
 * The sockets of one ingest: RTP and TCP on an even port, RTCP on the next. UDP and TCP are both open whatever was
 * offered, because some devices answer with one transport and use the other (quirks 2.2: trust the actual connect).
 */
export class OwnPort {
  readonly #rtp: UdpPort;
  readonly #tcp: TcpListener;
  readonly #rtcp: UdpPort | undefined;

  private constructor(rtp: UdpPort, tcp: TcpListener, rtcp: UdpPort | undefined) {
    this.#rtp = rtp;
    this.#tcp = tcp;
    this.#rtcp = rtcp;
  }

  /** 0 = any free port. Rejects with the system's error when the RTP or the TCP port cannot be had; the RTCP port is not needed. */
  static async open(options: OwnPortOptions, session: IngestSession): Promise<OwnPort> {
    const { address, receiveBufferBytes } = options;
    const rtp = await UdpPort.open({
      address,
      port: options.port,
      receiveBufferBytes,
      onMessage: (message, from) => session.onDatagram(message, from, via),
    });
    const via = { rtp, rtcp: rtp };
    const { port } = rtp;
    try {
      const onSocket = session.onSocket.bind(session);
      const tcp = await TcpListener.open({ address, port, onSocket });
      const rtcp = port < 65_535 ? await OwnPort.#openRtcp({ ...options, port }, session) : undefined;
      if (rtcp !== undefined) via.rtcp = rtcp;
      return new OwnPort(rtp, tcp, rtcp);
    } catch (error) {
      rtp.close();
      throw error;
    }
  }

  get port(): number {
    return this.#rtp.port;
  }

  get receiveBufferBytes(): number {
    return this.#rtp.receiveBufferBytes;
  }

  close(): void {
    this.#rtp.close();
    this.#tcp.close();
    this.#rtcp?.close();
  }

  static async #openRtcp({ address, port }: OwnPortOptions, session: IngestSession): Promise<UdpPort | undefined> {
    const opened: { port?: UdpPort } = {};
    try {
      opened.port = await UdpPort.open({
        address,
        port: port + 1,
        receiveBufferBytes: 65_536,
        onMessage: (message, from) => {
          if (opened.port !== undefined) session.onRtcpDatagram(message, from, opened.port);
        },
      });
    } catch {
      return undefined;
    }
    return opened.port;
  }
}
