import type { RemoteInfo } from 'node:dgram';
import type { Socket } from 'node:net';
import { isRtcpAt, readUint32, RTP_HEADER_BYTES } from '../rtp/rtp-packet.ts';
import type { IngestSession } from './ingest-session.ts';
import type { PacketSpan } from './rtp-intake.ts';
import { TcpConnection, type TcpConnectionOwner } from './tcp-connection.ts';
import { TcpListener } from './tcp-listener.ts';
import { UdpPort } from './udp-port.ts';

const MAX_UNASSIGNED = 256;
const UNASSIGNED_MS = 15_000;
const MAX_UNASSIGNED_BYTES = 262_144;
const VERSION_MASK = 0xc0;
const VERSION_2 = 0x80;

export interface SharedPortOptions {
  readonly address: string;
  readonly port: number;
  readonly receiveBufferBytes: number;
  readonly now: () => number;
}

/** One UDP and one TCP port for all ingests of the thread, told apart by SSRC; an unknown SSRC is rejected and counted. */
export class SharedPort implements TcpConnectionOwner {
  readonly #options: SharedPortOptions;
  readonly #bySsrc = new Map<number, IngestSession>();
  readonly #unassigned = new Set<TcpConnection>();
  #udp: UdpPort | undefined;
  #tcp: TcpListener | undefined;
  /** Packets and connections of an SSRC that belongs to no ingest. */
  unknownSsrc = 0;

  constructor(options: SharedPortOptions) {
    this.#options = options;
  }

  /** Rejects with the system's error. */
  async open(): Promise<void> {
    const { address, port, receiveBufferBytes } = this.#options;
    const onMessage = (message: Buffer, from: RemoteInfo): void => this.#onDatagram(message, from);
    this.#udp = await UdpPort.open({ address, port, receiveBufferBytes, onMessage });
    try {
      this.#tcp = await TcpListener.open({
        address,
        port: this.#udp.port,
        onSocket: (socket) => this.#onSocket(socket),
      });
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get port(): number {
    return this.#udp?.port ?? 0;
  }

  get receiveBufferBytes(): number {
    return this.#udp?.receiveBufferBytes ?? 0;
  }

  /** False = the SSRC is another ingest's. */
  add(session: IngestSession, ssrc: number): boolean {
    const holder = this.#bySsrc.get(ssrc);
    if (holder !== undefined && holder !== session) return false;
    this.#bySsrc.set(ssrc, session);
    return true;
  }

  remove(session: IngestSession): void {
    for (const [ssrc, holder] of this.#bySsrc) if (holder === session) this.#bySsrc.delete(ssrc);
  }

  onFrame(connection: TcpConnection, span: PacketSpan): void {
    const { buffer, start, end } = span;
    if (isRtcpAt(buffer, start, end) || !isRtp(buffer, start, end)) return;
    const session = this.#find(readUint32(buffer, start + 8), connection.address);
    this.#unassigned.delete(connection);
    if (session === undefined) {
      connection.close();
      return;
    }
    session.connections.adopt(connection);
    session.connections.onFrame(connection, span);
  }

  onDiscontinuity(): void {
    // Nothing was taken from this connection yet.
  }

  onClosed(connection: TcpConnection): void {
    this.#unassigned.delete(connection);
  }

  tick(nowMs: number): void {
    for (const connection of this.#unassigned) {
      const idle = nowMs - connection.openedAtMs >= UNASSIGNED_MS;
      if (idle || connection.receivedBytes > MAX_UNASSIGNED_BYTES) this.#drop(connection);
    }
  }

  close(): void {
    this.#udp?.close();
    this.#tcp?.close();
    for (const connection of this.#unassigned) connection.close();
    this.#unassigned.clear();
    this.#bySsrc.clear();
  }

  #onDatagram(message: Buffer, from: RemoteInfo): void {
    const udp = this.#udp;
    if (udp === undefined) return;
    const rtcp = isRtcpAt(message, 0, message.length);
    if (!rtcp && !isRtp(message, 0, message.length)) {
      this.unknownSsrc += 1;
      return;
    }
    // RFC 3550 §6.1: the sender's SSRC is the second word of RTCP, the third of RTP.
    const ssrc = message.length < 8 ? -1 : readUint32(message, rtcp ? 4 : 8);
    this.#find(ssrc, from.address)?.onDatagram(message, from, { rtp: udp, rtcp: udp });
  }

  #onSocket(socket: Socket): void {
    const oldest = this.#unassigned.values().next().value;
    if (oldest !== undefined && this.#unassigned.size >= MAX_UNASSIGNED) this.#drop(oldest);
    this.#unassigned.add(new TcpConnection(socket, this, this.#options.now()));
  }

  /** Counts an SSRC of nobody, and tells the ingest that waits for the device at this address, as a hint for people. */
  #find(ssrc: number, address: string): IngestSession | undefined {
    const found = this.#bySsrc.get(ssrc);
    if (found !== undefined) return found;
    this.unknownSsrc += 1;
    const nowMs = this.#options.now();
    for (const session of this.#bySsrc.values()) {
      if (session.deviceAddress !== address || session.intake.started) continue;
      session.intake.onForeignSsrc(ssrc, address, nowMs);
      break;
    }
    return undefined;
  }

  #drop(connection: TcpConnection): void {
    this.#unassigned.delete(connection);
    connection.close();
  }
}

function isRtp(buffer: Buffer, start: number, end: number): boolean {
  return end - start >= RTP_HEADER_BYTES && (buffer[start]! & VERSION_MASK) === VERSION_2;
}
