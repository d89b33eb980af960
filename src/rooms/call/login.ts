import type { Caller, HttpReply, PeerHandler, PostRoute, WebSocketProtocol } from '../../websocket/index.ts';
import { allowsPage } from './domains.ts';
import { CallError, RESULT } from './errors.ts';
import { appIdOf, checkId, parseFields, textOf, type Fields } from './fields.ts';
import { FINAL } from './rooms.ts';
import type { CallIce, CallOptions } from './types.ts';

/** Results of a login (seed 002 §7.2), besides 0 and `parseFailed`. */
const APP_UNKNOWN = 1;
const DOMAIN_NOT_ALLOWED = 2;
/** What the answer repeats, in characters. */
const MAX_ECHO = 2048;
/** Who only holds a connection open takes the place of one who logs in. */
const FIRST_MESSAGE_TIMEOUT_MS = 10_000;
/** RFC 6455 §7.4.1. */
const NORMAL = 1000;
const HOST = /^(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?$/;

interface Outcome {
  readonly result: number;
  readonly desc: string;
}

/** The login server of seed 002 §7: tells where the RoomServer and an ICE server are. */
export class Login implements WebSocketProtocol, PostRoute {
  readonly location: string;
  readonly limits: WebSocketProtocol['limits'];
  readonly maxPayloadBytes: number;
  readonly messageRate: number;
  readonly #options: CallOptions;
  readonly #ice: CallIce;

  constructor(options: CallOptions, ice: CallIce) {
    this.location = options.loginLocation;
    this.limits = options.limits;
    this.maxPayloadBytes = options.limits.maxPayloadBytes;
    this.messageRate = options.limits.messageRate;
    this.#options = options;
    this.#ice = ice;
  }

  /** Who has asked may stay: the server does not close its connection (seed 002 §7). */
  connect(peer: Parameters<WebSocketProtocol['connect']>[0]): PeerHandler {
    const timer = setTimeout(() => peer.close(NORMAL, FINAL), FIRST_MESSAGE_TIMEOUT_MS).unref();
    return {
      handleMessage: (text) => {
        clearTimeout(timer);
        peer.send(this.#answer(text, peer));
      },
      handleRefused: (reason) => peer.send(this.#refusal(reason)),
      handleClose: () => clearTimeout(timer),
    };
  }

  handle(text: string, caller: Caller): Promise<HttpReply> {
    return Promise.resolve({ body: this.#answer(text, caller) });
  }

  refuse(reason: string): HttpReply {
    return { body: this.#refusal(reason) };
  }

  #refusal(desc: string, result: number = RESULT.webSocketFailed): string {
    return JSON.stringify({ protocol: 'resp', cmd: 'login', result, desc, roomServer: '', iceServer: '' });
  }

  #answer(text: string, caller: Caller): string {
    try {
      const { cmd, fields } = parseFields(text);
      if (cmd !== 'login') return this.#refusal('cmd: expected login', RESULT.parseFailed);
      return this.#login(fields, caller);
    } catch (error) {
      if (error instanceof CallError) return this.#refusal(error.message, error.result);
      throw error;
    }
  }

  #login(fields: Fields, caller: Caller): string {
    const appId = checkId('appId', appIdOf(fields));
    const url = textOf(fields, 'url');
    const outcome = this.#check(appId, url, caller.origin);
    const echo = (name: string): string => textOf(fields, name).slice(0, MAX_ECHO);
    const ok = outcome.result === RESULT.ok;
    return JSON.stringify({
      protocol: 'resp',
      cmd: 'login',
      ...outcome,
      appId,
      ip: echo('ip'),
      url: echo('url'),
      sdkInfo: echo('sdkInfo'),
      osInfo: echo('osInfo'),
      time: echo('time'),
      roomServer: ok ? this.#roomServer(caller) : '',
      // Accounts of it are for those who have joined.
      iceServer: ok ? this.#ice.serverFor(caller.address) : '',
    });
  }

  /** The page's own word, and its browser's where there is one. */
  #check(appId: string, url: string, origin: string | undefined): Outcome {
    const { apps } = this.#options;
    if (apps.length === 0) return { result: RESULT.ok, desc: 'ok' };
    const app = apps.find((known) => known.appId === appId);
    if (app === undefined) return { result: APP_UNKNOWN, desc: `appId ${appId} does not exist` };
    const refused = [url, ...(origin === undefined ? [] : [origin])].find((page) => !allowsPage(app, page));
    if (refused === undefined) return { result: RESULT.ok, desc: 'ok' };
    return { result: DOMAIN_NOT_ALLOWED, desc: `appId ${appId} is not authorised for ${refused.slice(0, 253)}` };
  }

  /** Behind a proxy that does TLS only the page knows that it does. */
  #roomServer({ host, secure, origin }: Caller): string {
    const scheme = secure || origin?.startsWith('https:') === true ? 'wss' : 'ws';
    return `${scheme}://${host !== undefined && HOST.test(host) ? host : 'localhost'}${this.#options.location}`;
  }
}
