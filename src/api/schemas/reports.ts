import { z } from 'zod';
import { SUBSCRIPTION_KINDS } from '../../gb28181/index.ts';
import { channelKindSchema } from './channel.ts';
import { idSchema, momentQuery, pageQuery, wholeNumber } from './common.ts';

const code = wholeNumber(0, 999);

export const alarmSchema = z
  .object({
    id: z.int(),
    deviceId: z.string(),
    channelId: z.string().meta({ description: 'As sent: a channel, an alarm input, the device, or an alarm centre.' }),
    receivedAt: z.number(),
    alarmedAt: z.number().meta({ description: "By the device's clock." }),
    priority: z.int().meta({ description: '1 is the highest, 4 the lowest, 0 not told.' }),
    method: z.int().meta({
      description: '1 telephone, 2 device, 3 SMS, 4 GPS, 5 video, 6 device fault, 7 other, 0 not told.',
    }),
    type: z.int().meta({ description: 'AlarmType of GB/T 28181; its meaning depends on the method.' }),
    eventType: z.int(),
    description: z.string(),
    longitude: z.number().optional(),
    latitude: z.number().optional(),
    acknowledgedAt: z.number().optional(),
    acknowledgedBy: z.string().optional(),
    snapshot: z.enum(['none', 'pending', 'taken', 'failed']),
    snapshotReason: z.string().optional(),
  })
  .meta({ id: 'Alarm' });

const alarmFilter = z.object({
  deviceId: idSchema.optional(),
  channelId: idSchema.optional(),
  priority: code.optional(),
  method: code.optional(),
  acknowledged: z.enum(['true', 'false']).optional(),
  from: momentQuery.optional().meta({ description: 'Unix ms, of the alarm.' }),
  to: momentQuery.optional(),
});

export const alarmQuery = alarmFilter.extend({ page: pageQuery.page, limit: pageQuery.limit });

export const alarmPageSchema = z
  .object({
    items: z.array(alarmSchema),
    page: z.int(),
    limit: z.int(),
    total: z.int(),
    unacknowledged: z.int().meta({ description: 'Of all alarms, whatever the filter.' }),
  })
  .meta({ id: 'AlarmPage' });

/** What the store filters by: absent where not asked for. */
export function filterOf(query: z.infer<typeof alarmFilter>) {
  const { acknowledged, page: _page, limit: _limit, ...rest } = query as z.infer<typeof alarmQuery>;
  const given = Object.entries(rest).filter(([, value]) => value !== undefined);
  const filter = Object.fromEntries(given) as { [K in keyof typeof rest]?: NonNullable<(typeof rest)[K]> };
  return { ...filter, ...(acknowledged === undefined ? {} : { acknowledged: acknowledged === 'true' }) };
}

export const acknowledgeQuery = alarmFilter.omit({ acknowledged: true });

export const acknowledgedSchema = z.object({ acknowledged: z.int() }).meta({ id: 'Acknowledged' });

/** Where something is and how it moves, as a device tells it (GB/T 28181 11.4). */
export const positionFields = {
  longitude: z.number().meta({ description: 'WGS-84.' }),
  latitude: z.number(),
  speed: z.number().optional().meta({ description: 'km/h.' }),
  direction: z.number().optional().meta({ description: 'Degrees clockwise from north.' }),
  altitude: z.number().optional().meta({ description: 'Metres.' }),
  height: z.number().optional().meta({ description: 'Metres above the ground.' }),
};

export const positionSchema = z
  .object({
    deviceId: z.string(),
    channelId: z.string(),
    at: z.number().meta({ description: "Unix ms, by the device's clock." }),
    receivedAt: z.number(),
    ...positionFields,
  })
  .meta({ id: 'Position' });

export const placeSchema = z
  .object({
    deviceId: z.string(),
    channelId: z.string(),
    name: z.string(),
    kind: channelKindSchema,
    online: z.boolean(),
    source: z.enum(['device', 'catalog']).meta({ description: 'Told as its position, or where the catalogue has it.' }),
    longitude: z.number(),
    latitude: z.number(),
    at: z.number().optional(),
    speed: z.number().optional(),
    direction: z.number().optional(),
  })
  .meta({ id: 'Place' });

export const placeQuery = z.object({
  page: pageQuery.page,
  limit: wholeNumber(1, 10_000).default(1_000),
  deviceId: idSchema.optional(),
});

export const trackQuery = z.object({
  from: momentQuery.optional().meta({ description: 'Unix ms; default a day before `to`.' }),
  to: momentQuery.optional().meta({ description: 'Default now.' }),
  limit: wholeNumber(1, 20_000).default(5_000),
});

export const trackSchema = z.object({ items: z.array(positionSchema) }).meta({ id: 'Track' });

export const mapSchema = z
  .object({ tileUrl: z.string(), attribution: z.string() })
  .meta({ id: 'MapTiles', description: 'An empty URL means that the map has no tiles.' });

const subscriptionSchema = z
  .object({
    kind: z.enum(
      SUBSCRIPTION_KINDS as ['catalog', ...string[]] as ['catalog', 'alarm', 'mobilePosition', 'ptzPosition'],
    ),
    state: z.enum(['off', 'waiting', 'subscribing', 'active', 'backing_off', 'unsupported']),
    since: z.number().optional(),
    expiresAt: z.number().optional(),
    nextAttemptAt: z.number().optional(),
    lastNotifyAt: z.number().optional(),
    notifies: z.int(),
    failure: z.object({ code: z.string(), status: z.int().optional(), message: z.string(), at: z.number() }).optional(),
  })
  .meta({ id: 'Subscription' });

export const subscriptionsSchema = z.object({ items: z.array(subscriptionSchema) }).meta({ id: 'Subscriptions' });
