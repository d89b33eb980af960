import { GatewayError, errorMessage, type FailureLimit, type Logger } from '../util/index.ts';
import type { Tap, TapRequest } from '../stream/index.ts';
import { Access, type RtspAuth, type RtspRight } from './access.ts';
import { HOP_HEADER, parseHops } from './headers/hop.ts';
import { LIVE_RANGE, parseRange } from './headers/range.ts';
import { formatRtpInfo } from './headers/rtp-info.ts';
import { formatSession, parseSession } from './headers/session.ts';
import { formatTransport, parseTransport } from './headers/transport.ts';
import type { WriterSocket } from './interleaved-writer.ts';
import type { RtspRequest, RtspResponse } from './message.ts';
import { PlayerSession } from './player-session.ts';
import { readAnnouncement } from './publish/announcement.ts';
import { Publisher, type PublishTarget } from './publish/publisher.ts';
import { formatDescription } from './sdp.ts';
import type { RtspStatus } from './status.ts';
import { parseTarget, type RtspTarget } from './url.ts';

/** Opens streams by name. */
export interface TapSource {
  /** @throws GatewayError */
  tap(name: string, request: TapRequest): Promise<Tap>;
}

export interface RequestHandlerOptions {
  readonly streams: TapSource & PublishTarget;
  readonly auth: RtspAuth;
  /** Wrong passwords of all connections. */
  readonly failures: FailureLimit;
  readonly socket: WriterSocket;
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly sessionTimeoutSec: number;
  readonly now: () => number;
  readonly onAlive: () => void;
  /** The stream ended, or the player does not read. */
  readonly onEnded: (reason: string) => void;
  readonly log: Logger;
}

/** An answer, and what follows once it is written. */
export interface Reply extends RtspResponse {
  readonly after?: () => Promise<void>;
}

const MAX_USER_AGENT_CHARS = 200;

type Method = (request: RtspRequest) => Promise<Reply> | Reply;

/** Codes of the parts below as RTSP tells them; anything else of them is 503. */
const STATUS_OF_CODE: ReadonlyMap<string, RtspStatus> = new Map([
  ['stream_not_found', 404],
  ['device_offline', 404],
  ['rtsp_not_found', 404],
  ['codec_unsupported', 415],
  ['stream_limit', 453],
  ['publication_limit', 453],
  ['stream_taken', 403],
  ['member_gone', 403],
  ['stream_name_invalid', 400],
]);

/** The requests of one connection, one after the other. */
export class RequestHandler {
  readonly #options: RequestHandlerOptions;
  readonly #access: Access;
  readonly #methods: ReadonlyMap<string, Method>;
  readonly #sdpId = Date.now();
  /** Opened by DESCRIBE, until SETUP takes it. */
  #described: Tap | undefined;
  /** The name by which it was opened. */
  #askedAs = '';
  #session: PlayerSession | undefined;
  /** The name by which the session's tap was opened. */
  #playedAs = '';
  #publisher: Publisher | undefined;
  #closed = false;

