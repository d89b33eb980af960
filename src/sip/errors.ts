import { GatewayError } from '../util/index.ts';
import type { SipListen, SipResponse } from './types.ts';

/** No final response came in time: Timer B or F of RFC 3261 §17.1, or an INVITE that rang too long. */
export class SipTimeoutError extends GatewayError {
  override readonly code = 'sip_timeout';
}

/** The request could not leave or its connection was lost (RFC 3261 §8.1.3.1). */
export class SipTransportError extends GatewayError {
  override readonly code = 'sip_transport';
}

/** The caller gave up, the peer cancelled, or the engine was closed. */
export class SipAbortedError extends GatewayError {
  override readonly code = 'sip_aborted';
}

/** A final response of class 3 to 6 answered an INVITE or a SUBSCRIBE. */
export class SipRejectedError extends GatewayError {
  override readonly code = 'sip_rejected';
  readonly response: SipResponse;

  constructor(method: string, response: SipResponse) {
    super(`${method} was answered ${response.status} ${response.reason}`);
    this.response = response;
  }
}

/** A listening address is taken, not ours, or not allowed. */
export class ListenError extends GatewayError {
  override readonly code = 'listen_failed';
  readonly listen: SipListen;

  constructor(listen: SipListen, cause: Error) {
    const reason = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
    super(`cannot listen on ${listen.protocol} ${formatEndpoint(listen.address, listen.port)}: ${reason}`, { cause });
    this.listen = listen;
  }
}

function formatEndpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
