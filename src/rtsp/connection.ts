import type { Socket } from 'node:net';
import { errorMessage, plainAddress, type FailureLimit, type Logger } from '../util/index.ts';
import type { RtspAuth } from './access.ts';
import { RtspFramer } from './framer.ts';
import { formatResponse, type RtspRequest } from './message.ts';
import type { PublishTarget } from './publish/publisher.ts';
import { RequestHandler, type Reply, type TapSource } from './request-handler.ts';

/** Requests that wait for the one before them. */
const MAX_WAITING_REQUESTS = 16;
/** A client that is refused is given this long to read why. */
const GOODBYE_MS = 1000;
const KEEP_ALIVE_MS = 30_000;
/** Answers that a client has not read; one of a session is some hundred bytes. */
const MAX_UNREAD_BYTES = 262_144;
/** The same for one that gets interleaved packets, which wait in the same socket and have a bound of their own. */
const MAX_UNREAD_PLAYING_BYTES = 8_388_608;

export interface ConnectionOptions {
  readonly streams: TapSource & PublishTarget;
  readonly auth: RtspAuth;
  readonly failures: FailureLimit;
  readonly sessionTimeoutMs: number;
  readonly now: () => number;
  readonly onClosed: (connection: RtspConnection) => void;
  readonly log: Logger;
}

/** One RTSP connection: requests in, answers and interleaved packets out. */
export class RtspConnection {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #log: Logger;
  readonly #framer = new RtspFramer();
  readonly #handler: RequestHandler;
  #requests: Promise<void> = Promise.resolve();
  #waiting = 0;
  #heardAtMs: number;
  #closed = false;

  constructor(socket: Socket, options: ConnectionOptions) {
    const remoteAddress = plainAddress(socket.remoteAddress);
    this.#socket = socket;
    this.#options = options;
    this.#log = options.log.child({ remoteAddress });
    this.#heardAtMs = options.now();
    this.#handler = new RequestHandler({
      streams: options.streams,
      auth: options.auth,
      failures: options.failures,
      socket,
      remoteAddress,
      localAddress: plainAddress(socket.localAddress),
      sessionTimeoutSec: Math.floor(options.sessionTimeoutMs / 1000),
      now: options.now,
      onAlive: () => this.#touch(),
      onEnded: (reason) => this.#end(reason),
      log: this.#log,
    });
    socket.setNoDelay(true);
    // A peer that vanished is found out also where it need not say anything.
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on('data', (chunk) => this.#onData(chunk));
    socket.on('error', (error) => this.#log.debug({ error: errorMessage(error) }, 'RTSP connection failed'));
    socket.on('close', () => this.close());
  }

  /** About once a second. */
  tick(): void {
    const { session, publisher } = this.#handler;
    session?.tick();
    // The silence of its media ends a publication; those who send need not say more.
    if (publisher?.state === 'recording') return;
    // Interleaved packets that are read are sign of life enough.
    if (session?.state === 'playing' && session.lower === 'tcp') return;
    const silentMs = this.#options.now() - this.#heardAtMs;
    if (silentMs > this.#options.sessionTimeoutMs) this.#end('session timeout');
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#handler.close();
    this.#socket.destroy();
    this.#options.onClosed(this);
  }

  #end(reason: string): void {
    if (this.#closed) return;
    this.#log.info({ reason }, 'RTSP connection closed');
    this.close();
  }

  #touch(): void {
    this.#heardAtMs = this.#options.now();
  }

  #onData(chunk: Buffer): void {
    if (this.#closed) return;
    this.#touch();
    const { publisher, session } = this.#handler;
    const failure = this.#framer.push(chunk, (item) => {
      if (item.kind === 'request') this.#enqueue(item.request);
      else (publisher ?? session)?.onPacket(item.channel, item.packet);
    });
    publisher?.flush();
    if (failure === undefined) return;
    this.#log.debug({ failure }, 'RTSP request could not be read');
    this.#socket.removeAllListeners('data');
    this.#socket.end(formatResponse({ status: failure === 'bad_version' ? 505 : 400 }, undefined));
    setTimeout(() => this.close(), GOODBYE_MS).unref();
  }

  #enqueue(request: RtspRequest): void {
    if (this.#waiting >= MAX_WAITING_REQUESTS) return this.#end('too many requests at once');
    this.#waiting += 1;
    this.#requests = this.#requests.then(() => this.#answer(request));
  }

  get #maxUnreadBytes(): number {
    return this.#handler.session?.lower === 'tcp' ? MAX_UNREAD_PLAYING_BYTES : MAX_UNREAD_BYTES;
  }

  async #answer(request: RtspRequest): Promise<void> {
    this.#waiting -= 1;
    if (this.#closed) return;
    const reply: Reply = await this.#handler.handle(request);
    if (this.#closed) return;
    this.#touch();
    this.#socket.write(formatResponse(reply, request.headers.get('cseq')));
    if (this.#socket.writableLength > this.#maxUnreadBytes) return this.#end('the client does not read the answers');
    if (reply.after === undefined) return;
    try {
      await reply.after();
    } catch (error) {
      this.#end(errorMessage(error));
    }
  }
}
