import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import {
  errorMessage,
  sourceNetwork,
  type ConnectionShares,
  type Logger,
  type SharedConnection,
} from '../util/index.ts';
import { MessageRate } from './message-rate.ts';
import { textFrame } from './text-frame.ts';
import type { Caller, Peer, PeerHandler, PeerLimits, WebSocketProtocol } from './types.ts';
import { UnfinishedMessage } from './unfinished-message.ts';

const DEFAULT_MAX_PENDING = 64;
/** Messages over a bound that are still answered; who goes on is cut off. */
const MAX_REFUSED = 200;
/** Who does not answer the close frame has no say in when it is over. */
const CLOSE_LIMIT_MS = 1000;

/** RFC 6455 §7.4.1. */
const POLICY_VIOLATION = 1008;
/** Of the registry of close codes of RFC 6455 §11.7. */
const TRY_AGAIN_LATER = 1013;
/** RFC 6455 §5.5: what a control frame has room for beside the code. */
const MAX_REASON_BYTES = 123;

export interface SocketPeerParts {
  readonly socket: WebSocket;
  /** What the WebSocket runs on. */
  readonly stream: Duplex;
  readonly caller: Caller;
  readonly protocol: WebSocketProtocol;
  /** Shares of all in the memory of unfinished messages. */
  readonly memory: ConnectionShares;
  readonly onClosed: (peer: SocketPeer) => void;
  readonly log: Logger;
}

/** One client over one WebSocket, with the bounds of its protocol. */
export class SocketPeer implements Peer {
  readonly address: string;
  readonly userAgent: string;
  readonly token: string | undefined;
  readonly query: URLSearchParams;
  readonly origin: string | undefined;
  readonly host: string | undefined;
  readonly secure: boolean;
  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  readonly #limits: PeerLimits;
  readonly #onClosed: (peer: SocketPeer) => void;
  readonly #log: Logger;
  readonly #memory: ConnectionShares;
  readonly #unfinished = new UnfinishedMessage();
  #share: SharedConnection | undefined;
  readonly #rate: MessageRate;
  readonly #handler: PeerHandler;
  /** Of an ordered protocol: the message that is being handled. */
  #running: Promise<void> | undefined;
  #pending = 0;
  #refused = 0;
  #heardAt = performance.now();
  #messageAt = performance.now();
  #closed = false;
  /** Who waits for a sign of life. */
  readonly #doubting = new Set<(answered: boolean) => void>();

