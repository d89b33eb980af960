import { EventEmitter } from 'node:events';
import { errorMessage, safeEmit } from '../util/index.ts';
import { ownText } from './byte-arena.ts';
import { contactUri } from './contact.ts';
import type { Core } from './core.ts';
import { answerChallenge } from './digest-client.ts';
import { SipAbortedError } from './errors.ts';
import { exchange, sealFor, type RequestDraft } from './sender.ts';
import type { Request, Response } from './message.ts';
import type { TransportFlow } from './transport/flow.ts';
import type {
  Dialog,
  DialogEndReason,
  DialogEvents,
  DigestCredentials,
  Flow,
  OutgoingRequest,
  SipResponse,
  Target,
} from './types.ts';

/** State of a dialog when it comes to be, RFC 3261 §12.1. */
export interface DialogStart {
  readonly usage: 'invite' | 'subscribe';
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  /** From and To values of our requests, with tags. */
  readonly local: string;
  readonly remote: string;
  /** URI of the peer's Contact. */
  readonly remoteTarget: string;
  readonly routes: readonly string[];
  readonly localSequence: number;
  readonly remoteSequence?: number;
  readonly flow: TransportFlow;
  readonly contactUser: string;
  /** Absent where the 2xx is taken for lost, see `OutgoingRequest.assumedAnswer`. */
  readonly established?: Request | Response;
  readonly credentials?: DigestCredentials;
  /** Fields that a SUBSCRIBE of ours repeats, e.g. Event. */
  readonly event?: string;
}

type RequestOptions = Pick<OutgoingRequest, 'headers' | 'contentType' | 'body' | 'signal'>;

/** Methods that carry a Contact inside of a dialog because they may move its target (RFC 3261 §12.2, RFC 6665). */
const TARGET_REFRESH: ReadonlySet<string> = new Set(['INVITE', 'UPDATE', 'SUBSCRIBE', 'NOTIFY']);

/** RFC 3261 §12 for both sides. Requests go over the flow on which the peer was heard last. */
export class SipDialog extends EventEmitter<DialogEvents> implements Dialog {
  readonly callId: string;
  readonly localTag: string;
  readonly usage: 'invite' | 'subscribe';
  readonly #core: Core;
  /** Not the whole start, nor slices of its texts: the messages would be kept as long as the dialog. */
  readonly #start: Pick<DialogStart, 'contactUser' | 'local' | 'credentials' | 'event'>;
  #remoteTag: string;
  #remote: string;
  #established: Request | Response | undefined;
  #routes: readonly string[];
  #remoteTarget: string;
  #flow: TransportFlow;
  #localSequence: number;
  #remoteSequence: number | undefined;
  #state: 'open' | 'ending' | 'ended' = 'open';
  #bye: Promise<void> | undefined;

