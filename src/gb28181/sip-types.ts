import type { SipProtocol } from '../sip/index.ts';

/** One SIP message of the trace ring, newest last; text is capped and Authorization redacted. */
export interface TraceEntry {
  readonly at: number;
  readonly direction: 'in' | 'out';
  readonly protocol: SipProtocol;
  /** `address:port` of our side; the address is a wildcard where the socket is bound to one. */
  readonly local: string;
  readonly remote: string;
  readonly deviceId: string;
  readonly callId: string;
  /** First line, e.g. `INVITE sip:…` or `200 OK (INVITE)`. */
  readonly summary: string;
  /** Latin-1: a character is a byte of the message. */
  readonly text: string;
  /** So many bytes of a long message are not kept; absent where `text` is all of it. */
  readonly cutBytes?: number;
}

/** What is wanted of the trace; all conditions together. */
export interface TraceFilter {
  readonly callIds?: readonly string[];
  readonly deviceId?: string;
  readonly direction?: 'in' | 'out';
  /** Of the request, also for its responses. */
  readonly method?: string;
  /** Anywhere in the message, in any case. */
  readonly text?: string;
  /** Unix ms. */
  readonly since?: number;
  /** The latest so many. */
  readonly limit?: number;
}

export interface SipCounters {
  /** Requests in by `METHOD status`, e.g. `REGISTER 401`. */
  readonly requestsIn: Readonly<Record<string, number>>;
  readonly requestsOut: Readonly<Record<string, number>>;
  readonly malformed: Readonly<Record<string, number>>;
  readonly transactions: number;
  readonly dialogs: number;
  readonly connections: number;
  /** TCP connections that were not taken, or cut off, by reason. */
  readonly refusedConnections: Readonly<Record<string, number>>;
  /** Queries and controls that wait for the device's Response. */
  readonly pending: number;
}
