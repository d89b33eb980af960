import { EventEmitter } from 'node:events';
import {
  buildResponse,
  parseMessage,
  type Dialog,
  type DialogEndReason,
  type DialogEvents,
  type Flow,
  type IncomingRequest,
  type OutgoingRequest,
  type ReplyOptions,
  type SipEngine,
  type SipEngineOptions,
  type SipListen,
  type SipRequest,
  type SipResponse,
  type SubscribeAnswer,
  type Target,
  SipAbortedError,
  SipRejectedError,
} from '../../sip/index.ts';

/** What the other side says to a request: a status, or how the request fails. */
export type FakeAnswer =
  | {
      readonly status: number;
      readonly reason?: string;
      readonly body?: string;
      readonly headers?: ReadonlyArray<readonly [name: string, value: string]>;
      readonly provisional?: readonly number[];
    }
  | Error
  /** No answer at all. */
  | 'silence';

/** A path that exists only by name. */
export function fakeFlow(remoteAddress: string, more: Partial<Flow> = {}): Flow {
  const { protocol = 'udp', remotePort = 5060 } = more;
  return {
    id: `${protocol} ${remoteAddress}:${remotePort}`,
    protocol,
    remoteAddress,
    remotePort,
    localAddress: '127.0.0.1',
    localPort: 5060,
    closed: false,
    ...more,
  };
}

/** A request from the network, as text lines without Via, Call-ID and CSeq. */
export interface FakeRequest {
  readonly method: string;
  readonly from: string;
  readonly headers?: ReadonlyArray<readonly [name: string, value: string]>;
  readonly body?: Buffer | string;
  readonly callId?: string;
  /** Tag of To, as inside of a dialog. */
  readonly toTag?: string;
}

/** What the platform replied. */
export interface FakeReply extends ReplyOptions {
  readonly status: number;
  header(name: string): string | undefined;
}

/** A request inside of a dialog. */
export type DialogRequest = Pick<OutgoingRequest, 'method' | 'headers' | 'contentType' | 'body' | 'signal'>;

/** A dialog that the test ends. */
export class FakeDialog extends EventEmitter<DialogEvents> implements Dialog {
  readonly callId: string;
  readonly localTag = 'l';
  readonly remoteTag = 'r';
  flow: Flow;
  established: SipResponse | undefined;
  ended = false;
  byes = 0;

  /** Without a response the answer is an assumed one. */
  constructor(callId: string, flow: Flow, established: SipResponse | undefined) {
    super();
    this.callId = callId;
    this.flow = flow;
    this.established = established;
  }

  /** What was sent inside of the dialog. */
  readonly sent: DialogRequest[] = [];
  answerRequest: ((request: DialogRequest) => Promise<SipResponse>) | undefined;

  request(method: string, options: Omit<DialogRequest, 'method'> = {}): Promise<SipResponse> {
    const request = { ...options, method };
    this.sent.push(request);
    if (this.answerRequest !== undefined) return this.answerRequest(request);
    return this.established === undefined
      ? Promise.reject(new SipAbortedError('no'))
      : Promise.resolve(this.established);
  }

  retarget(target: Target): Promise<void> {
    this.flow =
      'id' in target ? target : fakeFlow(target.address, { protocol: target.protocol, remotePort: target.port });
    return Promise.resolve();
  }

  drop(): void {
    this.end('closed');
  }

  /** The 2xx that was missing. */
  answer(response: SipResponse): void {
    this.established = response;
    this.emit('answered', response);
  }

  bye(): Promise<void> {
    this.byes += 1;
    this.end('local_bye');
    return Promise.resolve();
  }

  end(reason: DialogEndReason): void {
    if (this.ended) return;
    this.ended = true;
    this.emit('ended', reason);
  }
}

type ParsedRequest = Parameters<typeof buildResponse>[0];

/** A SipEngine without a network: tests put requests in and read what was sent. */
export class FakeEngine implements SipEngine {
  readonly options: SipEngineOptions;
  readonly listening: readonly SipListen[];
  readonly counts = { transactions: 0, dialogs: 0, connections: 0 };
  readonly refused = { too_many_connections: 0, too_many_of_source: 0, held_bytes: 0, accept_failed: 0 };
  readonly sent: OutgoingRequest[] = [];
  readonly invites: Array<Omit<OutgoingRequest, 'method'>> = [];
  readonly subscribes: Array<Omit<OutgoingRequest, 'method'>> = [];
  readonly dialogs: FakeDialog[] = [];
  closed = false;
  answer: (request: OutgoingRequest) => FakeAnswer = () => ({ status: 200 });
  answerInvite: (request: Omit<OutgoingRequest, 'method'>) => FakeAnswer = () => ({ status: 200 });
  answerSubscribe: (request: Omit<OutgoingRequest, 'method'>) => FakeAnswer = () => ({ status: 200 });
  /** Answers SUBSCRIBE inside of the dialogs that are made from now on. */
  answerRefresh: FakeAnswer = { status: 200 };
  #calls = 0;

  constructor(options: SipEngineOptions) {
    this.options = options;
    this.listening = options.listen;
  }

