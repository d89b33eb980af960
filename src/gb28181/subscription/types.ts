import type { SubscriptionKind } from '../manscdp/index.ts';

/**
 * `off`: not wanted. `waiting`: the device is offline, or its turn comes. `backing_off`: an attempt failed, another
 * follows soon. `unsupported`: the device refuses it or never answers; tried again rarely, and when it registers anew.
 */
export type SubscriptionState = 'off' | 'waiting' | 'subscribing' | 'active' | 'backing_off' | 'unsupported';

/** docs/errors.md explains each. */
export type SubscriptionFailureCode = 'rejected' | 'timeout' | 'unreachable' | 'terminated' | 'edition' | 'limit';

export interface SubscriptionFailure {
  readonly code: SubscriptionFailureCode;
  /** SIP status of a refusal. */
  readonly status?: number;
  readonly message: string;
  /** Unix ms. */
  readonly at: number;
}

/** One subscription of a device; times in Unix ms. */
export interface SubscriptionView {
  readonly kind: SubscriptionKind;
  readonly state: SubscriptionState;
  readonly since?: number;
  readonly expiresAt?: number;
  readonly nextAttemptAt?: number;
  readonly lastNotifyAt?: number;
  readonly notifies: number;
  readonly failure?: SubscriptionFailure;
}

/** What is subscribed to, per kind. */
export type WantedSubscriptions = Readonly<Record<SubscriptionKind, boolean>>;

export interface SubscriptionOptions {
  readonly wanted: WantedSubscriptions;
  readonly expiresSec: number;
  /** Seconds between two positions of a device. */
  readonly positionIntervalSec: number;
}

export interface SubscriptionCounters {
  readonly active: number;
  readonly subscribed: number;
  readonly refreshed: number;
  readonly failed: number;
  readonly terminated: number;
  readonly notifies: number;
  /** NOTIFYs of a dialog in whose place another one tells the same: answered 481, left aside. */
  readonly superseded: number;
}
