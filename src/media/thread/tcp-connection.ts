import type { Socket } from 'node:net';
import { plainAddress } from '../../util/plain-address.ts';
import { Rfc4571Framer, type FramerSink } from '../rtp/rfc4571-framer.ts';
import type { PacketOrigin, PacketSpan } from './rtp-intake.ts';

/** Who is told what a connection receives; changes once on the shared port. */
export interface TcpConnectionOwner {
  onFrame(connection: TcpConnection, span: PacketSpan): void;
  onDiscontinuity(connection: TcpConnection): void;
  onClosed(connection: TcpConnection): void;
}

const KEEP_ALIVE_MS = 30_000;
/** A peer that does not read its receiver reports gets no more of them. */
const MAX_UNSENT_BYTES = 16_384;

/** One TCP connection with RTP frames (RFC 4571 §2, RFC 2326 §10.12). */
export class TcpConnection implements FramerSink, PacketOrigin {
  readonly address: string;
  readonly port: number;
  readonly openedAtMs: number;
  readonly #socket: Socket;
  readonly #framer: Rfc4571Framer;
  readonly #span: { buffer: Buffer; start: number; end: number } = { buffer: Buffer.alloc(0), start: 0, end: 0 };
  #owner: TcpConnectionOwner;
  #closed = false;
  #counted = 0;
  /** Accepted RTP came over it. */
  carriesMedia = false;
  /** The device sends RTCP over it and so can read RTCP. */
  carriesRtcp = false;
  receivedBytes = 0;

  constructor(socket: Socket, owner: TcpConnectionOwner, nowMs: number) {
    this.#socket = socket;
    this.#owner = owner;
    this.openedAtMs = nowMs;
    this.address = plainAddress(socket.remoteAddress);
    this.port = socket.remotePort ?? 0;
    this.#framer = new Rfc4571Framer(this);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on('data', (chunk: Buffer) => {
      this.receivedBytes += chunk.length;
      this.#framer.push(chunk);
    });
    // The reason does not matter: `close` follows, and a device may connect again.
    socket.on('error', () => undefined);
    socket.on('end', () => this.close());
    socket.on('close', () => {
      this.#closed = true;
      this.#owner.onClosed(this);
    });
  }

  setOwner(owner: TcpConnectionOwner): void {
    this.#owner = owner;
  }

  /** The SSRC to look for when frames are lost. */
  setSsrc(ssrc: number): void {
    this.#framer.setSsrc(ssrc);
  }

  /** Lost frame boundaries since the last call. */
  takeResyncs(): number {
    const taken = this.#framer.resyncs - this.#counted;
    this.#counted = this.#framer.resyncs;
    return taken;
  }

  onFrame(buffer: Buffer, start: number, end: number): void {
    if (this.#closed) return;
    this.#span.buffer = buffer;
    this.#span.start = start;
    this.#span.end = end;
    this.#owner.onFrame(this, this.#span);
  }

  onDiscontinuity(): void {
    if (!this.#closed) this.#owner.onDiscontinuity(this);
  }

  /** Sends RTCP in the framing that the device uses; channel 1 where it is interleaved (RFC 2326 §10.12). */
  sendRtcp(packet: Buffer): void {
    if (this.#closed || this.#socket.writableLength > MAX_UNSENT_BYTES) return;
    const interleaved = this.#framer.framing === 'interleaved';
    const header = Buffer.alloc(interleaved ? 4 : 2);
    if (interleaved) header.writeUInt16BE(0x2401, 0);
    header.writeUInt16BE(packet.length, header.length - 2);
    this.#socket.write(Buffer.concat([header, packet]));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.destroy();
  }
}
