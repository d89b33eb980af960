import { bracketed, contactUri } from './contact.ts';
import type { Core } from './core.ts';
import { SipDialog } from './dialog.ts';
import { answerChallenge } from './digest-client.ts';
import { SipAbortedError, SipRejectedError, SipTransportError } from './errors.ts';
import { newCallId, newSequence, newTag } from './ids.ts';
import { InviteClient, defaultContactUser, type InviteOutcome } from './invite-client.ts';
import type { Response } from './message.ts';
import { exchange, sealRequest, type Answer, type RequestDraft } from './sender.ts';
import { WheelEntry } from './transaction/wheel.ts';
import type { TransportFlow } from './transport/flow.ts';
import type { Dialog, OutgoingRequest, SipResponse, SubscribeAnswer } from './types.ts';

/** Most INVITEs whose late responses are still looked out for. */
const MAX_INVITES = 10_000;

/** Methods that cannot do without a Contact (RFC 3261 §8.1.1.8, §10.2, RFC 6665 §4.1). */
const WITH_CONTACT: ReadonlySet<string> = new Set(['INVITE', 'SUBSCRIBE', 'REGISTER']);

interface Identity {
  readonly callId: string;
  readonly fromTag: string;
}

/** RFC 3261 §8.1: requests of ours outside of dialogs. */
export class UserAgentClient {
  readonly #core: Core;
  readonly #invites = new Map<string, InviteClient>();
  readonly #lingering = new Map<InviteClient, WheelEntry>();

  constructor(core: Core) {
    this.#core = core;
  }

  async request(outgoing: OutgoingRequest): Promise<SipResponse> {
    return (await this.#authorised(outgoing)).answer.response;
  }

  async subscribe(outgoing: Omit<OutgoingRequest, 'method'>): Promise<SubscribeAnswer> {
    const { answer, identity, sequence } = await this.#authorised({ ...outgoing, method: 'SUBSCRIBE' });
    const { response, request, flow } = answer;
    if (response.status >= 300) throw new SipRejectedError('SUBSCRIBE', response);
    const event = request.headers.get('event');
    const dialog = new SipDialog(this.#core, {
      usage: 'subscribe',
      callId: identity.callId,
      localTag: identity.fromTag,
      remoteTag: response.toTag ?? '',
      local: request.headers.get('from') ?? '',
      remote: response.headers.get('to') ?? bracketed(outgoing.to),
      remoteTarget: contactUri(response.headers) ?? request.uri,
      routes: response.headers.getAll('record-route').toReversed(),
      localSequence: sequence,
      flow,
      contactUser: defaultContactUser(outgoing),
      ...(outgoing.credentials !== undefined && { credentials: outgoing.credentials }),
      ...(event !== undefined && { event }),
    });
    return { dialog, response };
  }

  async invite(outgoing: Omit<OutgoingRequest, 'method'>): Promise<Dialog> {
    const identity = identityOf(outgoing);
    const sequence = outgoing.cseq ?? newSequence();
    const first = await this.#inviteOnce(outgoing, identity, sequence, []);
    if (first.kind === 'dialog') return first.dialog;
    const authorization = authorizationFor(first.response, { ...outgoing, method: 'INVITE' });
    if (authorization === undefined) throw new SipRejectedError('INVITE', first.response);
    const second = await this.#inviteOnce(outgoing, identity, sequence + 1, [authorization]);
    if (second.kind === 'dialog') return second.dialog;
    throw new SipRejectedError('INVITE', second.response);
  }

  /** A response without a transaction: a late or repeated 2xx is acknowledged all the same (RFC 3261 §13.2.2.4). */
  receiveStray(response: Response, flow: TransportFlow): boolean {
    if (response.cseq?.method !== 'INVITE' || response.status < 200 || response.status > 299) return false;
    const client = this.#invites.get(`${response.callId} ${response.cseq.sequence}`);
    client?.receive(response, flow);
    return client !== undefined;
  }

  close(): void {
    this.#invites.clear();
    this.#lingering.clear();
  }

