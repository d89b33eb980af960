import type { Intake, PacketSpan, RtpIntake } from './rtp-intake.ts';
import type { TcpConnection, TcpConnectionOwner } from './tcp-connection.ts';

const MAX_CONNECTIONS = 4;
/** A connection that has not brought media of ours is closed after this time or so many bytes. */
const IDLE_MS = 15_000;
const MAX_USELESS_BYTES = 4_194_304;

export interface TcpConnectionsDependencies {
  readonly intake: RtpIntake;
  readonly now: () => number;
  /** The connection that carried the media is gone and no other has taken over. */
  readonly onMediaClosed: () => void;
  /** Any connection is gone. */
  readonly onClosed: () => void;
}

/** The TCP connections of one ingest: several may come in a row, the last one with valid data wins. */
export class TcpConnections implements TcpConnectionOwner {
  readonly #dependencies: TcpConnectionsDependencies;
  readonly #connections = new Set<TcpConnection>();
  #active: TcpConnection | undefined;
  #resyncsOfClosed = 0;
  #ssrc = -1;

  constructor(dependencies: TcpConnectionsDependencies) {
    this.#dependencies = dependencies;
  }

  /** The one that carries the media. */
  get active(): TcpConnection | undefined {
    return this.#active;
  }

  get size(): number {
    return this.#connections.size;
  }

  /** Lost frame boundaries of all connections so far. */
  get resyncs(): number {
    for (const connection of this.#connections) this.#resyncsOfClosed += connection.takeResyncs();
    return this.#resyncsOfClosed;
  }

  /** Takes a connection over; where there are too many, the oldest without media goes. */
  adopt(connection: TcpConnection): void {
    connection.setOwner(this);
    if (this.#ssrc >= 0) connection.setSsrc(this.#ssrc);
    if (this.#connections.size >= MAX_CONNECTIONS) {
      for (const other of this.#connections) {
        if (other === this.#active) continue;
        this.#drop(other);
        break;
      }
    }
    this.#connections.add(connection);
  }

  onFrame(connection: TcpConnection, span: PacketSpan): void {
    const intake: Intake = this.#dependencies.intake.onFrame(span, connection, this.#dependencies.now());
    if (intake === 'rtcp') connection.carriesRtcp = true;
    if (intake !== 'media' || connection === this.#active) return;
    const former = this.#active;
    this.#active = connection;
    this.#ssrc = this.#dependencies.intake.rules.ssrc;
    connection.carriesMedia = true;
    connection.setSsrc(this.#ssrc);
    if (former !== undefined) this.#drop(former);
  }

  onDiscontinuity(connection: TcpConnection): void {
    if (connection === this.#active) this.#dependencies.intake.onDiscontinuity(this.#dependencies.now());
  }

  onClosed(connection: TcpConnection): void {
    this.#resyncsOfClosed += connection.takeResyncs();
    this.#connections.delete(connection);
    if (connection === this.#active) {
      this.#active = undefined;
      this.#dependencies.onMediaClosed();
    }
    this.#dependencies.onClosed();
  }

  tick(nowMs: number): void {
    for (const connection of this.#connections) {
      if (connection.carriesMedia) continue;
      if (nowMs - connection.openedAtMs >= IDLE_MS || connection.receivedBytes > MAX_USELESS_BYTES)
        this.#drop(connection);
    }
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
    this.#connections.clear();
    this.#active = undefined;
  }

  #drop(connection: TcpConnection): void {
    this.#resyncsOfClosed += connection.takeResyncs();
    this.#connections.delete(connection);
    connection.close();
  }
}
