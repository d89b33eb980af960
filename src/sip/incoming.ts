import { buildResponse } from './build.ts';
import { contactOn, contactUri, userOf } from './contact.ts';
import type { Core } from './core.ts';
import { SipDialog } from './dialog.ts';
import { SipAbortedError, SipTimeoutError, SipTransportError } from './errors.ts';
import { newSequence, newTag } from './ids.ts';
import { formatMessage, type Request, type Response } from './message.ts';
import type { ServerTransaction, ServerUser } from './transaction/server-transaction.ts';
import { WheelEntry } from './transaction/wheel.ts';
import type { TransportFlow } from './transport/flow.ts';
import type { Dialog, IncomingRequest, ReplyOptions } from './types.ts';

/** What an incoming request needs beside itself. */
export interface IncomingOptions {
  readonly core: Core;
  readonly request: Request;
  readonly flow: TransportFlow;
  readonly transaction: ServerTransaction;
  readonly dialog?: SipDialog;
  /** Registers and unregisters a 2xx that waits for its ACK. */
  readonly awaiting: Map<string, Incoming>;
}

/** RFC 3261 §8.2: a request of a peer and the way to answer it. */
export class Incoming implements IncomingRequest, ServerUser {
  readonly request: Request;
  readonly flow: TransportFlow;
  readonly dialog?: SipDialog;
  readonly #options: IncomingOptions;
  #controller: AbortController | undefined;
  #cancelled = false;
  #toTag: string | undefined;
  #accepted: AcceptedInvite | undefined;
  #tryingEntry: WheelEntry | undefined;

  constructor(options: IncomingOptions) {
    this.#options = options;
    this.request = options.request;
    this.flow = options.flow;
    if (options.dialog !== undefined) this.dialog = options.dialog;
    options.transaction.user = this;
    if (this.request.method === 'INVITE') this.#startTrying();
  }

  /** Made when first asked for: most requests cannot be cancelled. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#cancelled && !this.#controller.signal.aborted) this.#controller.abort();
    return this.#controller.signal;
  }

  /** RFC 3261 §8.2.6.2: one tag for all responses of a request. */
  get toTag(): string {
    this.#toTag ??= newTag();
    return this.#toTag;
  }

  reply(status: number, options: ReplyOptions = {}): void {
    const { transaction } = this.#options;
    if (!transaction.open || status < 100 || status > 699) return;
    this.#stopTrying();
    transaction.respond(this.#response(status, options));
  }

  async accept(options: ReplyOptions): Promise<Dialog> {
    const { core, transaction } = this.#options;
    if (this.request.method !== 'INVITE' && this.request.method !== 'SUBSCRIBE') {
      throw new TypeError(`accept is for INVITE and SUBSCRIBE, not ${this.request.method}`);
    }
    await core.transport.prepare(this.flow);
    if (!transaction.open) throw new SipAbortedError(`${this.request.method} was answered or cancelled before`);
    if (this.dialog === undefined && core.dialogs.full) {
      this.reply(503);
      throw new SipTransportError(`${core.dialogs.size} dialogs are open`);
    }
    const contactUser = options.contactUser ?? userOf(this.request.uri);
    this.#stopTrying();
    const response = this.#response(200, { ...options, contactUser });
    const dialog = this.dialog ?? new SipDialog(core, this.#dialogStart(contactUser));
    transaction.respond(response);
    return this.request.method === 'SUBSCRIBE' ? dialog : this.#awaitAck(dialog, response);
  }

  /** CANCEL of the peer (RFC 3261 §9.2); nothing once a final response was sent. */
  cancel(): void {
    if (!this.#options.transaction.open) return;
    this.#cancelled = true;
    this.reply(487);
    this.#controller?.abort();
  }

  onAck(): void {
    this.#accepted?.acknowledge();
  }

  onTimeout(): void {
    this.#options.core.log.warn({ method: this.request.method, callId: this.request.callId }, 'request never answered');
    this.#stopTrying();
    this.#cancelled = true;
    this.#controller?.abort();
  }

  /** Ends the wait for an ACK, e.g. because the engine closes. */
  close(): void {
    this.#accepted?.abandon(new SipAbortedError('the engine closes'));
  }

  #response(status: number, options: ReplyOptions): Response {
    const { core } = this.#options;
    const { contactUser, ...rest } = options;
    const contact = contactUser === undefined ? undefined : contactOn(core.transport, this.flow, contactUser);
    return buildResponse(this.request, {
      ...rest,
      status,
      toTag: this.toTag,
      userAgent: core.userAgent,
      ...(contact !== undefined && { contact }),
    });
  }

  #dialogStart(contactUser: string): ConstructorParameters<typeof SipDialog>[1] {
    const { headers } = this.request;
    const to = headers.get('to') ?? '';
    return {
      usage: this.request.method === 'SUBSCRIBE' ? 'subscribe' : 'invite',
      callId: this.request.callId,
      localTag: this.request.toTag ?? this.toTag,
      remoteTag: this.request.fromTag ?? '',
      local: this.request.toTag === undefined ? `${to};tag=${this.toTag}` : to,
      remote: headers.get('from') ?? '',
      remoteTarget: contactUri(headers) ?? `sip:${this.flow.remoteAddress}:${this.flow.remotePort}`,
      routes: headers.getAll('record-route'),
      localSequence: newSequence(),
      remoteSequence: this.request.cseq?.sequence ?? 0,
      flow: this.flow,
      contactUser,
      established: this.request,
    };
  }

  #awaitAck(dialog: SipDialog, response: Response): Promise<Dialog> {
    const { awaiting, core } = this.#options;
    const key = ackKey(this.request);
    awaiting.set(key, this);
    return new Promise((resolve, reject) => {
      this.#accepted = new AcceptedInvite({ core, dialog, response, flow: this.flow }, (error) => {
        awaiting.delete(key);
        this.#accepted = undefined;
        if (error === undefined) resolve(dialog);
        else reject(error);
      });
    });
  }

  /** RFC 3261 §17.2.1: 100 within 200 ms, so that the INVITE is not repeated. */
  #startTrying(): void {
    const { core } = this.#options;
    this.#tryingEntry = new WheelEntry(() => this.reply(100));
    core.wheel.schedule(this.#tryingEntry, core.timersOf(this.flow).trying);
  }

  #stopTrying(): void {
    if (this.#tryingEntry !== undefined) this.#options.core.wheel.cancel(this.#tryingEntry);
  }
}