  constructor(options: RequestHandlerOptions) {
    this.#options = options;
    this.#access = new Access(options.auth, options);
    this.#methods = new Map<string, Method>([
      ['OPTIONS', () => ({ status: 200, headers: { Public: [...this.#methods.keys()].join(', ') } })],
      ['DESCRIBE', (request) => this.#describe(request)],
      ['ANNOUNCE', (request) => this.#announce(request)],
      ['SETUP', (request) => this.#setup(request)],
      ['PLAY', (request) => this.#withSession(request, (session) => this.#play(session, request))],
      ['RECORD', () => ({ status: 455 })],
      ['PAUSE', (request) => this.#withSession(request, (session) => this.#pause(session))],
      ['TEARDOWN', (request) => this.#withSession(request, (session) => this.#teardown(session))],
      ['GET_PARAMETER', (request) => this.#parameter(request)],
      ['SET_PARAMETER', (request) => this.#parameter(request)],
    ]);
  }

  get session(): PlayerSession | undefined {
    return this.#session;
  }

  get publisher(): Publisher | undefined {
    return this.#publisher;
  }

  /** Never rejects. */
  async handle(request: RtspRequest): Promise<Reply> {
    const { log, remoteAddress } = this.#options;
    if (request.headers.get('cseq') === undefined) return { status: 400 };
    const required = request.headers.get('require');
    if (required !== undefined) return { status: 551, headers: { Unsupported: required.slice(0, 200) } };
    const method = this.#methods.get(request.method);
    if (method === undefined) return { status: 405, headers: { Allow: [...this.#methods.keys()].join(', ') } };
    try {
      return await (this.#publisher === undefined ? method(request) : this.#publish(this.#publisher, request, method));
    } catch (error) {
      if (!(error instanceof GatewayError)) {
        log.error({ method: request.method, error: errorMessage(error) }, 'RTSP request failed');
        return { status: 500 };
      }
      log.info(
        { remoteAddress, method: request.method, code: error.code, error: error.message },
        'RTSP client was refused',
      );
      const status = STATUS_OF_CODE.get(error.code) ?? 503;
      // Else a player would learn of devices and addresses what is not for it.
      const told = request.method === 'ANNOUNCE' || status === 415;
      return told ? { status, reason: error.message } : { status };
    }
  }

  close(): void {
    this.#closed = true;
    this.#described?.close();
    this.#session?.close();
    this.#publisher?.close();
    this.#described = undefined;
    this.#session = undefined;
    this.#publisher = undefined;
  }

  async #announce(request: RtspRequest): Promise<Reply> {
    if (this.#session !== undefined) return { status: 455 };
    const target = await this.#authorized(request, 'publish');
    if ('status' in target) return target;
    const { streams, socket, remoteAddress, sessionTimeoutSec, onEnded, log } = this.#options;
    const announced = readAnnouncement(request);
    if ('status' in announced) {
      log.info({ remoteAddress, stream: target.stream, reason: announced.reason }, 'RTSP publisher was refused');
      return announced;
    }
    const { tracks } = announced;
    const publication = await streams.publishRtp(target.stream, {
      tracks: tracks.map(({ offer }) => offer),
      source: 'rtsp',
      remoteAddress,
      userAgent: (request.headers.get('user-agent') ?? '').slice(0, MAX_USER_AGENT_CHARS),
      owner: this.#access.member,
    });
    this.#described?.close();
    this.#described = undefined;
    this.#publisher = new Publisher({ publication, tracks, socket, remoteAddress, sessionTimeoutSec, onEnded, log });
    if (this.#closed) this.close();
    return { status: 200 };
  }

  async #publish(publisher: Publisher, request: RtspRequest, otherwise: Method): Promise<Reply> {
    const reply = (await publisher.handle(request)) ?? otherwise(request);
    if (publisher.state === 'closed') this.#publisher = undefined;
    return reply;
  }

  async #describe(request: RtspRequest): Promise<Reply> {
    const target = await this.#authorized(request);
    if ('status' in target) return target;
    const tap = await this.#open(target.stream, request);
    if (this.#described !== tap) this.#described?.close();
    this.#described = tap;
    const { localAddress: address } = this.#options;
    return {
      status: 200,
      headers: { 'Content-Base': `${target.base}/`, 'Content-Type': 'application/sdp' },
      body: formatDescription({ stream: target.stream, tracks: tap.tracks, address, sessionId: this.#sdpId }),
    };
  }

  async #setup(request: RtspRequest): Promise<Reply> {
    const target = await this.#authorized(request);
    if ('status' in target) return target;
    const named = request.headers.get('session');
    if (this.#session === undefined && named !== undefined) return { status: 454 };
    if (this.#session !== undefined && named !== undefined && parseSession(named)?.id !== this.#session.id) {
      return { status: 454 };
    }
    // One stream a session, by whatever name it was opened.
    if (this.#session !== undefined && target.stream !== this.#playedAs) return { status: 459 };
    const session = this.#session ?? this.#createSession(target.stream, await this.#open(target.stream, request));
    const chosen = await session.setup(target.track ?? 0, parseTransport(request.headers.get('transport') ?? ''));
    if (typeof chosen === 'number') return { status: chosen };
    return { status: 200, headers: { Transport: formatTransport(chosen), Session: this.#sessionHeader(session) } };
  }

  #play(session: PlayerSession, request: RtspRequest): Reply {
    if (session.lower === undefined) return { status: 455 };
    const range = request.headers.get('range');
    const parsed = range === undefined ? undefined : parseRange(range);
    if (range !== undefined && parsed === undefined) return { status: 457 };
    if (parsed?.unit === 'other') return { status: 501 };
    const base = parseTarget(request.uri)?.base ?? '';
    const info = session.tracks.map((track) => ({ url: `${base}/trackID=${track}` }));
    return {
      status: 200,
      headers: { Session: this.#sessionHeader(session), Range: LIVE_RANGE, 'RTP-Info': formatRtpInfo(info) },
      after: () => session.play(),
    };
  }

  #pause(session: PlayerSession): Reply {
    session.pause();
    return { status: 200, headers: { Session: this.#sessionHeader(session) } };
  }

  #teardown(session: PlayerSession): Reply {
    this.#session = undefined;
    session.close();
    return { status: 200 };
  }

  /** An empty one keeps the session alive (RFC 2326 §10.8); there are no parameters. */
  #parameter(request: RtspRequest): Reply {
    const named = request.headers.get('session');
    if (named !== undefined && parseSession(named)?.id !== this.#session?.id) return { status: 454 };
    const session = this.#session;
    const headers = session === undefined ? {} : { Session: this.#sessionHeader(session) };
    return { status: request.body.length === 0 ? 200 : 451, headers };
  }

  #withSession(request: RtspRequest, act: (session: PlayerSession) => Reply): Reply {
    const named = parseSession(request.headers.get('session') ?? '');
    if (this.#session === undefined || named?.id !== this.#session.id) return { status: 454 };
    return act(this.#session);
  }

  async #authorized(request: RtspRequest, right: RtspRight = 'play'): Promise<RtspTarget | RtspResponse> {
    const target = parseTarget(request.uri);
    if (target === undefined) return { status: 404 };
    const verdict = await this.#access.check({
      right,
      method: request.method,
      stream: target.stream,
      token: target.token,
      authorization: request.headers.get('authorization'),
    });
    if (verdict === 'allowed') return target;
    if (verdict === 'refused') return { status: 401, headers: { 'WWW-Authenticate': this.#access.challenges } };
    return { status: 503, headers: { 'Retry-After': String(verdict.waitSec) } };
  }

  /** The tap that DESCRIBE has opened, or a new one. */
  async #open(stream: string, { headers }: RtspRequest): Promise<Tap> {
    const described = this.#described;
    if (described !== undefined && !described.closed && this.#askedAs === stream) return described;
    const { remoteAddress } = this.#options;
    const userAgent = (headers.get('user-agent') ?? '').slice(0, MAX_USER_AGENT_CHARS);
    const reader = { protocol: 'rtsp', remoteAddress, userAgent } as const;
    const hops = parseHops(headers.get(HOP_HEADER.toLowerCase()));
    const tap = await this.#options.streams.tap(stream, {
      reader,
      owner: this.#access.member,
      ...(hops === undefined ? {} : { hops }),
    });
    this.#askedAs = stream;
    if (this.#closed) tap.close();
    return tap;
  }

  #createSession(stream: string, tap: Tap): PlayerSession {
    if (this.#described !== tap) this.#described?.close();
    this.#described = undefined;
    const { socket, remoteAddress, localAddress, now, onAlive, onEnded } = this.#options;
    const session = new PlayerSession({
      tap,
      socket,
      remoteAddress,
      localAddress,
      now,
      onAlive,
      onStuck: () => onEnded('the player does not read'),
    });
    tap.once('closed', (reason) => {
      if (this.#session === session) onEnded(`the stream ended: ${reason}`);
    });
    this.#session = session;
    this.#playedAs = stream;
    return session;
  }

  #sessionHeader(session: PlayerSession): string {
    return formatSession({ id: session.id, timeoutSec: this.#options.sessionTimeoutSec });
  }
}
