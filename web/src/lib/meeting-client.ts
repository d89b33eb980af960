import { backoffMs } from './backoff.ts';
import {
  type MeetingEndpoint,
  type MeetingEvent,
  type MeetingReply,
  type MeetingRole,
  type MeetingStream,
  mediaToken,
  parseMeetingMessage,
  toEndpoints,
} from './meeting-protocol.ts';

/** The part of a WebSocket that is used. */
export interface MeetingSocket {
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: (() => void) | null;
  send(text: string): void;
  close(): void;
}

export type MeetingPhase = 'idle' | 'joining' | 'joined' | 'reconnecting' | 'failed';

/** A request that did not succeed: refused by the server (`err` ≠ 0), or lost with the connection (`err` 0). */
export class MeetingError extends Error {
  override readonly name = 'MeetingError';
  readonly err: number;
  readonly code: string;

  constructor(message: string, err = 0, code = 'lost') {
    super(message);
    this.err = err;
    this.code = code;
  }
}

export interface MeetingClientOptions {
  /** A new connection; asked again after each loss. */
  readonly connect: () => MeetingSocket;
  readonly app: string;
  readonly channel: string;
  readonly endpoint: string;
  readonly device: string;
  readonly role?: MeetingRole;
  /** `error` tells why the phase is `failed`. */
  readonly onPhase: (phase: MeetingPhase, error?: MeetingError) => void;
  /** Who is there: at each join, after each published stream and with each heartbeat. */
  readonly onMembers: (members: readonly MeetingEndpoint[]) => void;
  readonly onEvent: (event: MeetingEvent) => void;
  readonly random?: () => number;
}

export const REQUEST_TIMEOUT_MS = 10_000;
/** The list of members is asked for so often; an answer that does not come shows a dead connection. */
export const HEARTBEAT_MS = 15_000;
/** Nobody waits for ever: after so long without a way back the meeting counts as lost. */
export const GIVE_UP_MS = 120_000;

/** Several connections that break at once ask for one token. */
export const FRESH_TOKEN_MS = 10_000;

/** `type` of the `error` events after which the server does not want us back. */
const FINAL_ERRORS: ReadonlySet<string> = new Set(['replaced', 'kicked']);

interface Pending {
  readonly resolve: (reply: MeetingReply) => void;
  readonly reject: (error: MeetingError) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** One endpoint in one room: joins, comes back after a lost connection, and declares its stream again. */
export class MeetingClient {
  readonly #options: MeetingClientOptions;
  readonly #pending = new Map<number, Pending>();
  #phase: MeetingPhase = 'idle';
  #socket: MeetingSocket | undefined;
  #session = '';
  #cseq = 0;
  #attempt = 0;
  #lostAt = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #heartbeat: ReturnType<typeof setInterval> | undefined;
  #declared: MeetingStream | undefined;
  #token: string | undefined;
  #tokenAt = 0;
  #refreshing: Promise<void> | undefined;
  #lastError = '';
  /** A list is on its way; `again`: what has come meanwhile is one more question. */
  #dumping: 'no' | 'yes' | 'again' = 'no';

  constructor(options: MeetingClientOptions) {
    this.#options = options;
  }

  get phase(): MeetingPhase {
    return this.#phase;
  }

