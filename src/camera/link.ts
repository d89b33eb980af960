import { formatManscdp, MANSCDP_CONTENT_TYPE, type ManscdpParts } from '../gb28181/manscdp/message.ts';
import type { Charset } from '../gb28181/types.ts';
import type { OutgoingRequest, SipEngine, SipResponse, Target } from '../sip/index.ts';
import type { Wheel } from './wheel.ts';

/** GB/T 28181-2022 (2.13). */
const GB_VERSION = ['X-GB-ver', '3.0'] as const;

export interface LinkOptions {
  readonly target: Target;
  readonly serverId: string;
  readonly domain: string;
  readonly charset: Charset;
  /** Without it the device counts as one of the 2016 edition. */
  readonly sendVersion: boolean;
  readonly answerTimeoutMs: number;
  readonly wheel: Wheel;
}

/** Requests of devices to their platform (GB/T 28181 4.4). */
export class PlatformLink {
  readonly #options: LinkOptions;
  readonly #engine: SipEngine;

  constructor(engine: SipEngine, options: LinkOptions) {
    this.#engine = engine;
    this.#options = options;
  }

  get charset(): Charset {
    return this.#options.charset;
  }

  /**
   * A MANSCDP command in a MESSAGE of its own; resolves with the SIP status.
   * @throws SipTimeoutError, SipTransportError, SipAbortedError
   */
  async message(deviceId: string, parts: ManscdpParts): Promise<number> {
    const { serverId, domain, charset } = this.#options;
    const response = await this.#request({
      method: 'MESSAGE',
      uri: `sip:${serverId}@${domain}`,
      from: `sip:${deviceId}@${domain}`,
      to: `sip:${serverId}@${domain}`,
      contentType: MANSCDP_CONTENT_TYPE,
      body: formatManscdp(parts, charset),
    });
    return response.status;
  }

  /** REGISTER of GB/T 28181 3.1; From and To are the device. @throws as `message` */
  register(
    deviceId: string,
    options: Pick<OutgoingRequest, 'credentials' | 'callId' | 'fromTag' | 'cseq' | 'headers' | 'contactUser'>,
  ): Promise<SipResponse> {
    const { serverId, domain, sendVersion } = this.#options;
    return this.#request({
      method: 'REGISTER',
      uri: `sip:${serverId}@${domain}`,
      from: `sip:${deviceId}@${domain}`,
      to: `sip:${deviceId}@${domain}`,
      ...options,
      headers: [...(sendVersion ? [GB_VERSION] : []), ...(options.headers ?? [])],
    });
  }

  async #request(request: Omit<OutgoingRequest, 'target' | 'signal'>): Promise<SipResponse> {
    const { target, answerTimeoutMs, wheel } = this.#options;
    const patience = new AbortController();
    const timer = wheel.after(answerTimeoutMs, () => {
      patience.abort();
    });
    try {
      return await this.#engine.request({ ...request, target, signal: patience.signal });
    } finally {
      timer.cancel();
    }
  }
}
