import { errorMessage } from '../util/index.ts';
import { GatewayLinkError } from './errors.ts';
import type { GatewayLink } from './types.ts';

const TIMEOUT_MS = 5000;
const MAX_ANSWER = 64;

/** The RoomServer's `/icebandwidthload`. */
export function httpLink(server: URL, token: string): GatewayLink {
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
  };
  return {
    async send(message) {
      try {
        const body = JSON.stringify(message);
        const signal = AbortSignal.timeout(TIMEOUT_MS);
        const response = await fetch(server, { method: 'POST', headers, body, signal, redirect: 'error' });
        const text = (await response.text()).trim();
        if (/^ice_\w+$|^successful$/.test(text)) return text;
        throw new GatewayLinkError(`${server.origin} answered ${response.status} ${text.slice(0, MAX_ANSWER)}`);
      } catch (error) {
        if (error instanceof GatewayLinkError) throw error;
        const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
        throw new GatewayLinkError(`${server.origin} does not answer: ${errorMessage(cause)}`, { cause: error });
      }
    },
    close() {},
  };
}