  join(): void {
    if (this.#phase !== 'idle' && this.#phase !== 'failed') return;
    this.#attempt = 0;
    this.#lastError = '';
    this.#setPhase('joining');
    this.#open();
  }

  /** Idempotent. The answer is not waited for. */
  leave(): void {
    if (this.#phase === 'idle') return;
    const wasJoined = this.#phase === 'joined';
    if (wasJoined) this.#post(this.#message('channel.leave', {}));
    this.#declared = undefined;
    this.#session = '';
    this.#drop('left');
    this.#setPhase('idle');
  }

  /** Tells the room of a stream that is live; again after each reconnect, until `undeclare`. */
  async declare(stream: MeetingStream): Promise<void> {
    this.#declared = stream;
    if (this.#phase === 'joined') await this.#request('stream.add', { stream });
  }

  async undeclare(): Promise<void> {
    const stream = this.#declared;
    this.#declared = undefined;
    if (stream && this.#phase === 'joined') await this.#request('stream.delete', { stream_id: stream.stream_id });
  }

  /** To all others of the room. */
  async broadcast(payload: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#request('broadcast', payload);
  }

  /** For WHIP and WHEP, asked each time before media is connected: tokens expire. Never rejects. */
  async freshMediaToken(): Promise<string | undefined> {
    if (this.#phase === 'joined' && Date.now() - this.#tokenAt >= FRESH_TOKEN_MS) {
      this.#refreshing ??= this.#refreshMedia().finally(() => (this.#refreshing = undefined));
      // Without an answer the old one may still do.
      await this.#refreshing.catch(() => undefined);
    }
    return this.#token;
  }

  /** The browser says that there is a network again: no need to wait for the next try. */
  online(): void {
    if (this.#phase !== 'reconnecting') return;
    this.#attempt = 0;
    clearTimeout(this.#retry);
    this.#open();
  }

  async #refreshMedia(): Promise<void> {
    const { data } = await this.#request('media_server.dump', { protocol: 'webrtc' });
    this.#setToken(data);
  }

  #setToken(data: MeetingReply['data']): void {
    this.#token = mediaToken(data);
    this.#tokenAt = Date.now();
  }

  #open(): void {
    this.#drop('lost');
    const socket = this.#options.connect();
    this.#socket = socket;
    // A connection that does not come up is given up as any other request.
    const timer = setTimeout(() => this.#handleClose(socket), REQUEST_TIMEOUT_MS);
    socket.onopen = () => {
      clearTimeout(timer);
      void this.#handleOpen(socket);
    };
    socket.onmessage = ({ data }) => this.#socket === socket && typeof data === 'string' && this.#handleMessage(data);
    socket.onclose = () => {
      clearTimeout(timer);
      this.#handleClose(socket);
    };
  }

  async #handleOpen(socket: MeetingSocket): Promise<void> {
    const { app, channel, endpoint, device, role = 'normal' } = this.#options;
    try {
      const reply = await this.#request('channel.join', { app, channel, endpoint, device, role, media_here: true });
      if (this.#socket !== socket) return;
      this.#session = reply.session;
      this.#setToken(reply.data);
      this.#attempt = 0;
      this.#setPhase('joined');
      this.#heartbeat = setInterval(() => void this.#dump(), HEARTBEAT_MS);
      const members = await this.#dump();
      if (this.#socket === socket && members !== undefined) await this.#declareAgain(members);
    } catch (error) {
      if (this.#socket !== socket) return;
      // A gateway that is about to stop refuses everybody; it may be back in a moment.
      if (error instanceof MeetingError && error.err !== 0 && error.code !== 'closed') return this.#fail(error);
      this.#handleClose(socket);
    }
  }

  #handleMessage(raw: string): void {
    const message = parseMeetingMessage(raw);
    if (message === undefined) return;
    if ('event' in message) {
      if (message.event === 'error') this.#lastError = message.type;
      this.#options.onEvent(message);
      // The event names the stream only; what it is like stands in the list.
      if (message.event === 'stream' || message.event === 'endpoint') void this.#dump();
      return;
    }
    const pending = this.#pending.get(message.cseq);
    if (pending === undefined) return;
    this.#settle(message.cseq);
    if (message.err === 0) pending.resolve(message);
    else pending.reject(new MeetingError(message.message, message.err, codeOf(message)));
  }

  #handleClose(socket: MeetingSocket): void {
    if (this.#socket !== socket) return;
    const first = this.#phase === 'joining';
    if (this.#phase === 'joined') this.#lostAt = Date.now();
    this.#drop('lost');
    if (FINAL_ERRORS.has(this.#lastError)) return this.#fail(new MeetingError(this.#lastError, 1, this.#lastError));
    if (first) return this.#fail(new MeetingError('the meeting server cannot be reached', 0, 'network'));
    if (Date.now() - this.#lostAt > GIVE_UP_MS) return this.#fail(new MeetingError('the connection is lost'));
    this.#setPhase('reconnecting');
    this.#retry = setTimeout(() => this.#open(), backoffMs(this.#attempt++, 'network', this.#options.random));
  }

  /** Who is there. */
  async #dump(): Promise<readonly MeetingEndpoint[] | undefined> {
    if (this.#dumping !== 'no') this.#dumping = 'again';
    if (this.#dumping !== 'no' || this.#phase !== 'joined') return undefined;
    this.#dumping = 'yes';
    const socket = this.#socket;
    try {
      const { data } = await this.#request('channel.dump', {});
      const members = toEndpoints(data);
      this.#options.onMembers(members);
      return members;
    } catch (error) {
      const dead = error instanceof MeetingError && error.code === 'timeout';
      if (dead && socket !== undefined) this.#handleClose(socket);
      return undefined;
    } finally {
      const again = (this.#dumping as string) === 'again';
      this.#dumping = 'no';
      if (again) void this.#dump();
    }
  }

  /** A room that was left in between has forgotten our stream. */
  async #declareAgain(members: readonly MeetingEndpoint[]): Promise<void> {
    const stream = this.#declared;
    if (stream === undefined) return;
    const mine = members.find(({ endpoint }) => endpoint === this.#options.endpoint);
    const known = mine?.streams.some(({ stream_id }) => stream_id === stream.stream_id);
    if (known !== true) await this.#request('stream.add', { stream });
  }

  #message(method: string, data: object): { readonly cseq: number; readonly text: string } {
    const cseq = ++this.#cseq;
    return { cseq, text: JSON.stringify({ version: 0, cseq, method, session: this.#session, data }) };
  }

  #post({ text }: { readonly text: string }): void {
    try {
      this.#socket?.send(text);
    } catch {
      // The connection is closing; `onclose` says the rest.
      return;
    }
  }

  #request(method: string, data: object): Promise<MeetingReply> {
    if (this.#socket === undefined) return Promise.reject(new MeetingError('not connected'));
    const message = this.#message(method, data);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#settle(message.cseq);
        reject(new MeetingError(`no answer to ${method} within ${REQUEST_TIMEOUT_MS} ms`, 0, 'timeout'));
      }, REQUEST_TIMEOUT_MS);
      this.#pending.set(message.cseq, { resolve, reject, timer });
      this.#post(message);
    });
  }

  #settle(cseq: number): void {
    clearTimeout(this.#pending.get(cseq)?.timer);
    this.#pending.delete(cseq);
  }

  #fail(error: MeetingError): void {
    this.#drop('lost');
    this.#setPhase('failed', error);
  }

  #drop(reason: string): void {
    clearTimeout(this.#retry);
    clearInterval(this.#heartbeat);
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
    for (const [cseq, { reject }] of this.#pending) {
      this.#settle(cseq);
      reject(new MeetingError(`the connection is ${reason}`));
    }
  }

  #setPhase(phase: MeetingPhase, error?: MeetingError): void {
    this.#phase = phase;
    this.#options.onPhase(phase, error);
  }
}

/** A word for the kind of refusal, where the server gives one. */
const codeOf = ({ data }: MeetingReply): string => (typeof data['reason'] === 'string' ? data['reason'] : 'refused');
