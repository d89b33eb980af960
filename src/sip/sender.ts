import { buildRequest, type RequestParts } from './build.ts';
import { contactOn } from './contact.ts';
import type { Core } from './core.ts';
import { SipAbortedError, SipTimeoutError, SipTransportError } from './errors.ts';
import { newBranch } from './ids.ts';
import { formatMessage, type Request, type Response } from './message.ts';
import type { ClientTransaction, ClientUser } from './transaction/client-transaction.ts';
import type { TransportFlow } from './transport/flow.ts';
import { MAX_UDP_REQUEST_BYTES } from './transport/transport.ts';

/** A request before it knows the path that it takes. */
export interface RequestDraft extends Omit<RequestParts, 'via' | 'contact' | 'userAgent'> {
  /** User part of Contact; absent: no Contact. */
  readonly contactUser?: string;
}

/** A draft made into bytes for one flow. */
export interface SealedRequest {
  readonly request: Request;
  readonly bytes: Buffer;
  readonly flow: TransportFlow;
}

/** Gives a draft its Via and Contact; a large one moves from UDP to TCP where the peer has it (RFC 3261 §18.1.1). */
export async function sealRequest(core: Core, draft: RequestDraft, flow: TransportFlow): Promise<SealedRequest> {
  const sealed = sealFor(core, draft, flow);
  if (flow.protocol === 'tcp' || sealed.bytes.length <= MAX_UDP_REQUEST_BYTES) return sealed;
  const tcp = await core.transport.tcpInstead(flow);
  return tcp === undefined ? sealed : sealFor(core, draft, tcp);
}

/** The same for one flow and without asking for another. */
export function sealFor(core: Core, { contactUser, ...draft }: RequestDraft, flow: TransportFlow): SealedRequest {
  const { transport, userAgent } = core;
  const via = `SIP/2.0/${flow.protocol === 'udp' ? 'UDP' : 'TCP'} ${transport.sentBy(flow)};rport;branch=${newBranch()}`;
  const contact = contactUser === undefined ? undefined : contactOn(transport, flow, contactUser);
  const request = buildRequest({ ...draft, via, userAgent, ...(contact !== undefined && { contact }) });
  return { request, bytes: formatMessage(request), flow };
}

/** Puts a sealed request into a client transaction. */
export function startTransaction(core: Core, sealed: SealedRequest, user: ClientUser): ClientTransaction {
  const { clients, trace, wheel } = core;
  return clients.start({ ...sealed, timers: core.timersOf(sealed.flow), wheel, trace, user });
}

/** What a caller may want to know while a request runs. */
export interface ExchangeOptions {
  readonly signal?: AbortSignal;
  readonly onProvisional?: (response: Response) => void;
  readonly onSent?: (request: Request) => void;
}

/** A final response, and the flow that it came on. */
export interface Answer {
  readonly response: Response;
  readonly flow: TransportFlow;
  readonly request: Request;
}

/**
 * One request that is not INVITE, up to its final response.
 * @throws SipTimeoutError, SipTransportError, SipAbortedError
 */
export async function exchange(
  core: Core,
  draft: RequestDraft,
  path: TransportFlow,
  options: ExchangeOptions = {},
): Promise<Answer> {
  const { signal } = options;
  const sealed = await sealRequest(core, draft, path);
  if (signal?.aborted === true) throw new SipAbortedError(`${draft.method} was given up before it was sent`);
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      transaction.terminate();
      reject(new SipAbortedError(`${draft.method} was given up`));
    };
    const settle = (): void => signal?.removeEventListener('abort', onAbort);
    const transaction = startTransaction(core, sealed, {
      onResponse: (response, flow) => {
        if (response.status < 200) {
          options.onProvisional?.(response);
          return;
        }
        settle();
        resolve({ response, flow, request: sealed.request });
      },
      onTimeout: () => {
        settle();
        reject(new SipTimeoutError(`${draft.method} to ${peerOf(sealed.flow)} was not answered`));
      },
      onTransportError: (error) => {
        settle();
        reject(transportError(sealed, error));
      },
      onClosed: () => {
        settle();
        reject(new SipAbortedError(`${draft.method} was given up: the engine closes`));
      },
    });
    signal?.addEventListener('abort', onAbort, { once: true });
    options.onSent?.(sealed.request);
  });
}

/** Names the request and the peer around what the socket said. */
export function transportError({ request, flow }: SealedRequest, cause: Error): SipTransportError {
  return new SipTransportError(`${request.method} to ${peerOf(flow)} could not be sent: ${cause.message}`, { cause });
}

/** `address:port` for messages. */
export function peerOf(flow: TransportFlow): string {
  return `${flow.remoteAddress}:${flow.remotePort}`;
}
