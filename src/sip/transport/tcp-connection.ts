import type { Socket } from 'node:net';
import { plainAddress, sourceNetwork, type SharedConnection } from '../../util/index.ts';
import { SipTransportError } from '../errors.ts';
import type { Request, Response } from '../message.ts';
import { StreamFramer } from '../stream-framer.ts';
import type { TransportFlow } from './flow.ts';

/** A peer that does not read is cut off rather than written for. */
const MAX_UNSENT_BYTES = 1024 * 1024;
const KEEPALIVE_PROBE_MS = 30_000;
/** RFC 5626 §3.5.1. */
const PONG = Buffer.from('\r\n');

let connectionCount = 0;

export interface ConnectionHandlers {
  readonly onMessage: (message: Request | Response, bytes: Buffer, flow: TransportFlow) => void;
  readonly onMalformed: (reason: string, flow: TransportFlow, bytes: Buffer) => void;
  /** It makes us keep so many bytes more, or fewer, than before. */
  readonly onHeld: (flow: TcpConnection, change: number) => void;
  readonly onClosed: (flow: TcpConnection) => void;
}

/** One TCP connection as a flow, accepted or opened by us. */
export class TcpConnection implements TransportFlow, SharedConnection {
  readonly protocol = 'tcp';
  readonly id: string;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Whose share of the limits it takes. */
  readonly source: string;
  readonly localAddress: string;
  readonly localPort: number;
  readonly openedAt = performance.now();
  readonly #socket: Socket;
  readonly #handlers: ConnectionHandlers;
  readonly #framer: StreamFramer;
  readonly #callbacks = new Set<() => void>();
  #lastMessageAt: number | undefined;
  #heldBytes = 0;
  #closed = false;

  constructor(socket: Socket, handlers: ConnectionHandlers) {
    connectionCount += 1;
    this.#socket = socket;
    this.#handlers = handlers;
    this.remoteAddress = plainAddress(socket.remoteAddress);
    this.remotePort = socket.remotePort ?? 0;
    this.source = sourceNetwork(this.remoteAddress);
    this.localAddress = plainAddress(socket.localAddress);
    this.localPort = socket.localPort ?? 0;
    this.id = `tcp:${connectionCount}:${this.remoteAddress}:${this.remotePort}`;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEPALIVE_PROBE_MS);
    this.#framer = new StreamFramer({
      message: (message, bytes) => {
        this.#lastMessageAt = performance.now();
        handlers.onMessage(message, bytes, this);
      },
      ping: () => this.send(PONG),
      skipped: (reason, bytes) => handlers.onMalformed(reason, this, bytes),
    });
    socket.on('data', (chunk: Buffer) => {
      this.#framer.push(chunk);
      this.#tellHeld();
    });
    // The close event follows and tells everybody.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#onClose());
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** When the last message came; undefined before the first. */
  get lastMessageAt(): number | undefined {
    return this.#lastMessageAt;
  }

  send(bytes: Buffer, onError?: (error: Error) => void): void {
    if (this.#closed || this.#socket.destroyed) {
      onError?.(new SipTransportError(`connection to ${this.remoteAddress}:${this.remotePort} is closed`));
      return;
    }
    if (this.#socket.writableLength + bytes.length > MAX_UNSENT_BYTES) {
      this.#socket.destroy();
      onError?.(new SipTransportError(`${this.#socket.writableLength} bytes unsent, limit ${MAX_UNSENT_BYTES}`));
      return;
    }
    this.#socket.write(bytes);
    this.#tellHeld();
  }

  /** Of messages that are not complete yet, and of those that the peer does not read; as it was last measured. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Measures what is held now, and returns the change. */
  measure(): number {
    const before = this.#heldBytes;
    this.#heldBytes = this.#framer.buffered + this.#socket.writableLength;
    return this.#heldBytes - before;
  }

  onClosed(callback: () => void): () => void {
    this.#callbacks.add(callback);
    return () => this.#callbacks.delete(callback);
  }

  /** Idempotent. */
  close(): void {
    this.#socket.destroy();
  }

  #tellHeld(): void {
    const change = this.measure();
    if (change !== 0) this.#handlers.onHeld(this, change);
  }

  #onClose(): void {
    if (this.#closed) return;
    this.#closed = true;
    const callbacks = [...this.#callbacks];
    this.#callbacks.clear();
    for (const callback of callbacks) callback();
    this.#handlers.onClosed(this);
  }
}
