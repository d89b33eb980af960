import type { EventEmitter } from 'node:events';
import type { Logger } from '../util/index.ts';

/** Header fields of one message in order; names compare without case, compact forms are stored by full name. */
export interface SipHeaders extends Iterable<[name: string, value: string]> {
  get(name: string): string | undefined;
  /** Every value of a field in order, comma lists of Via, Route, Record-Route, Path and Contact split. */
  getAll(name: string): string[];
  has(name: string): boolean;
  /** Replaces every value of the field by one. */
  set(name: string, value: string): void;
  append(name: string, value: string): void;
  delete(name: string): void;
}

/** RFC 3261 §7.1. `body` is bytes: the character set is decided above the stack. */
export interface SipRequest {
  readonly kind: 'request';
  readonly method: string;
  /** Request-URI as received. */
  readonly uri: string;
  readonly headers: SipHeaders;
  readonly body: Buffer;
}

/** RFC 3261 §7.2. */
export interface SipResponse {
  readonly kind: 'response';
  readonly status: number;
  readonly reason: string;
  readonly headers: SipHeaders;
  readonly body: Buffer;
}

export type SipMessage = SipRequest | SipResponse;

/** RFC 3261 §19.1, tolerant: any host text, numeric domains included. */
export interface SipUri {
  readonly scheme: string;
  readonly user?: string;
  readonly password?: string;
  readonly host: string;
  readonly port?: number;
  readonly params: ReadonlyMap<string, string>;
  /** What follows `?`, escaped as it was. */
  readonly headers?: string;
}

/** RFC 3261 §20.10: Contact, From, To, Route. `uri` is absent only for `Contact: *`. */
export interface NameAddr {
  readonly displayName?: string;
  readonly uri: SipUri;
  readonly params: ReadonlyMap<string, string>;
}

export type SipProtocol = 'udp' | 'tcp';

/** Opaque handle of the path that a message came on: the UDP remote address or the TCP connection. */
export interface Flow {
  readonly id: string;
  readonly protocol: SipProtocol;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Local side; for UDP the bound address, which may be a wildcard. */
  readonly localAddress: string;
  readonly localPort: number;
  /** True once the TCP connection is gone; never for UDP. */
  readonly closed: boolean;
}

/** Where a request goes: an open flow, or an address (TCP connections are reused or opened). */
export type Target = Flow | { readonly protocol: SipProtocol; readonly address: string; readonly port: number };

export interface DigestCredentials {
  readonly username: string;
  readonly password: string;
}

/** Lets an INVITE go on without its 2xx, for peers whose answer is lost or never sent. */
export interface AssumedAnswer {
  /** Time from sending for which the final response is waited for alone. */
  readonly afterMs: number;
  /** Resolves when the peer has shown in another way that it answered, e.g. by its media; may stay pending. */
  readonly proof: Promise<unknown>;
}

export interface OutgoingRequest {
  readonly method: string;
  /** Request-URI. */
  readonly uri: string;
  /** From URI without tag, e.g. `sip:34020000002000000001@3402000000`; the engine adds the tag. */
  readonly from: string;
  /** To URI without tag. */
  readonly to: string;
  readonly target: Target;
  readonly headers?: ReadonlyArray<readonly [name: string, value: string]>;
  readonly contentType?: string;
  readonly body?: Buffer;
  /** User part and parameters of our Contact; its host and port are filled in from the path to the target. Absent: no Contact, except for INVITE, SUBSCRIBE and REGISTER. */
  readonly contactUser?: string;
  /** Answers a 401 or 407 once. */
  readonly credentials?: DigestCredentials;
  /** For REGISTER refreshes: same Call-ID and From tag, rising CSeq. */
  readonly callId?: string;
  readonly fromTag?: string;
  readonly cseq?: number;
  readonly signal?: AbortSignal;
  /**
   * INVITE only. When no final response has come after `afterMs`, an ACK leaves all the same: at once where the peer
   * has not said a word, with the proof where it sends provisional responses. With the proof the dialog is there,
   * its `established` undefined until a 2xx comes after all; without it the INVITE ends as any other.
   */
  readonly assumedAnswer?: AssumedAnswer;
  /** Called for every provisional response. */
  readonly onProvisional?: (response: SipResponse) => void;
  /** Called when the first copy has left. `request` is what was sent. */
  readonly onSent?: (request: SipRequest) => void;
}

/** A request from the network, inside or outside of a dialog; ACK never appears here. */
export interface IncomingRequest {
  readonly request: SipRequest;
  readonly flow: Flow;
  /** Set when To and From tags and Call-ID match a dialog of ours. */
  readonly dialog?: Dialog;
  /** Aborted when the INVITE is cancelled. */
  readonly signal: AbortSignal;
  /** Sends a response in the server transaction; a second final response is ignored. */
  reply(status: number, options?: ReplyOptions): void;
  /**
   * INVITE: sends the 2xx, repeats it until the ACK (RFC 3261 §13.3.1.4) and resolves with the confirmed dialog.
   * SUBSCRIBE: sends the 2xx and resolves at once. The status is 200.
   * @throws SipTimeoutError (no ACK came; BYE was sent), SipAbortedError (cancelled, or ended before the ACK)
   */
  accept(options: ReplyOptions): Promise<Dialog>;
}

