import { SipTransportError } from '../errors.ts';
import type { Trace } from '../core.ts';
import { buildRequest } from '../build.ts';
import { formatMessage, type Request, type Response } from '../message.ts';
import type { TransportFlow } from '../transport/flow.ts';
import {
  INVITE_CLIENT,
  NON_INVITE_CLIENT,
  type ClientAction,
  type ClientInput,
  type ClientState,
  type ClientTable,
} from './client-tables.ts';
import type { TransactionTimers } from './timers.ts';
import { WheelEntry, type ExpiryWheel } from './wheel.ts';

/** The user of a client transaction. */
export interface ClientUser {
  onResponse(response: Response, flow: TransportFlow): void;
  onTimeout(): void;
  onTransportError(error: Error): void;
  /** The engine closes. */
  onClosed(): void;
}

export interface ClientTransactionOptions {
  readonly request: Request;
  readonly bytes: Buffer;
  readonly flow: TransportFlow;
  readonly timers: TransactionTimers;
  readonly wheel: ExpiryWheel;
  readonly trace: Trace;
  readonly user: ClientUser;
  /** Answered, not an INVITE: it only waits for Timer K. */
  readonly onFinished: (transaction: ClientTransaction) => void;
  readonly onOver: (transaction: ClientTransaction) => void;
}

/** What is needed only while a response may still be told or a copy sent. */
type Payload = Pick<ClientTransactionOptions, 'request' | 'bytes' | 'user'>;

/** RFC 3261 §17.1 as the tables have it. */
export class ClientTransaction {
  /** Under which the table of transactions finds it. */
  readonly branchKey: string;
  readonly callKey: string;
  readonly flow: TransportFlow;
  readonly #options: Pick<ClientTransactionOptions, 'timers' | 'wheel' | 'trace' | 'onFinished' | 'onOver'>;
  #payload: Payload | undefined;
  readonly #table: ClientTable;
  #state: ClientState = 'calling';
  #interval: number;
  #ack: Buffer | undefined;
  #response: { message: Response; flow: TransportFlow } | undefined;
  #error: Error = new SipTransportError('the connection was lost');
  readonly #end = new WheelEntry(() => this.#handle('timer_end'));
  readonly #retransmit = new WheelEntry(() => this.#handle('timer_retransmit'));
  #stopWatching: (() => void) | undefined;

  constructor(options: ClientTransactionOptions) {
    const { request, bytes, user, timers, wheel, trace, onFinished, onOver } = options;
    this.branchKey = branchKey(request);
    this.callKey = callKey(request);
    this.flow = options.flow;
    this.#options = { timers, wheel, trace, onFinished, onOver };
    this.#payload = { request, bytes, user };
    this.#table = request.method === 'INVITE' ? INVITE_CLIENT : NON_INVITE_CLIENT;
    this.#interval = options.timers.t1;
  }

  get state(): ClientState {
    return this.#state;
  }

