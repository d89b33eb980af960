import type { IncomingMessage } from 'node:http';
import type { RawData, WebSocket } from 'ws';
import { errorMessage, type Logger } from '../util/index.ts';
import { failure, type PmsReply } from './envelope.ts';
import { PmsError } from './errors.ts';
import { MessageRate } from './message-rate.ts';
import { NOBODY } from './messages.ts';
import { peerOf } from './peer-facts.ts';
import type { Peer } from './sessions.ts';
import type { Signalling } from './signalling.ts';
import type { PmsOptions } from './types.ts';

/** Messages of one WebSocket that wait for their answers, e.g. for cameras. */
const MAX_PENDING = 64;
/** Messages over the rate that are still answered; who goes on is cut off. */
const MAX_REFUSED = 200;

/** RFC 6455 §7.4.1. */
const POLICY_VIOLATION = 1008;
const GOING_AWAY = 1001;

export interface WebSocketParts {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
  readonly signalling: Signalling;
  readonly options: PmsOptions;
  readonly onClosed: (peer: WebSocketPeer) => void;
  readonly log: Logger;
}

/** One client over one WebSocket. */
export class WebSocketPeer implements Peer {
  readonly address: string;
  readonly userAgent: string;
  readonly token: string | undefined;
  readonly lasting = true;
  readonly #parts: WebSocketParts;
  readonly #rate: MessageRate;
  #pending = 0;
  #refused = 0;
  #heardAt = Date.now();
  #messageAt = Date.now();
  #closed = false;

  constructor(parts: WebSocketParts) {
    const { address, userAgent, token } = peerOf(parts.request);
    this.address = address;
    this.userAgent = userAgent;
    this.token = token;
    this.#parts = parts;
    this.#rate = new MessageRate(parts.options.messageRate);
    const { socket } = parts;
    socket.on('message', (data: RawData, binary: boolean) => this.#handleMessage(data, binary));
    socket.on('pong', () => {
      this.#heardAt = Date.now();
    });
    socket.on('error', (error) => parts.log.debug({ error: errorMessage(error) }, 'websocket failed'));
    socket.once('close', () => this.#handleClose());
  }

  get closed(): boolean {
    return this.#closed;
  }

  send(reply: PmsReply): void {
    const { socket, options } = this.#parts;
    if (this.#closed) return;
    if (socket.bufferedAmount > options.maxBackpressureBytes) {
      // It does not read: a polite close would wait behind what it leaves unread.
      socket.terminate();
      return;
    }
    socket.send(JSON.stringify(reply));
  }

  /** Called regularly: closes what is dead or silent, asks the rest for a pong. */
  check(now: number): void {
    const { socket, options } = this.#parts;
    if (now - this.#heardAt > options.idleTimeoutMs) {
      socket.terminate();
      return;
    }
    if (options.heartbeatTimeoutMs > 0 && now - this.#messageAt > options.heartbeatTimeoutMs) {
      this.#cut(POLICY_VIOLATION, `no message for ${options.heartbeatTimeoutMs} ms`);
      return;
    }
    if (socket.readyState === socket.OPEN) socket.ping();
  }

  close(): void {
    this.#cut(GOING_AWAY, 'the gateway is closing');
  }

  #cut(code: number, reason: string): void {
    const { socket } = this.#parts;
    socket.close(code, reason);
    // Who does not answer the close frame has no say in when it is over.
    setTimeout(() => socket.terminate(), 1000).unref();
    this.#handleClose();
  }

  #handleMessage(data: RawData, binary: boolean): void {
    if (this.#closed) return;
    this.#heardAt = Date.now();
    this.#messageAt = this.#heardAt;
    if (!this.#rate.take()) {
      this.#refuse(`more than ${this.#parts.options.messageRate} messages per second`);
      return;
    }
    if (this.#pending >= MAX_PENDING) {
      this.#refuse(`${this.#pending} messages are waiting for their answers, the limit is ${MAX_PENDING}`);
      return;
    }
    this.#refused = 0;
    if (binary) this.#parts.log.debug({ address: this.address }, 'binary message read as text');
    this.#pending += 1;
    void this.#answer(textOf(data));
  }

  async #answer(text: string): Promise<void> {
    try {
      this.send(await this.#parts.signalling.handle(text, this));
    } finally {
      this.#pending -= 1;
    }
  }

  #refuse(text: string): void {
    this.#refused += 1;
    if (this.#refused > MAX_REFUSED) this.#cut(POLICY_VIOLATION, 'too many messages');
    else this.send(failure(NOBODY, new PmsError('too_many_messages', text)));
  }

  #handleClose(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#parts.signalling.leave(this);
    this.#parts.onClosed(this);
  }
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return Buffer.isBuffer(data) ? data.toString('utf8') : Buffer.from(data).toString('utf8');
}
