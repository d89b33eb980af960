import { call } from './http.ts';
import type { SubscriptionKind } from './types.ts';

export interface Subscription {
  readonly kind: SubscriptionKind;
  readonly state: 'off' | 'waiting' | 'subscribing' | 'active' | 'backing_off' | 'unsupported';
  /** Unix ms, as the others. */
  readonly since?: number;
  readonly expiresAt?: number;
  readonly nextAttemptAt?: number;
  readonly lastNotifyAt?: number;
  readonly notifies: number;
  readonly failure?: {
    readonly code: string;
    readonly status?: number;
    readonly message: string;
    readonly at: number;
  };
}

const path = (deviceId: string) => `/devices/${encodeURIComponent(deviceId)}/subscriptions`;

export const listSubscriptions = async (deviceId: string, signal: AbortSignal) =>
  (await call<{ items: Subscription[] }>('GET', path(deviceId), { signal })).items;
/** Also what the device has refused. */
export const renewSubscriptions = (deviceId: string) => call<unknown>('POST', `${path(deviceId)}/renew`);