  /** Sends the request and starts A and B, or E and F. */
  start(): void {
    const { timers, wheel } = this.#options;
    wheel.schedule(this.#end, timers.timeout);
    if (timers.retransmits) wheel.schedule(this.#retransmit, this.#interval);
    this.#stopWatching = this.flow.onClosed(() => this.#handle('transport_error'));
    this.#send(false);
  }

  receive(message: Response, flow: TransportFlow): void {
    this.#response = { message, flow };
    if (message.status < 200) this.#handle('provisional');
    else this.#handle(message.status < 300 ? 'success' : 'failure');
    this.#response = undefined;
  }

  /** The user has its answer in another way: no more copies leave, responses are still told. */
  stopRetransmitting(): void {
    this.#options.wheel.cancel(this.#retransmit);
  }

  /** RFC 3261 §9.1: a cancelled INVITE without a final response is over after this time. */
  limit(delayMs: number): void {
    if (this.#state === 'calling' || this.#state === 'proceeding') this.#options.wheel.schedule(this.#end, delayMs);
  }

  /** Ends without telling the user. Idempotent. */
  terminate(): void {
    if (this.#state === 'terminated') return;
    this.#state = 'terminated';
    this.#onTerminated();
  }

  /** Ends because the engine closes. */
  close(): void {
    if (this.#state === 'terminated') return;
    const user = this.#payload?.user;
    this.terminate();
    user?.onClosed();
  }

  #handle(input: ClientInput): void {
    const before = this.#state;
    const row = this.#table[before][input];
    this.#state = row.next;
    // The table entry goes first: what the user does on being told may need its place.
    if (row.next === 'terminated' && before !== 'terminated') this.#onTerminated();
    for (const action of row.actions) this.#act(action);
  }

  #onTerminated(): void {
    const { wheel } = this.#options;
    wheel.cancel(this.#end);
    wheel.cancel(this.#retransmit);
    this.#stopWatching?.();
    this.#options.onOver(this);
  }

  #act(action: ClientAction): void {
    const { timers, wheel } = this.#options;
    switch (action) {
      case 'tell':
        return this.#tell();
      case 'resend':
        return this.#send(true);
      case 'double_interval':
        return this.#rearm(Math.min(this.#interval * 2, this.#cap()));
      case 'cap_interval':
        return this.#rearm(timers.t2);
      case 'stop_retransmit':
        return wheel.cancel(this.#retransmit);
      case 'ack':
        return this.#acknowledge();
      case 'fail_timeout':
        return this.#payload?.user.onTimeout();
      case 'fail_transport':
        return this.#payload?.user.onTransportError(this.#error);
      case 'start_k':
        // Later copies of the response are only taken in: the request and its user need not wait for that.
        this.#payload = undefined;
        this.#options.onFinished(this);
        return this.#endIn(timers.k);
      case 'start_c':
      case 'start_d':
      case 'start_m':
        return this.#endIn(this.#endDelay(action));
    }
  }

  #tell(): void {
    if (this.#response !== undefined) this.#payload?.user.onResponse(this.#response.message, this.#response.flow);
  }

  #endDelay(action: 'start_c' | 'start_d' | 'start_m'): number {
    const { timers } = this.#options;
    return { start_c: timers.c, start_d: timers.d, start_m: timers.timeout }[action];
  }

  /** RFC 3261 §17.1.1.2: A doubles without limit, §17.1.2.2: E up to T2. */
  #cap(): number {
    return this.#table === INVITE_CLIENT ? Number.POSITIVE_INFINITY : this.#options.timers.t2;
  }

  #rearm(interval: number): void {
    this.#interval = interval;
    this.#options.wheel.schedule(this.#retransmit, interval);
  }

  #endIn(delayMs: number): void {
    if (delayMs === 0) this.terminate();
    else if (this.#state !== 'terminated') this.#options.wheel.schedule(this.#end, delayMs);
  }

  #send(retransmission: boolean): void {
    if (this.#payload === undefined) return;
    const { bytes, request } = this.#payload;
    this.#options.trace?.({ direction: 'out', flow: this.flow, message: request, bytes, retransmission });
    this.flow.send(bytes, (error) => {
      this.#error = error;
      this.#handle('transport_error');
    });
  }

  /** RFC 3261 §17.1.1.3: same branch, To of the response, Route of the INVITE. */
  #acknowledge(): void {
    const repeated = this.#ack !== undefined;
    const response = this.#response?.message;
    if (response === undefined || this.#payload === undefined) return;
    const { request } = this.#payload;
    const message = buildRequest({
      method: 'ACK',
      uri: request.uri,
      via: request.headers.get('via') ?? '',
      from: request.headers.get('from') ?? '',
      to: response.headers.get('to') ?? request.headers.get('to') ?? '',
      callId: request.callId,
      sequence: request.cseq?.sequence ?? 0,
      routes: request.headers.getAll('route'),
    });
    this.#ack ??= formatMessage(message);
    this.#options.trace?.({
      direction: 'out',
      flow: this.flow,
      message,
      bytes: this.#ack,
      retransmission: repeated,
    });
    this.flow.send(this.#ack);
  }
}

/** RFC 3261 §17.1.3. */
export function branchKey(message: Request | Response): string {
  return `${message.via?.params.get('branch')} ${message.cseq?.method}`;
}

/** For peers that return another Via than they were sent. */
export function callKey({ callId, cseq }: Request | Response): string {
  return `${callId} ${cseq?.sequence} ${cseq?.method}`;
}