  constructor({ socket, stream, caller, protocol, memory, onClosed, log }: SocketPeerParts) {
    const { address, userAgent, token, query, origin, host, secure } = caller;
    this.address = address;
    this.userAgent = userAgent;
    this.token = token;
    this.query = query;
    this.origin = origin;
    this.host = host;
    this.secure = secure;
    this.#socket = socket;
    this.#stream = stream;
    this.#limits = protocol.limits;
    this.#onClosed = onClosed;
    this.#log = log;
    this.#memory = memory;
    this.#rate = new MessageRate(protocol.limits.messageRate);
    this.#handler = protocol.connect(this);
    socket.on('message', (data: RawData, binary: boolean) => this.#receive(data, binary));
    socket.on('pong', () => this.#hear());
    socket.on('error', (error) => log.debug({ error: errorMessage(error) }, 'websocket failed'));
    socket.once('close', () => {
      this.#end();
      this.#leaveMemory();
    });
    stream.on('data', (piece: Buffer) => this.#follow(piece));
  }

  get closed(): boolean {
    return this.#closed;
  }

  send(text: string): void {
    if (this.#closed) return;
    if (this.#socket.bufferedAmount > this.#limits.maxBackpressureBytes) {
      // It does not read: a polite close would wait behind what it leaves unread.
      this.#socket.terminate();
      return;
    }
    // One write instead of the library's two: half of what an event to many members costs.
    if (this.#socket.readyState === this.#socket.OPEN) this.#stream.write(textFrame(text));
  }

  async answers(withinMs: number): Promise<boolean> {
    if (this.#closed || this.#socket.readyState !== this.#socket.OPEN) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), withinMs);
    // Another one is asked for already.
    if (this.#doubting.size === 0) this.#socket.ping();
    this.#doubting.add(resolve);
    const answered = await promise;
    clearTimeout(timer);
    this.#doubting.delete(resolve);
    return answered;
  }

  close(code: number, reason: string): void {
    if (this.#closed) return;
    const short = Buffer.byteLength(reason) <= MAX_REASON_BYTES ? reason : reason.slice(0, MAX_REASON_BYTES / 3);
    this.#socket.close(code, short);
    setTimeout(() => this.#socket.terminate(), CLOSE_LIMIT_MS).unref();
    this.#end();
  }

  /** Called regularly: closes what is dead or silent, asks the rest for a pong. */
  check(now: number): void {
    const { idleTimeoutMs, messageTimeoutMs } = this.#limits;
    if (now - this.#heardAt > idleTimeoutMs) {
      this.#socket.terminate();
      return;
    }
    if (messageTimeoutMs > 0 && now - this.#messageAt > messageTimeoutMs) {
      this.close(POLICY_VIOLATION, `no message for ${messageTimeoutMs} ms`);
      return;
    }
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping();
  }

  /** Only who holds something has a share: nearly all peers hold nothing at nearly all times. */
  #follow(piece: Buffer): void {
    const before = this.#unfinished.heldBytes;
    this.#unfinished.push(piece);
    const change = this.#unfinished.heldBytes - before;
    if (change === 0 || this.#socket.readyState === this.#socket.CLOSED) return;
    const share = (this.#share ??= this.#newShare());
    this.#memory.hold(share, change);
    if (this.#unfinished.heldBytes === 0) this.#leaveMemory();
  }

  #newShare(): SharedConnection {
    const unfinished = this.#unfinished;
    const share: SharedConnection = {
      source: sourceNetwork(this.address),
      get heldBytes() {
        return unfinished.heldBytes;
      },
      measure: () => 0,
      close: () => this.#cutOff(),
    };
    this.#memory.add(share);
    return share;
  }

  #leaveMemory(): void {
    if (this.#share !== undefined) this.#memory.delete(this.#share);
    this.#share = undefined;
  }

  #cutOff(): void {
    // What it goes on sending is not read any more.
    this.#socket.pause();
    if (this.#closed) this.#socket.terminate();
    else this.close(TRY_AGAIN_LATER, 'unfinished messages take too much memory');
  }

  #hear(): void {
    this.#heardAt = performance.now();
    for (const settle of this.#doubting) settle(true);
  }

  #receive(data: RawData, binary: boolean): void {
    if (this.#closed) return;
    this.#hear();
    this.#messageAt = this.#heardAt;
    const { messageRate, maxPending = DEFAULT_MAX_PENDING } = this.#limits;
    if (!this.#rate.take()) {
      this.#refuse(`more than ${messageRate} messages per second`);
      return;
    }
    if (this.#pending >= maxPending) {
      this.#refuse(`${this.#pending} messages are waiting for their answers, the limit is ${maxPending}`);
      return;
    }
    this.#refused = 0;
    if (binary) this.#log.debug({ address: this.address }, 'binary message read as text');
    this.#take(textOf(data));
  }

  #take(text: string): void {
    const before = this.#limits.ordered ? this.#running : undefined;
    const handling = before === undefined ? this.#handle(text) : before.then(() => this.#handle(text));
    if (handling === undefined) return;
    this.#pending += 1;
    const done = handling
      .catch((error: unknown) => this.#report(error))
      .finally(() => {
        this.#pending -= 1;
        if (this.#running === done) this.#running = undefined;
      });
    this.#running = done;
  }

  #handle(text: string): Promise<void> | undefined {
    if (this.#closed) return undefined;
    try {
      return this.#handler.handleMessage(text) ?? undefined;
    } catch (error) {
      this.#report(error);
      return undefined;
    }
  }

  #report(error: unknown): void {
    this.#log.error({ address: this.address, error }, 'message was not handled');
  }

  #refuse(reason: string): void {
    this.#refused += 1;
    if (this.#refused > MAX_REFUSED) this.close(POLICY_VIOLATION, 'too many messages');
    else this.#handler.handleRefused(reason);
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const settle of this.#doubting) settle(false);
    this.#handler.handleClose();
    this.#onClosed(this);
  }
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return Buffer.isBuffer(data) ? data.toString('utf8') : Buffer.from(data).toString('utf8');
}
