import { AnswerEvidence } from './answer-evidence.ts';
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
 * nobody waits for any more, be it late, crossed by CANCEL or from a second branch of a fork. Where the caller knows
 * another proof of an answer than the 2xx, the dialog may be there before it, or without it.
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
  readonly #evidence: AnswerEvidence | undefined;
  #provisional: Response | undefined;
  /** Acknowledged without a 2xx. */
  #assumed: SipDialog | undefined;
  readonly #onAbort = (): void => this.#abort();

  constructor(options: InviteClientOptions) {
    this.#options = options;
    const { request } = options.sealed;
    const { assumedAnswer } = options.outgoing;
    if (assumedAnswer !== undefined) {
      this.#evidence = new AnswerEvidence(assumedAnswer, options.core.wheel, () => this.#weighEvidence());
    }
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
    this.#evidence?.start();
    outgoing.onSent?.(sealed.request);
  }

  /** A response of the transaction, or one that came after its end. */
  receive(response: Response, flow: TransportFlow): void {
    if (response.status < 200) this.#onProvisional(response);
    else if (response.status < 300) this.#onSuccess(response, flow);
    else this.#onRefusal(response);
  }

  #onProvisional(response: Response): void {
    if (response.toTag !== undefined || this.#provisional?.toTag === undefined) this.#provisional = response;
    const assumed = this.#assumed;
    // Without its tag the peer would not know a BYE of ours.
    if (assumed?.open === true && assumed.remoteTag === '' && response.toTag !== undefined) assumed.learn(response);
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
    const assumed = this.#takeAssumed();
    const wanted = assumed !== undefined || (this.#state !== 'settled' && !core.dialogs.full);
    const dialog = assumed ?? new SipDialog(core, this.#dialogStart(response, flow));
    assumed?.confirm(response, flow);
    this.#acks.set(tag, dialog.acknowledge(sealed.request));
    if (wanted) this.#finish({ kind: 'dialog', dialog });
    else void dialog.bye();
  }

  /** A final response counts more than the proof: the packets may be those of another call. */
  #onRefusal(response: Response): void {
    this.#takeAssumed()?.end('rejected');
    this.#finish({ kind: 'refused', response });
  }

  /** The dialog that waits for its 2xx, if it is still of use; it waits no longer. */
  #takeAssumed(): SipDialog | undefined {
    const assumed = this.#assumed;
    this.#assumed = undefined;
    return assumed?.open === true ? assumed : undefined;
  }

  /**
   * A peer that has not said a word may have answered with a 2xx that was lost, and waits for the ACK before it sends
   * anything: it gets one. One that rings gets none before the proof; both ignore an ACK that they do not expect.
   */
  #weighEvidence(): void {
    const { late = false, proven = false } = this.#evidence ?? {};
    if (!late || this.#state === 'settled') return;
    if (proven || this.#state === 'calling') this.#assumed ??= this.#assume();
    if (!proven || this.#assumed?.open !== true) return;
    this.#transaction?.stopRetransmitting();
    this.#finish({ kind: 'dialog', dialog: this.#assumed });
  }

  /** The dialog as far as it is known without a 2xx, and its ACK in the form of RFC 3261 §13.2.2.4. */
  #assume(): SipDialog | undefined {
    const { core, sealed } = this.#options;
    if (core.dialogs.full) return undefined;
    const dialog = new SipDialog(core, this.#dialogStart(this.#provisional, sealed.flow));
    dialog.acknowledge(sealed.request);
    return dialog;
  }

  /** Without an answer there is no dialog: a peer that may have taken the ACK for one gets a BYE. */
  #withdrawAssumed(ringing: boolean): void {
    const assumed = this.#takeAssumed();
    if (ringing) assumed?.end('local_bye');
    else void assumed?.bye();
  }

  #dialogStart(response: Response | undefined, flow: TransportFlow): ConstructorParameters<typeof SipDialog>[1] {
    const { localTag, contactUser, outgoing, sealed } = this.#options;
    const { request } = sealed;
    return {
      usage: 'invite',
      callId: this.callId,
      localTag,
      remoteTag: response?.toTag ?? '',
      local: request.headers.get('from') ?? '',
      remote: response?.headers.get('to') ?? bracketed(outgoing.to),
      remoteTarget: (response && contactUri(response.headers)) ?? request.uri,
      routes: response?.headers.getAll('record-route').toReversed() ?? [],
      localSequence: this.sequence,
      flow,
      contactUser,
      ...(response !== undefined && response.status >= 200 && { established: response }),
      ...(outgoing.credentials !== undefined && { credentials: outgoing.credentials }),
    };
  }

  #onTimeout(): void {
    if (this.#state === 'settled') return;
    this.#withdrawAssumed(this.#state === 'ringing');
    // Timer C: it rang too long, and rings on unless cancelled (RFC 3261 §16.8).
    if (this.#state === 'ringing' && this.#cancel === 'no') this.#sendCancel();
    this.#fail(new SipTimeoutError(`INVITE to ${peerOf(this.#options.sealed.flow)} was not answered`));
  }

  /** RFC 3261 §9.1: CANCEL may leave only after a provisional response. */
  #abort(): void {
    if (this.#state === 'settled') return;
    this.#withdrawAssumed(this.#state === 'ringing');
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
    this.#takeAssumed()?.end('transport');
    this.#release();
    this.#settle?.reject(error);
  }

  #release(): void {
    this.#evidence?.stop();
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