/** Key under which the ACK of a 2xx finds its INVITE: its branch is new (RFC 3261 §13.2.2.4). */
export function ackKey({ callId, cseq }: Request): string {
  return `${callId} ${cseq?.sequence}`;
}

interface AcceptedInviteParts {
  readonly core: Core;
  readonly dialog: SipDialog;
  readonly response: Response;
  readonly flow: TransportFlow;
}

/** RFC 3261 §13.3.1.4: repeats a 2xx, over TCP too, until the ACK; BYE where none comes. */
class AcceptedInvite {
  readonly #parts: AcceptedInviteParts;
  readonly #settle: (error?: Error) => void;
  readonly #bytes: Buffer;
  readonly #repeat = new WheelEntry(() => this.#onRepeat());
  readonly #giveUp = new WheelEntry(() => this.#onGiveUp());
  readonly #onEnded = (): void => this.abandon(new SipAbortedError('the peer hung up before its ACK'));
  #interval: number;
  #open = true;

  constructor(parts: AcceptedInviteParts, settle: (error?: Error) => void) {
    this.#parts = parts;
    this.#settle = settle;
    this.#bytes = formatMessage(parts.response);
    const { t1, timeout } = parts.core.timersOf(parts.flow);
    this.#interval = t1;
    parts.core.wheel.schedule(this.#repeat, t1);
    parts.core.wheel.schedule(this.#giveUp, timeout);
    parts.dialog.once('ended', this.#onEnded);
  }

  acknowledge(): void {
    this.#close();
  }

  abandon(error: Error): void {
    this.#close(error);
  }

  #close(error?: Error): void {
    if (!this.#open) return;
    this.#open = false;
    const { core, dialog } = this.#parts;
    core.wheel.cancel(this.#repeat);
    core.wheel.cancel(this.#giveUp);
    dialog.off('ended', this.#onEnded);
    this.#settle(error);
  }

  #onRepeat(): void {
    const { core, flow, response } = this.#parts;
    core.trace?.({ direction: 'out', flow, message: response, bytes: this.#bytes, retransmission: true });
    flow.send(this.#bytes);
    this.#interval = Math.min(this.#interval * 2, core.timersOf(flow).t2);
    core.wheel.schedule(this.#repeat, this.#interval);
  }

  #onGiveUp(): void {
    const { dialog } = this.#parts;
    this.#close(new SipTimeoutError('no ACK came for the 2xx'));
    void dialog.bye();
    dialog.end('no_ack');
  }
}