  /** Hands a request to the platform and returns its final reply. */
  receive(request: FakeRequest, flow: Flow): FakeReply {
    const replies: FakeReply[] = [];
    const signal = new AbortController().signal;
    const dialog = this.dialogs.find(
      ({ callId, localTag, ended }) => !ended && callId === request.callId && localTag === request.toTag,
    );
    const incoming: IncomingRequest = {
      request: fakeSipRequest(request, flow),
      flow,
      ...(dialog !== undefined && { dialog }),
      signal,
      reply: (status, options = {}) => {
        const header = (name: string): string | undefined =>
          options.headers?.find(([each]) => each.toLowerCase() === name.toLowerCase())?.[1];
        replies.push({ status, ...options, header });
      },
      accept: () => Promise.reject(new RangeError('not accepted in this test')),
    };
    this.options.onRequest(incoming);
    const [reply] = replies;
    if (reply === undefined || replies.length > 1) throw new RangeError(`${replies.length} replies`);
    return reply;
  }

  async request(options: OutgoingRequest): Promise<SipResponse> {
    this.sent.push(options);
    const request = this.#asSent(options);
    options.onSent?.(request);
    const answer = this.answer(options);
    return this.#settle(request, options, answer);
  }

  async invite(options: Omit<OutgoingRequest, 'method'>): Promise<Dialog> {
    this.invites.push(options);
    const request = this.#asSent({ ...options, method: 'INVITE' });
    options.onSent?.(request);
    const answer = this.answerInvite(options);
    const settled = this.#settle(request, options, answer);
    // The engine's own tests say when the proof counts; here it does at once.
    const response = await Promise.race([settled, options.assumedAnswer?.proof.then(() => undefined) ?? settled]);
    if (response !== undefined && response.status >= 300) throw new SipRejectedError('INVITE', response);
    const dialog = new FakeDialog(request.headers.get('Call-ID') ?? '', fakeFlow('127.0.0.2'), response);
    this.dialogs.push(dialog);
    return dialog;
  }

  async subscribe(options: Omit<OutgoingRequest, 'method'>): Promise<SubscribeAnswer> {
    this.subscribes.push(options);
    const sent = { ...options, method: 'SUBSCRIBE' };
    const request = this.#asSent(sent);
    options.onSent?.(request);
    const response = await this.#settle(request, options, this.answerSubscribe(options));
    if (response.status >= 300) throw new SipRejectedError('SUBSCRIBE', response);
    const dialog = new FakeDialog(options.callId ?? '', fakeFlow('127.0.0.2'), undefined);
    dialog.answerRequest = ({ signal, headers = [] }) =>
      this.#settle(this.#asSent({ ...sent, headers }), signal === undefined ? {} : { signal }, this.answerRefresh);
    this.dialogs.push(dialog);
    return { dialog, response };
  }

  /** A 2xx to the INVITE that was sent last. */
  lateAnswer(body: string): SipResponse {
    const invite = this.invites.at(-1);
    if (invite === undefined) throw new RangeError('no INVITE was sent');
    return buildResponse(this.#asSent({ ...invite, method: 'INVITE' }), {
      status: 200,
      body: Buffer.from(body, 'latin1'),
    });
  }

  async #settle(
    request: ParsedRequest,
    { signal, onProvisional }: Pick<OutgoingRequest, 'signal' | 'onProvisional'>,
    answer: FakeAnswer,
  ): Promise<SipResponse> {
    if (answer instanceof Error) throw answer;
    if (answer === 'silence') return aborted(signal);
    const respond = (status: number, reason?: string, body = ''): SipResponse =>
      buildResponse(request, {
        status,
        ...(reason !== undefined && { reason }),
        body: Buffer.from(body, 'latin1'),
        headers: answer.headers ?? [],
      });
    for (const status of answer.provisional ?? []) onProvisional?.(respond(status));
    return respond(answer.status, answer.reason, answer.body);
  }

  #asSent({ method, uri, from, to, headers = [] }: OutgoingRequest): ParsedRequest {
    this.#calls += 1;
    const lines = [`From: <${from}>;tag=f`, `To: <${to}>`, `Call-ID: out-${this.#calls}`, `CSeq: 1 ${method}`];
    return parsed(`${method} ${uri} SIP/2.0`, [...lines, ...headers.map(([name, value]) => `${name}: ${value}`)]);
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    const abort = (): void => reject(new SipAbortedError('aborted'));
    if (signal?.aborted === true) abort();
    signal?.addEventListener('abort', abort);
  });
}

let calls = 0;

function fakeSipRequest({ method, from, headers = [], body = '', callId, toTag }: FakeRequest, flow: Flow): SipRequest {
  calls += 1;
  const lines = [
    `Via: SIP/2.0/${flow.protocol.toUpperCase()} ${flow.id.split(' ')[1]};branch=z9hG4bK${calls}`,
    `From: ${from}`,
    `To: <sip:34020000002000000001@3402000000>${toTag === undefined ? '' : `;tag=${toTag}`}`,
    `Call-ID: ${callId ?? `in-${calls}`}`,
    `CSeq: 20 ${method}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ];
  return parsed(`${method} sip:34020000002000000001@3402000000 SIP/2.0`, lines, Buffer.from(body));
}

function parsed(line: string, lines: readonly string[], body = Buffer.alloc(0)): ParsedRequest {
  const head = `${[line, ...lines, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n`;
  const message = parseMessage(Buffer.concat([Buffer.from(head, 'latin1'), body]));
  if (typeof message === 'string') throw new RangeError(message);
  if (message.kind !== 'request') throw new RangeError(line);
  return message;
}
