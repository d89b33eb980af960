import type { SipTimers } from '../types.ts';

/** RFC 3261 §17, table 4. */
export const DEFAULT_TIMERS: SipTimers = { t1: 500, t2: 4_000, t4: 5_000, d: 32_000 };

/** RFC 3261 §16.6 step 11: how long an INVITE may ring; 360 times T1 is the RFC's three minutes. */
const TIMER_C_FACTOR = 360;

/** Every timer of RFC 3261 §17 and RFC 6026 §7.2 in ms, for one kind of transport. */
export interface TransactionTimers {
  readonly t1: number;
  readonly t2: number;
  /** B, F, H, J of UDP, L and M: 64 * T1. */
  readonly timeout: number;
  /** D: wait for more final responses to an INVITE. */
  readonly d: number;
  /** I: wait for more ACKs. */
  readonly i: number;
  /** J: wait for more copies of a request that is not INVITE. */
  readonly j: number;
  /** K: wait for more final responses to it. */
  readonly k: number;
  readonly c: number;
  /** RFC 3261 §17.2.1: 100 is sent when the user has not answered an INVITE by then. */
  readonly trying: number;
  /** False: A, E and G do not run. */
  readonly retransmits: boolean;
}

/** The timers of an unreliable (UDP) and a reliable (TCP) transport. */
export function transactionTimers(given: Partial<SipTimers>): { udp: TransactionTimers; tcp: TransactionTimers } {
  const { t1, t2, t4, d } = { ...DEFAULT_TIMERS, ...given };
  const timeout = 64 * t1;
  const common = { t1, t2, timeout, c: TIMER_C_FACTOR * t1, trying: t1 * 0.4 };
  return {
    udp: { ...common, d, i: t4, j: timeout, k: t4, retransmits: true },
    tcp: { ...common, d: 0, i: 0, j: 0, k: 0, retransmits: false },
  };
}
