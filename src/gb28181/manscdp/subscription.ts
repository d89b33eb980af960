import { alarmConditionNodes } from './alarm-query.ts';
import type { Manscdp, ManscdpParts } from './message.ts';
import { xmlNode } from './xml.ts';

/** What a platform subscribes to (GB/T 28181 section 11). */
export type SubscriptionKind = 'catalog' | 'alarm' | 'mobilePosition' | 'ptzPosition';

export const SUBSCRIPTION_KINDS: readonly SubscriptionKind[] = ['catalog', 'alarm', 'mobilePosition', 'ptzPosition'];

export const SUBSCRIPTION_CMD_TYPES: Readonly<Record<SubscriptionKind, string>> = {
  catalog: 'Catalog',
  alarm: 'Alarm',
  mobilePosition: 'MobilePosition',
  ptzPosition: 'PTZPosition',
};

/** Body of a SUBSCRIBE (GB/T 28181 11.2 to 11.4, 11.6). `period`, Unix ms, is of alarms; `intervalSec` of positions. */
export interface SubscriptionBody {
  readonly kind: SubscriptionKind;
  readonly intervalSec: number;
  readonly period: { readonly from: number; readonly to: number };
}

export function subscriptionQuery(sn: number, deviceId: string, body: SubscriptionBody): ManscdpParts {
  return { root: 'Query', cmdType: SUBSCRIPTION_CMD_TYPES[body.kind], sn, deviceId, rest: filtersOf(body) };
}

function filtersOf({ kind, intervalSec, period }: SubscriptionBody): NonNullable<ManscdpParts['rest']> {
  if (kind === 'mobilePosition') return [xmlNode('Interval', intervalSec)];
  if (kind !== 'alarm') return [];
  return alarmConditionNodes({
    startPriority: 0,
    endPriority: 0,
    alarmMethod: '0',
    fromMs: period.from,
    toMs: period.to,
  });
}

/** What a SUBSCRIBE is for, by its body whatever its Event says; undefined for anything else. */
export function parseSubscriptionQuery({
  cmdType,
  body,
}: Manscdp): { kind: SubscriptionKind; intervalSec: number } | undefined {
  const wanted = cmdType.toLowerCase();
  const kind = SUBSCRIPTION_KINDS.find((each) => SUBSCRIPTION_CMD_TYPES[each].toLowerCase() === wanted);
  if (kind === undefined) return undefined;
  return { kind, intervalSec: Math.max(1, body.number('Interval') ?? DEFAULT_INTERVAL_SEC) };
}

/** GB/T 28181 11.4. */
const DEFAULT_INTERVAL_SEC = 5;
