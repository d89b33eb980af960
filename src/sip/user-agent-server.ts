import { errorMessage } from '../util/index.ts';
import { buildResponse, type ResponseParts } from './build.ts';
import type { Core } from './core.ts';
import type { SipDialog } from './dialog.ts';
import { Incoming, ackKey } from './incoming.ts';
import { stampVia } from './headers/via.ts';
import { firstValueEnd } from './headers/list.ts';
import { newTag } from './ids.ts';
import { formatMessage, type Request } from './message.ts';
import { parseMessage } from './parser.ts';
import { ServerTransactions, serverKey } from './transaction/server-transactions.ts';
import type { ServerTransaction } from './transaction/server-transaction.ts';
import type { TransportFlow } from './transport/flow.ts';
import type { IncomingRequest } from './types.ts';
import { validateRequest, type RequestFault } from './validate.ts';

/** Option tags that a Require may name (RFC 3261 §8.2.2.3, RFC 3327). */
const SUPPORTED: ReadonlySet<string> = new Set(['path']);

/** Methods that mean nothing outside of the dialog that their To tag names (RFC 3261 §12.2.2). */
const DIALOG_ONLY: ReadonlySet<string> = new Set(['BYE', 'INFO', 'UPDATE', 'PRACK', 'INVITE', 'REFER']);

/** Origins of INVITEs that are kept before finished ones are cleared away. */
const MAX_ORIGINS = 1_024;

export interface ServerOptions {
  readonly core: Core;
  readonly onRequest: (incoming: IncomingRequest) => void;
  readonly onMalformed: (reason: string, flow: TransportFlow, bytes: Buffer) => void;
}

/** RFC 3261 §8.2 and §9.2: what arrives is checked, matched to its transaction and dialog, and handed up once. */
export class UserAgentServer {
  readonly #core: Core;
  readonly #options: ServerOptions;
  readonly #transactions = new ServerTransactions();
  /** 2xx that wait for their ACK. */
  readonly #awaiting = new Map<string, Incoming>();
  /** INVITEs that may be cancelled. */
  readonly #invites = new WeakMap<ServerTransaction, Incoming>();
  /** The same by Call-ID, CSeq and From tag, to tell a copy that took another way. */
  readonly #byOrigin = new Map<string, ServerTransaction>();

  constructor(options: ServerOptions) {
    this.#core = options.core;
    this.#options = options;
  }

  get transactions(): number {
    return this.#transactions.size;
  }

  receive(request: Request, bytes: Buffer, flow: TransportFlow): void {
    stamp(request, flow);
    const fault = validateRequest(request);
    const key = fault === undefined ? serverKey(request, transactionMethod(request)) : '';
    const known = fault === undefined ? this.#transactions.find(key) : undefined;
    const finished = fault === undefined && known === undefined ? this.#transactions.finished(key) : undefined;
    const repeatable = request.method !== 'ACK' && request.method !== 'CANCEL';
    const retransmission = repeatable && (known !== undefined || finished !== undefined);
    this.#core.trace?.({ direction: 'in', flow, message: request, bytes, retransmission });
    if (fault !== undefined) this.#refuse(fault, { request, bytes, flow });
    else if (request.method === 'ACK') this.#onAck(request, known);
    else if (request.method === 'CANCEL') this.#onCancel(request, flow, known);
    else if (known !== undefined) known.handle('request');
    else if (finished !== undefined) this.#repeat(finished, flow);
    else this.#onNew(request, flow, key);
  }

  close(): void {
    for (const incoming of this.#awaiting.values()) incoming.close();
    this.#transactions.close();
  }

  #refuse(
    fault: RequestFault,
    { request, bytes, flow }: { request: Request; bytes: Buffer; flow: TransportFlow },
  ): void {
    this.#options.onMalformed(`${fault.status} ${fault.reason}`, flow, bytes);
    this.#stateless(request, flow, fault);
  }

  /** RFC 3261 §8.2.7: an answer that needs no memory. Never to an ACK, never without a Via to send it by. */
  #stateless(request: Request, flow: TransportFlow, parts: ResponseParts): void {
    if (request.method === 'ACK' || !request.headers.has('via')) return;
    const message = buildResponse(request, { toTag: newTag(), userAgent: this.#core.userAgent, ...parts });
    const bytes = formatMessage(message);
    this.#core.trace?.({ direction: 'out', flow, message, bytes, retransmission: false });
    flow.send(bytes);
  }

  /** RFC 3261 §17.2.2, completed state: the same response again, the way that the copy came. */
  #repeat(response: Buffer, flow: TransportFlow): void {
    const { trace } = this.#core;
    const message = trace === undefined ? 'empty' : parseMessage(response);
    if (typeof message !== 'string') {
      trace?.({ direction: 'out', flow, message, bytes: response, retransmission: true });
    }
    flow.send(response);
  }