  constructor(core: Core, start: DialogStart) {
    super();
    this.#core = core;
    const { contactUser, local, credentials, event } = start;
    this.#start = {
      contactUser: ownText(contactUser),
      local: ownText(local),
      ...(credentials !== undefined && { credentials }),
      ...(event !== undefined && { event: ownText(event) }),
    };
    this.callId = ownText(start.callId);
    this.localTag = ownText(start.localTag);
    this.#remoteTag = ownText(start.remoteTag);
    this.#remote = ownText(start.remote);
    this.#established = start.established;
    this.#routes = start.routes.map(ownText);
    this.usage = start.usage;
    this.#remoteTarget = ownText(start.remoteTarget);
    this.#flow = start.flow;
    this.#localSequence = start.localSequence;
    this.#remoteSequence = start.remoteSequence;
    core.dialogs.add(this);
  }

  get flow(): Flow {
    return this.#flow;
  }

  get remoteTag(): string {
    return this.#remoteTag;
  }

  get established(): Request | Response | undefined {
    return this.#established;
  }

  get ended(): boolean {
    return this.#state === 'ended';
  }

  /** Neither ended nor ending. */
  get open(): boolean {
    return this.#state === 'open';
  }

  get contactUser(): string {
    return this.#start.contactUser;
  }

  async request(method: string, options: RequestOptions = {}): Promise<SipResponse> {
    if (this.#state !== 'open')
      throw new SipAbortedError(`the dialog ${this.callId} has ended, ${method} was not sent`);
    const response = await this.#exchange(method, options);
    // RFC 3261 §12.2.1.2: the peer does not know the dialog any more.
    if (response.status === 481 || response.status === 408) this.end('timeout');
    if (response.status < 300 && TARGET_REFRESH.has(method)) this.#refreshTarget(response);
    return response;
  }

  bye(): Promise<void> {
    this.#bye ??= this.#sayBye();
    return this.#bye;
  }

  drop(): void {
    this.end('closed');
  }

  async retarget(target: Target): Promise<void> {
    try {
      this.#flow = await this.#core.transport.flowFor(target);
    } catch (error) {
      this.#core.log.debug({ callId: this.callId, error: errorMessage(error) }, 'flow not usable');
    }
  }

  /** Takes the peer's side of an assumed answer from a response (RFC 3261 §12.1.2); only while open. */
  learn(response: Response): void {
    this.#core.dialogs.delete(this);
    this.#remoteTag = ownText(response.toTag ?? '');
    this.#core.dialogs.add(this);
    this.#remote = ownText(response.headers.get('to') ?? this.#remote);
    this.#routes = response.headers.getAll('record-route').toReversed().map(ownText);
    this.#refreshTarget(response);
  }

  /** The 2xx of an assumed answer; the ACK is the caller's. */
  confirm(response: Response, flow: TransportFlow): void {
    this.learn(response);
    this.#established = response;
    this.#flow = flow;
    safeEmit<DialogEvents, 'answered'>(this, this.#core.log, 'answered', response);
  }

  /** Follows the peer to a new address and target; false where the CSeq is one of the past (RFC 3261 §12.2.2). */
  receive(request: Request, flow: TransportFlow): boolean {
    const sequence = request.cseq?.sequence ?? 0;
    const past = this.#remoteSequence !== undefined && sequence < this.#remoteSequence;
    // A device that counts wrongly, as after a restart, must still be able to hang up, and to tell what happens.
    if (past && request.method !== 'BYE' && request.method !== 'NOTIFY') return false;
    this.#remoteSequence = sequence;
    this.#flow = flow;
    if (TARGET_REFRESH.has(request.method)) this.#refreshTarget(request);
    return true;
  }

  /** Sends the ACK of our INVITE (RFC 3261 §13.2.2.4); the returned function repeats it. */
  acknowledge(invite: Request): () => void {
    const credentials = [...invite.headers].filter(([name]) => /^(?:Proxy-)?Authorization$/.test(name));
    const sequence = invite.cseq?.sequence ?? 0;
    const { request, bytes, flow } = sealFor(
      this.#core,
      this.#draft('ACK', sequence, { headers: credentials }),
      this.#flow,
    );
    const send = (retransmission: boolean): void => {
      this.#core.trace?.({ direction: 'out', flow, message: request, bytes, retransmission });
      flow.send(bytes);
    };
    send(false);
    return () => send(true);
  }

  /** Idempotent; tells the owner once. */
  end(reason: DialogEndReason): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#core.dialogs.delete(this);
    safeEmit<DialogEvents, 'ended'>(this, this.#core.log, 'ended', reason);
  }

  async #sayBye(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    try {
      if (this.usage === 'invite') await this.#exchange('BYE', {});
      else await this.#exchange('SUBSCRIBE', { headers: [['Expires', '0'], ...this.#eventHeader()] });
    } catch (error) {
      this.#core.log.debug({ callId: this.callId, error: errorMessage(error) }, 'dialog ended without an answer');
    }
    this.end('local_bye');
  }

  #eventHeader(): Array<readonly [string, string]> {
    const { event } = this.#start;
    return event === undefined ? [] : [['Event', event]];
  }

  async #exchange(method: string, options: RequestOptions): Promise<Response> {
    const { credentials } = this.#start;
    const signal = options.signal === undefined ? {} : { signal: options.signal };
    const first = this.#draft(method, this.#nextSequence(), options);
    const answer = await exchange(this.#core, first, await this.#path(), signal);
    const challenged = answer.response.status === 401 || answer.response.status === 407;
    if (!challenged || credentials === undefined) return answer.response;
    const authorization = answerChallenge(answer.response, credentials, { method, uri: first.uri });
    if (authorization === undefined) return answer.response;
    const headers = [...(options.headers ?? []), authorization];
    const second = this.#draft(method, this.#nextSequence(), { ...options, headers });
    return (await exchange(this.#core, second, await this.#path(), signal)).response;
  }

  /** The flow, or a new connection in the place of one that is gone. */
  #path(): Promise<TransportFlow> | TransportFlow {
    const flow = this.#flow;
    if (!flow.closed) return flow;
    const { remoteAddress: address, remotePort: port } = flow;
    return this.#core.transport.flowFor({ protocol: 'tcp', address, port });
  }

  #nextSequence(): number {
    this.#localSequence += 1;
    return this.#localSequence;
  }

  #draft(method: string, sequence: number, options: RequestOptions): RequestDraft {
    const { callId } = this;
    const { contactUser, local } = this.#start;
    const { headers, contentType, body } = options;
    return {
      method,
      ...routeRequest(this.#remoteTarget, this.#routes),
      from: local,
      to: this.#remote,
      callId,
      sequence,
      ...(TARGET_REFRESH.has(method) && { contactUser }),
      ...(headers !== undefined && { headers }),
      ...(contentType !== undefined && { contentType }),
      ...(body !== undefined && { body }),
    };
  }

  #refreshTarget(message: Request | Response): void {
    const target = contactUri(message.headers);
    if (target !== undefined && target !== this.#remoteTarget) this.#remoteTarget = ownText(target);
  }
}

/** RFC 3261 §12.2.1.1: loose routing, and strict routing where the first proxy has no `lr`. */
export function routeRequest(target: string, routes: readonly string[]): { uri: string; routes: readonly string[] } {
  const [first] = routes;
  if (first === undefined || /;\s*lr\b/i.test(first)) return { uri: target, routes };
  const uri = first.replace(/^[^<]*</, '').replace(/>.*$/, '');
  return { uri, routes: [...routes.slice(1), `<${target}>`] };
}
