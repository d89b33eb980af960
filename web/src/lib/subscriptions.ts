import type { Subscription } from '../api/subscriptions.ts';
import type { SubscriptionKind, WantedSubscriptions } from '../api/types.ts';

/** `configured`: as the configuration of the gateway says. */
export type SubscriptionWish = 'configured' | 'on' | 'off';

export function wishOf(wanted: WantedSubscriptions, kind: SubscriptionKind): SubscriptionWish {
  const own = wanted[kind];
  if (own === undefined) return 'configured';
  return own ? 'on' : 'off';
}

/** The setting with another wish for one kind; null where every kind is as configured again. */
export function withWish(
  wanted: WantedSubscriptions,
  kind: SubscriptionKind,
  wish: SubscriptionWish,
): WantedSubscriptions | null {
  const { [kind]: _old, ...others } = wanted;
  const next = wish === 'configured' ? others : { ...others, [kind]: wish === 'on' };
  return Object.keys(next).length === 0 ? null : next;
}

const KEYS: Readonly<Record<SubscriptionKind, string>> = {
  catalog: 'catalog',
  alarm: 'alarm',
  mobilePosition: 'mobile-position',
  ptzPosition: 'ptz-position',
};

const sectionOf = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;

/** What `gb28181.subscriptions` of the configuration says of a kind. */
export function configuredFor(settings: unknown, kind: SubscriptionKind): boolean | undefined {
  const value = sectionOf(sectionOf(sectionOf(settings, 'gb28181'), 'subscriptions'), KEYS[kind]);
  return typeof value === 'boolean' ? value : undefined;
}

/** For the dot: it works, it is not wanted, or it is to come. */
export function toneOf({ state }: Subscription): 'on' | 'off' | 'warn' {
  if (state === 'active') return 'on';
  return state === 'off' ? 'off' : 'warn';
}

const FAILURES = ['rejected', 'timeout', 'unreachable', 'terminated', 'edition', 'limit'] as const;

/** Name of the words for a failure, and what the device itself said: `489 Bad Event`, `noresource`. */
export function failureOf({ code, message }: NonNullable<Subscription['failure']>) {
  const text = FAILURES.find((each) => each === code) ?? ('other' as const);
  if (text === 'rejected' || text === 'other') return { text, told: message };
  return { text, told: text === 'terminated' ? (/: (.+)$/.exec(message)?.[1] ?? '') : '' };
}