export interface ReplyOptions {
  readonly reason?: string;
  readonly headers?: ReadonlyArray<readonly [name: string, value: string]>;
  readonly contentType?: string;
  readonly body?: Buffer;
  readonly contactUser?: string;
}

/** `rejected`: the INVITE was taken for answered, and then came a final response that is no 2xx. */
export type DialogEndReason = 'local_bye' | 'remote_bye' | 'rejected' | 'timeout' | 'transport' | 'no_ack' | 'closed';

export type DialogEvents = {
  /** The 2xx of a dialog that was there without one; it is acknowledged. */
  answered: [response: SipResponse];
  /** Once; after it requests are refused. */
  ended: [reason: DialogEndReason];
};

/** RFC 3261 §12, UAC or UAS side, INVITE or SUBSCRIBE usage. A BYE from the peer is answered 200 by the engine and told as `ended`. */
export interface Dialog extends EventEmitter<DialogEvents> {
  readonly callId: string;
  readonly localTag: string;
  /** Empty where the peer has told none. */
  readonly remoteTag: string;
  readonly flow: Flow;
  /** The 2xx that made it (UAC), or the request that did (UAS); undefined while an assumed answer has not come. */
  readonly established: SipResponse | SipRequest | undefined;
  readonly ended: boolean;
  /** MESSAGE, INFO, SUBSCRIBE, NOTIFY, UPDATE or OPTIONS inside the dialog, CSeq counted by it. */
  request(
    method: string,
    options?: Pick<OutgoingRequest, 'headers' | 'contentType' | 'body' | 'signal'>,
  ): Promise<SipResponse>;
  /**
   * Ends the dialog: BYE, or for a subscription SUBSCRIBE with `Expires: 0`.
   * Idempotent; resolves when it is answered or timed out. Never rejects.
   */
  bye(): Promise<void>;
  /** Sends later requests over another path, e.g. after the peer registered from a new address. Never rejects. */
  retarget(target: Target): Promise<void>;
  /** Forgets the dialog without a word to the peer; idempotent. */
  drop(): void;
}

/** One message on the wire, for the trace and the counters. */
export interface WireMessage {
  readonly direction: 'in' | 'out';
  readonly at: number;
  readonly flow: Flow;
  readonly message: SipMessage;
  readonly bytes: Buffer;
  /** True for a copy sent or received again. */
  readonly retransmission: boolean;
}

/** RFC 3261 §17 defaults in ms; tests pass smaller ones. */
export interface SipTimers {
  readonly t1: number;
  readonly t2: number;
  readonly t4: number;
  /** Timer D for UDP, at least 32 s. */
  readonly d: number;
}

export interface SipListen {
  readonly protocol: SipProtocol;
  readonly address: string;
  readonly port: number;
}

export interface SipEngineOptions {
  readonly listen: readonly SipListen[];
  /** Host put into Via and Contact instead of the local address of the path, e.g. behind NAT. */
  readonly advertisedHost?: string;
  readonly userAgent: string;
  readonly onRequest: (incoming: IncomingRequest) => void;
  /** Must not throw; called for each message. */
  readonly onWire?: (wire: WireMessage) => void;
  /** A TCP connection was lost. */
  readonly onFlowClosed?: (flow: Flow) => void;
  /** A datagram or stream part that is no SIP message, or one over a limit. */
  readonly onMalformed?: (reason: string, flow: Flow, bytes: Buffer) => void;
  readonly timers?: Partial<SipTimers>;
  readonly log: Logger;
}

/** A subscription that the peer has taken, and its 2xx; the dialog does not keep it: subscriptions are many and long. */
export interface SubscribeAnswer {
  readonly dialog: Dialog;
  readonly response: SipResponse;
}

/** TCP connections that were not taken, or closed to make room, by reason. */
export interface RefusedConnections {
  readonly too_many_connections: number;
  readonly too_many_of_source: number;
  /** Those that held most of the memory for unfinished and unread messages. */
  readonly held_bytes: number;
  /** E.g. without descriptors. */
  readonly accept_failed: number;
}

export interface SipEngine {
  /** What is open now: a socket that has failed is missing. */
  readonly listening: readonly SipListen[];
  /**
   * Sends a request in a client transaction and resolves with its final response, whatever its status.
   * @throws SipTimeoutError (`sip_timeout`), SipTransportError (`sip_transport`), SipAbortedError (`sip_aborted`)
   */
  request(options: OutgoingRequest): Promise<SipResponse>;
  /**
   * Sends an INVITE; resolves after the 2xx, which the engine has acknowledged (also its repeats).
   * An abort sends CANCEL; a 2xx that crosses it is acknowledged and ended with BYE.
   * @throws SipRejectedError (`sip_rejected`, with `response`), and the errors of `request`
   */
  invite(options: Omit<OutgoingRequest, 'method'>): Promise<Dialog>;
  /**
   * Sends a SUBSCRIBE and resolves with the subscription's dialog (RFC 6665) after the 2xx; its NOTIFYs come to
   * `onRequest` with that dialog. Errors as of `invite`.
   */
  subscribe(options: Omit<OutgoingRequest, 'method'>): Promise<SubscribeAnswer>;
  /** Counts for /metrics and tests: open transactions, dialogs, connections. */
  readonly counts: { readonly transactions: number; readonly dialogs: number; readonly connections: number };
  readonly refused: RefusedConnections;
  close(): Promise<void>;
}
