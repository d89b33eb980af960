import type { WireMessage } from '../sip/index.ts';
import { methodOf } from './sip-trace.ts';

const METHODS: ReadonlySet<string> = new Set([
  'REGISTER',
  'MESSAGE',
  'INVITE',
  'ACK',
  'BYE',
  'CANCEL',
  'INFO',
  'OPTIONS',
  'SUBSCRIBE',
  'NOTIFY',
]);
const MAX_REASONS = 64;

/** Counts for /metrics: requests by method and status of their final response, malformed messages by reason. */
export class SipStatistics {
  readonly requestsIn: Record<string, number> = {};
  readonly requestsOut: Record<string, number> = {};
  readonly malformed: Record<string, number> = {};

  count({ message, direction, retransmission }: WireMessage): void {
    if (message.kind !== 'response' || message.status < 200 || retransmission) return;
    const method = methodOf(message.headers);
    // Made-up methods must not make new series.
    const key = `${METHODS.has(method) ? method : 'OTHER'} ${message.status}`;
    const table = direction === 'out' ? this.requestsIn : this.requestsOut;
    table[key] = (table[key] ?? 0) + 1;
  }

  countMalformed(reason: string): void {
    const known = reason in this.malformed || Object.keys(this.malformed).length < MAX_REASONS;
    const key = known ? reason : 'other';
    this.malformed[key] = (this.malformed[key] ?? 0) + 1;
  }
}
