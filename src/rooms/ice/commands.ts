import { createHash, timingSafeEqual } from 'node:crypto';
import type { PostRoute } from '../../websocket/index.ts';
import { parseIceMessage, type IceMessage } from './messages.ts';
import type { ServerList } from './server-list.ts';
import type { IceAnswer, IceCaller, IceServer } from './types.ts';

export interface IceCommandsOptions {
  readonly registrationToken: string;
  readonly open: boolean;
  readonly maxMessageBytes: number;
  readonly messageRate: number;
  readonly countryOf: (address: string) => string;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Takes registrations and reports of ICE servers, seed 002 §6.25–6.27. */
export class IceCommands {
  readonly #list: ServerList;
  readonly #options: IceCommandsOptions;
  readonly #token: Buffer;

  constructor(list: ServerList, options: IceCommandsOptions) {
    this.#list = list;
    this.#options = options;
    this.#token = digest(options.registrationToken);
  }

  /** Never throws. */
  handle(value: unknown, caller: IceCaller): IceAnswer {
    const message = parseIceMessage(value);
    if (message === 'malformed') return 'ice_json_parse_falied';
    // As the original has it.
    if (message === 'unknown_command') return 'ice_no_found';
    return this.#allowed(caller.token) ? this.#run(message) : 'ice_not_allowed';
  }

  /** `/icebandwidthload`: the same as JSON in an HTTP request, answered by a word. */
  get route(): PostRoute {
    const reply = (answer: IceAnswer) => ({
      status: STATUS[answer] ?? 200,
      contentType: 'text/plain; charset=utf-8',
      body: answer,
    });
    return {
      location: '/icebandwidthload',
      maxPayloadBytes: this.#options.maxMessageBytes,
      messageRate: this.#options.messageRate,
      handle: (text, caller) => Promise.resolve(reply(this.#handleText(text, caller))),
      refuse: (_reason, bound) => reply(bound === 'too_many_messages' ? 'ice_too_often' : 'ice_json_parse_falied'),
    };
  }

  #handleText(text: string, caller: IceCaller): IceAnswer {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return 'ice_json_parse_falied';
    }
    return this.handle(value, caller);
  }

  /** Digests are of one length, so that the comparison tells nothing of the token. */
  #allowed(token: string | undefined): boolean {
    const { registrationToken, open } = this.#options;
    if (registrationToken === '') return open;
    return token !== undefined && timingSafeEqual(digest(token), this.#token);
  }

  #run(message: IceMessage): IceAnswer {
    switch (message.cmd) {
      case 'iceRegister':
        return this.#register(message.server);
      case 'iceDeregister':
        return this.#list.deregister(message.ip, message.failed ? 'failed' : 'deregistered')
          ? 'successful'
          : 'ice_no_found';
      case 'iceReportRxTxRate':
        return this.#list.report(message.ip, message.rxRate, message.txRate) ? 'successful' : 'ice_no_found';
    }
  }

  #register(server: IceServer): IceAnswer {
    const result = this.#list.register({ ...server, country: this.#options.countryOf(server.ip) });
    return ({ added: 'successful', known: 'ice_have_registered', full: 'ice_full_loading' } as const)[result];
  }
}

const STATUS: { readonly [K in IceAnswer]?: number } = { ice_not_allowed: 403, ice_too_often: 429 };