  /** Of a final response that is no 2xx: the transaction's. Of a 2xx: matched by Call-ID and CSeq number. */
  #onAck(request: Request, transaction: ServerTransaction | undefined): void {
    transaction?.handle('ack');
    this.#awaiting.get(ackKey(request))?.onAck();
  }

  #onCancel(request: Request, flow: TransportFlow, invite: ServerTransaction | undefined): void {
    if (invite === undefined) {
      this.#stateless(request, flow, { status: 481 });
      return;
    }
    const incoming = this.#invites.get(invite);
    this.#stateless(request, flow, { status: 200, ...(incoming !== undefined && { toTag: incoming.toTag }) });
    incoming?.cancel();
  }

  #onNew(request: Request, flow: TransportFlow, key: string): void {
    const refusal = this.#refusal(request);
    if (refusal !== undefined) {
      this.#stateless(request, flow, refusal);
      return;
    }
    const { trace, wheel } = this.#core;
    const invite = request.method === 'INVITE';
    const timers = this.#core.timersOf(flow);
    const transaction = this.#transactions.create({ key, invite, flow, timers, wheel, trace });
    if (transaction === undefined) {
      this.#stateless(request, flow, { status: 503, headers: [['Retry-After', '5']] });
      return;
    }
    const dialog = this.#core.dialogs.match(request);
    const incoming = new Incoming({
      core: this.#core,
      request,
      flow,
      transaction,
      awaiting: this.#awaiting,
      ...(dialog !== undefined && { dialog }),
    });
    if (invite) this.#remember(incoming, transaction);
    if (dialog === undefined) this.#handUp(incoming);
    else this.#inDialog(incoming, dialog);
  }

  #remember(incoming: Incoming, transaction: ServerTransaction): void {
    this.#invites.set(transaction, incoming);
    if (this.#byOrigin.size >= MAX_ORIGINS) {
      for (const [origin, { state }] of this.#byOrigin) if (state === 'terminated') this.#byOrigin.delete(origin);
      if (this.#byOrigin.size >= MAX_ORIGINS) this.#byOrigin.clear();
    }
    this.#byOrigin.set(originOf(incoming.request), transaction);
  }

  /** RFC 3261 §8.2.2.2, for INVITE only: the second of two media sessions does harm, a second MESSAGE does not. */
  #isMerged(request: Request): boolean {
    if (request.method !== 'INVITE' || request.toTag !== undefined) return false;
    const first = this.#byOrigin.get(originOf(request));
    return first !== undefined && first.state !== 'terminated';
  }

  /** Status for what is no matter of the user: unknown extensions, merged INVITEs, unknown dialogs. */
  #refusal(request: Request): ResponseParts | undefined {
    const unknown = request.headers.has('require') ? unknownExtensions(request) : [];
    if (unknown.length > 0) return { status: 420, headers: [['Unsupported', unknown.join(', ')]] };
    if (this.#isMerged(request)) return { status: 482 };
    const stranger = DIALOG_ONLY.has(request.method) && this.#core.dialogs.match(request) === undefined;
    const outside = request.method === 'INVITE' || request.method === 'INFO' || request.method === 'REFER';
    if (stranger && (request.toTag !== undefined || !outside)) return { status: 481 };
    return undefined;
  }

  #inDialog(incoming: Incoming, dialog: SipDialog): void {
    const { request } = incoming;
    if (!dialog.receive(request, incoming.flow)) {
      // RFC 3261 §12.2.2.
      incoming.reply(500, { reason: 'CSeq Out Of Order' });
      return;
    }
    if (request.method === 'BYE') {
      incoming.reply(200);
      dialog.end('remote_bye');
      return;
    }
    this.#handUp(incoming);
    if (endsSubscription(request)) dialog.end('remote_bye');
  }

  #handUp(incoming: Incoming): void {
    try {
      this.#options.onRequest(incoming);
    } catch (error) {
      this.#core.log.error({ method: incoming.request.method, error: errorMessage(error) }, 'request handler threw');
      incoming.reply(500);
    }
  }
}

/** Option tags of Require that mean nothing to us (RFC 3261 §8.2.2.3). */
function unknownExtensions({ headers }: Request): string[] {
  const tags = headers.getRaw('require').flatMap((value) => value.split(','));
  return tags.map((tag) => tag.trim()).filter((tag) => tag !== '' && !SUPPORTED.has(tag.toLowerCase()));
}

function originOf({ callId, cseq, fromTag }: Request): string {
  return `${callId} ${cseq?.sequence} ${fromTag}`;
}

/** ACK and CANCEL belong to the transaction of their INVITE (RFC 3261 §17.2.3, §9.2). */
function transactionMethod({ method }: Request): string {
  return method === 'ACK' || method === 'CANCEL' ? 'INVITE' : method;
}

/** RFC 3261 §18.2.1: the source address goes into the top Via before anybody reads it. */
function stamp(request: Request, flow: TransportFlow): void {
  const { via } = request;
  const value = request.headers.get('via');
  if (via === undefined || value === undefined) return;
  const end = firstValueEnd(value);
  const stamped = stampVia(value.slice(0, end), via, { address: flow.remoteAddress, port: flow.remotePort });
  request.headers.replaceFirst('via', stamped + value.slice(end));
}

/** RFC 6665 §4.1.3 and §4.2.1.4. */
function endsSubscription({ method, headers }: Request): boolean {
  if (method === 'NOTIFY') return /^terminated\b/i.test(headers.get('subscription-state') ?? '');
  return method === 'SUBSCRIBE' && headers.get('expires') === '0';
}
