import type { SipHeaders, SipRequest } from '../sip/index.ts';

const USER = /sips?:([^@>;:\s]{1,64})(?::[^@>\s]{0,64})?@/i;

/** User part of a From, To or Contact value or of a Request-URI, however it is wrapped; undefined where there is none. */
export function userOf(value: string | undefined): string | undefined {
  return value === undefined ? undefined : USER.exec(value)?.[1];
}

/** User part of From: who sends a request in GB/T 28181. Never taken from To (Hik NVRs put their own ID there). */
export function senderOf(request: SipRequest): string | undefined {
  return userOf(request.headers.get('From'));
}

/** `sip:<user>@<host:port or domain>`, the form of every URI in GB/T 28181 1.7. */
export function sipUri(user: string, host: string): string {
  return `sip:${user}@${host}`;
}

export const DEFAULT_EXPIRES_SEC = 3_600;
const MIN_EXPIRES_SEC = 30;
const MAX_EXPIRES_SEC = 7 * 86_400;

function seconds(text: string | undefined): number | undefined {
  const match = /^\s*(\d{1,10})\s*$/.exec(text ?? '');
  return match === null ? undefined : Number(match[1]);
}

/**
 * Registration time that a REGISTER asks for (GB/T 28181 3.4, 3.5), 0 to unregister: the Expires header, else the
 * Contact's parameter, else 3600; a zero in either place counts. `Contact: *` unregisters. What is granted is held
 * between half a minute and a week.
 */
export function requestedExpiresSec(headers: SipHeaders): number {
  const contact = headers.get('Contact')?.trim() ?? '';
  if (contact === '*') return 0;
  const own = seconds(headers.get('Expires'));
  const parameter = seconds(/;\s*expires\s*=\s*"?(\d{1,10})/i.exec(contact)?.[1]);
  if (own === 0 || parameter === 0) return 0;
  return Math.min(MAX_EXPIRES_SEC, Math.max(MIN_EXPIRES_SEC, own ?? parameter ?? DEFAULT_EXPIRES_SEC));
}
