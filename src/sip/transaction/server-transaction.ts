import type { Trace } from '../core.ts';
import { formatMessage, type Response } from '../message.ts';
import { parseMessage } from '../parser.ts';
import type { TransportFlow } from '../transport/flow.ts';
import {
  INVITE_SERVER,
  NON_INVITE_SERVER,
  type ServerAction,
  type ServerInput,
  type ServerState,
  type ServerTable,
} from './server-tables.ts';
import type { TransactionTimers } from './timers.ts';
import { WheelEntry, type ExpiryWheel } from './wheel.ts';

/** The user of a server transaction. */
export interface ServerUser {
  /** An ACK that the transaction passes on (RFC 6026 §7.1). */
  onAck(): void;
  /** Nobody answered the request in time. */
  onTimeout(): void;
}

export interface ServerTransactionOptions {
  readonly key: string;
  readonly invite: boolean;
  readonly flow: TransportFlow;
  readonly timers: TransactionTimers;
  readonly wheel: ExpiryWheel;
  readonly trace: Trace;
  /** A final response to a request that is not INVITE: from here on Timer J runs elsewhere. */
  readonly onFinished: (options: ServerTransactionOptions, response: Buffer) => void;
  readonly onOver: (transaction: ServerTransaction) => void;
}

/** RFC 3261 §17.2 as the tables have it; keeps the last response as bytes only. */
export class ServerTransaction {
  readonly key: string;
  readonly flow: TransportFlow;
  readonly invite: boolean;
  user: ServerUser | undefined;
  readonly #options: ServerTransactionOptions;
  readonly #table: ServerTable;
  #state: ServerState = 'trying';
  #last: Buffer | undefined;
  #response: Response | undefined;
  #interval: number;
  readonly #end = new WheelEntry(() => this.handle('timer_end'));
  #retransmit: WheelEntry | undefined;

  constructor(options: ServerTransactionOptions) {
    this.key = options.key;
    this.flow = options.flow;
    this.invite = options.invite;
    this.#options = options;
    this.#table = options.invite ? INVITE_SERVER : NON_INVITE_SERVER;
    this.#interval = options.timers.t1;
    // An unanswered request must not stay for ever: its client has given up by then.
    options.wheel.schedule(this.#end, options.invite ? options.timers.c : options.timers.timeout);
  }

  get state(): ServerState {
    return this.#state;
  }

  /** True until a final response was sent. */
  get open(): boolean {
    return this.#state === 'trying' || this.#state === 'proceeding';
  }

  /** Sends a response of the user, as far as the state lets it through. */
  respond(response: Response): void {
    this.#response = response;
    if (response.status < 200) this.handle('provisional');
    else this.handle(response.status < 300 ? 'success' : 'failure');
    this.#response = undefined;
  }

  handle(input: ServerInput): void {
    const before = this.#state;
    const row = this.#table[before][input];
    this.#state = row.next;
    for (const action of row.actions) this.#act(action);
    if (this.#state !== before) this.#onChange();
  }

  /** Ends at once, e.g. to make room. Idempotent. */
  terminate(): void {
    if (this.#state === 'terminated') return;
    this.#state = 'terminated';
    this.#onChange();
  }

  #onChange(): void {
    if (this.#state === 'terminated') {
      this.#options.wheel.cancel(this.#end);
      if (this.#retransmit !== undefined) this.#options.wheel.cancel(this.#retransmit);
      this.user = undefined;
    } else if (this.#state === 'confirmed' && this.#retransmit !== undefined) {
      this.#options.wheel.cancel(this.#retransmit);
    }
    if (this.#state === 'terminated') this.#options.onOver(this);
  }

  #act(action: ServerAction): void {
    const { timers } = this.#options;
    switch (action) {
      case 'send':
        return this.#send();
      case 'resend':
        return this.#resend();
      case 'start_g':
        return this.#startG();
      case 'start_h':
      case 'start_l':
        return this.#endIn(timers.timeout);
      case 'start_i':
        return this.#endIn(timers.i);
      case 'start_j':
        return this.#finish();
      case 'tell_ack':
        return this.user?.onAck();
      case 'tell_timeout':
        return this.user?.onTimeout();
    }
  }

  #send(): void {
    const message = this.#response;
    if (message === undefined) return;
    this.#last = formatMessage(message);
    const { trace } = this.#options;
    trace?.({ direction: 'out', flow: this.flow, message, bytes: this.#last, retransmission: false });
    this.flow.send(this.#last);
  }

  #resend(): void {
    const bytes = this.#last;
    if (bytes === undefined) return;
    const { trace } = this.#options;
    const message = trace === undefined ? undefined : parseMessage(bytes);
    if (message !== undefined && typeof message !== 'string') {
      trace?.({ direction: 'out', flow: this.flow, message, bytes, retransmission: true });
    }
    this.flow.send(bytes);
  }

  /** Timer G: T1, then doubled up to T2; only where the transport may lose (RFC 3261 §17.2.1). */
  #startG(): void {
    const { timers, wheel } = this.#options;
    if (!timers.retransmits) return;
    this.#retransmit ??= new WheelEntry(() => this.handle('timer_g'));
    wheel.schedule(this.#retransmit, this.#interval);
    this.#interval = Math.min(this.#interval * 2, timers.t2);
  }

  /** A challenge needs no memory: a copy of the request gets another one as good (RFC 3261 §8.2.7). */
  #finish(): void {
    const challenge = this.#response?.status === 401 || this.#response?.status === 407;
    if (this.#last !== undefined && !challenge && this.#options.timers.j > 0) {
      this.#options.onFinished(this.#options, this.#last);
    }
    this.#state = 'terminated';
  }

  #endIn(delayMs: number): void {
    if (delayMs === 0) this.#state = 'terminated';
    else this.#options.wheel.schedule(this.#end, delayMs);
  }
}
