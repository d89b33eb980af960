import { bracketed, contactUri, userOf } from './contact.ts';
import type { Core } from './core.ts';
import { SipDialog } from './dialog.ts';
import { SipAbortedError, SipTimeoutError } from './errors.ts';
import { buildRequest } from './build.ts';
import { formatMessage, type Request, type Response } from './message.ts';
import { peerOf, startTransaction, transportError, type SealedRequest } from './sender.ts';
import type { ClientTransaction, ClientUser } from './transaction/client-transaction.ts';
import type { TransportFlow } from './transport/flow.ts';
import type { OutgoingRequest } from './types.ts';

/** How an INVITE ended; a challenge is not the end for who has credentials. */
export type InviteOutcome =
  | { readonly kind: 'dialog'; readonly dialog: SipDialog }
  | { readonly kind: 'refused'; readonly response: Response };

export interface InviteClientOptions {
  readonly core: Core;
  readonly sealed: SealedRequest;
  readonly outgoing: Omit<OutgoingRequest, 'method'>;
  readonly localTag: string;
  readonly contactUser: string;
  /** Called when no response can come any more. */
  readonly onOver: (client: InviteClient) => void;
}

const NOTHING: ClientUser = {
  onResponse: () => undefined,
  onTimeout: () => undefined,
  onTransportError: () => undefined,
  onClosed: () => undefined,
};

/**
 * One INVITE of ours (RFC 3261 §13.2): acknowledges each 2xx and its repeats, cancels, and hangs up on a 2xx that
 * nobody waits for any more, be it late, crossed by CANCEL or from a second branch of a fork.
 */
export class InviteClient {
  readonly callId: string;
  readonly sequence: number;
  readonly outcome: Promise<InviteOutcome>;
  readonly #options: InviteClientOptions;
  readonly #acks = new Map<string, () => void>();
  #settle: { resolve: (outcome: InviteOutcome) => void; reject: (error: Error) => void } | undefined;
  #transaction: ClientTransaction | undefined;
  #state: 'calling' | 'ringing' | 'settled' = 'calling';
  #cancel: 'no' | 'wanted' | 'sent' = 'no';
  readonly #onAbort = (): void => this.#abort();

  constructor(options: InviteClientOptions) {
    this.#options = options;
    const { request } = options.sealed;
    this.callId = request.callId;
    this.sequence = request.cseq?.sequence ?? 0;
    this.outcome = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  /** @throws SipTransportError when the transaction table is full */
  start(): void {
    const { core, outgoing, sealed } = this.#options;
    outgoing.signal?.addEventListener('abort', this.#onAbort, { once: true });
    this.#transaction = startTransaction(core, sealed, {
      onResponse: (response, flow) => this.receive(response, flow),
      onTimeout: () => this.#onTimeout(),
      onTransportError: (error) => this.#fail(transportError(sealed, error)),
      onClosed: () => this.#fail(new SipAbortedError('INVITE was given up: the engine closes')),
    });
    outgoing.onSent?.(sealed.request);
  }

  /** A response of the transaction, or one that came after its end. */
  receive(response: Response, flow: TransportFlow): void {
    if (response.status < 200) this.#onProvisional(response);
    else if (response.status < 300) this.#onSuccess(response, flow);
    else this.#finish({ kind: 'refused', response });
  }

  #onProvisional(response: Response): void {
    if (this.#state === 'calling') this.#state = 'ringing';
    if (this.#cancel === 'wanted') this.#sendCancel();
    else if (this.#state === 'ringing') this.#options.outgoing.onProvisional?.(response);
  }

  #onSuccess(response: Response, flow: TransportFlow): void {
    const tag = response.toTag ?? '';
    const repeat = this.#acks.get(tag);
    if (repeat !== undefined) {
      repeat();
      return;
    }
    const { core, sealed } = this.#options;
    const wanted = this.#state !== 'settled' && !core.dialogs.full;
    const dialog = new SipDialog(core, this.#dialogStart(response, flow));
    this.#acks.set(tag, dialog.acknowledge(sealed.request));
    if (wanted) this.#finish({ kind: 'dialog', dialog });
    else void dialog.bye();
  }

  #dialogStart(response: Response, flow: TransportFlow): ConstructorParameters<typeof SipDialog>[1] {
    const { localTag, contactUser, outgoing, sealed } = this.#options;
    const { request } = sealed;
    return {
      usage: 'invite',
      callId: this.callId,
      localTag,
      remoteTag: response.toTag ?? '',
      local: request.headers.get('from') ?? '',
      remote: response.headers.get('to') ?? bracketed(outgoing.to),
      remoteTarget: contactUri(response.headers) ?? request.uri,
      routes: response.headers.getAll('record-route').toReversed(),
      localSequence: this.sequence,
      flow,
      contactUser,
      established: response,
      ...(outgoing.credentials !== undefined && { credentials: outgoing.credentials }),
    };
  }

  #onTimeout(): void {
    // Timer C: it rang too long, and rings on unless cancelled (RFC 3261 §16.8).
    if (this.#state === 'ringing' && this.#cancel === 'no') this.#sendCancel();
    this.#fail(new SipTimeoutError(`INVITE to ${peerOf(this.#options.sealed.flow)} was not answered`));
  }

  /** RFC 3261 §9.1: CANCEL may leave only after a provisional response. */
  #abort(): void {
    if (this.#state === 'settled') return;
    if (this.#state === 'ringing') this.#sendCancel();
    else this.#cancel = 'wanted';
    this.#fail(new SipAbortedError(`INVITE to ${peerOf(this.#options.sealed.flow)} was given up`));
  }

  #sendCancel(): void {
    this.#cancel = 'sent';
    const { core, sealed } = this.#options;
    const request = cancelOf(sealed.request);
    startTransaction(core, { request, bytes: formatMessage(request), flow: sealed.flow }, NOTHING);
    this.#transaction?.limit(core.timersOf(sealed.flow).timeout);
  }

  #finish(outcome: InviteOutcome): void {
    if (this.#state === 'settled') return;
    this.#state = 'settled';
    this.#release();
    this.#settle?.resolve(outcome);
  }

  #fail(error: Error): void {
    if (this.#state === 'settled') return;
    this.#state = 'settled';
    this.#release();
    this.#settle?.reject(error);
  }

  #release(): void {
    this.#options.outgoing.signal?.removeEventListener('abort', this.#onAbort);
    this.#options.onOver(this);
  }
}

/** RFC 3261 §9.1: same Request-URI, Via, Call-ID, From, To, Route and CSeq number as the INVITE. */
function cancelOf(invite: Request): Request {
  return buildRequest({
    method: 'CANCEL',
    uri: invite.uri,
    via: invite.headers.get('via') ?? '',
    from: invite.headers.get('from') ?? '',
    to: invite.headers.get('to') ?? '',
    callId: invite.callId,
    sequence: invite.cseq?.sequence ?? 0,
    routes: invite.headers.getAll('route'),
  });
}

/** User part of our Contact where the caller names none. */
export function defaultContactUser(outgoing: Pick<OutgoingRequest, 'contactUser' | 'from'>): string {
  return outgoing.contactUser ?? userOf(outgoing.from);
}