  async #authorised(outgoing: OutgoingRequest): Promise<{ answer: Answer; identity: Identity; sequence: number }> {
    const identity = identityOf(outgoing);
    const sequence = outgoing.cseq ?? newSequence();
    const path = await this.#path(outgoing);
    const draft = draftOf(outgoing, identity, sequence);
    const first = await exchange(this.#core, draft, path, outgoing);
    const authorization = authorizationFor(first.response, outgoing);
    if (authorization === undefined) return { answer: first, identity, sequence };
    const again = {
      ...draftOf(outgoing, identity, sequence + 1),
      headers: [...(outgoing.headers ?? []), authorization],
    };
    // The answer may have come over another path: the request was too large for UDP.
    const answer = await exchange(this.#core, again, path.closed ? await this.#path(outgoing) : path, outgoing);
    return { answer, identity, sequence: sequence + 1 };
  }

  async #path({ target, signal }: Pick<OutgoingRequest, 'target' | 'signal'>): Promise<TransportFlow> {
    if (signal?.aborted === true) throw new SipAbortedError('the request was given up before it was sent');
    return this.#core.transport.flowFor(target);
  }

  async #inviteOnce(
    outgoing: Omit<OutgoingRequest, 'method'>,
    identity: Identity,
    sequence: number,
    extra: ReadonlyArray<readonly [string, string]>,
  ): Promise<InviteOutcome> {
    const draft = draftOf({ ...outgoing, method: 'INVITE' }, identity, sequence);
    const headers = [...(draft.headers ?? []), ...extra];
    const sealed = await sealRequest(this.#core, { ...draft, headers }, await this.#path(outgoing));
    if (outgoing.signal?.aborted === true) throw new SipAbortedError('INVITE was given up before it was sent');
    if (this.#invites.size >= MAX_INVITES) {
      throw new SipTransportError(`${this.#invites.size} INVITEs are open, limit ${MAX_INVITES}`);
    }
    const client = new InviteClient({
      core: this.#core,
      sealed,
      outgoing,
      localTag: identity.fromTag,
      contactUser: defaultContactUser(outgoing),
      onOver: (over) => this.#linger(over, sealed.flow),
    });
    this.#invites.set(keyOf(client), client);
    try {
      client.start();
    } catch (error) {
      this.#forget(client);
      throw error;
    }
    return client.outcome;
  }

  /** A 2xx may come, or come again, for 64 * T1 after the end (RFC 6026 §7.2). */
  #linger(client: InviteClient, flow: TransportFlow): void {
    const entry = new WheelEntry(() => this.#forget(client));
    this.#lingering.set(client, entry);
    this.#core.wheel.schedule(entry, this.#core.timersOf(flow).timeout);
  }

  #forget(client: InviteClient): void {
    this.#lingering.delete(client);
    this.#invites.delete(keyOf(client));
  }
}

function keyOf(client: InviteClient): string {
  return `${client.callId} ${client.sequence}`;
}

function identityOf(outgoing: Pick<OutgoingRequest, 'callId' | 'fromTag'>): Identity {
  return { callId: outgoing.callId ?? newCallId(), fromTag: outgoing.fromTag ?? newTag() };
}

function draftOf(outgoing: OutgoingRequest, { callId, fromTag }: Identity, sequence: number): RequestDraft {
  const { method, uri, headers, contentType, body } = outgoing;
  const hasContact = WITH_CONTACT.has(method) || outgoing.contactUser !== undefined;
  return {
    method,
    uri,
    from: `${bracketed(outgoing.from)};tag=${fromTag}`,
    to: bracketed(outgoing.to),
    callId,
    sequence,
    ...(hasContact && { contactUser: defaultContactUser(outgoing) }),
    ...(headers !== undefined && { headers }),
    ...(contentType !== undefined && { contentType }),
    ...(body !== undefined && { body }),
  };
}

function authorizationFor(
  response: Response,
  { credentials, method, uri }: Pick<OutgoingRequest, 'credentials' | 'method' | 'uri'>,
): readonly [string, string] | undefined {
  if (credentials === undefined || (response.status !== 401 && response.status !== 407)) return undefined;
  return answerChallenge(response, credentials, { method, uri });
}
