import { z } from 'zod';
import type { CatalogScope, Device } from '../../gb28181/index.ts';
import { momentQuery } from './common.ts';
import { mediaTransportSchema, settingsView, viewSettings } from './device-settings.ts';

export const admissionSchema = z.enum(['approved', 'pending', 'denied']);

export const deviceSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    manufacturer: z.string(),
    model: z.string(),
    firmware: z.string(),
    online: z.boolean(),
    offlineReason: z.string().optional(),
    admission: admissionSchema,
    protocol: z.enum(['UDP', 'TCP']),
    sourceAddress: z.string(),
    sourcePort: z.int(),
    userAgent: z.string(),
    gbVersion: z.string(),
    registeredAt: z.number(),
    lastSeenAt: z.number(),
    expiresSec: z.number(),
    keepaliveIntervalSec: z.number(),
    keepaliveCount: z.number(),
    channelCount: z.int(),
    learnedTransport: mediaTransportSchema.optional(),
    settings: settingsView,
  })
  .meta({ id: 'Device' });

export const catalogScopeQuery = z.object({
  scope: z
    .string()
    .regex(/^\d{2,20}$/)
    .optional()
    .meta({ description: 'ID of a region, system, business group or virtual organisation; absent: all.' }),
  from: momentQuery.optional().meta({ description: 'Unix ms: only what was added between.' }),
  to: momentQuery.optional(),
});

/** Undefined for the whole catalogue. */
export function scopeOf({ scope, from, to }: z.infer<typeof catalogScopeQuery>): CatalogScope | undefined {
  if (scope === undefined && from === undefined && to === undefined) return undefined;
  return {
    ...(scope !== undefined && { id: scope }),
    ...(from !== undefined && { fromMs: from }),
    ...(to !== undefined && { toMs: to }),
  };
}

export const catalogResultSchema = z
  .object({ sumNum: z.int(), received: z.int(), complete: z.boolean() })
  .meta({ id: 'CatalogResult' });

export const deviceStatusSchema = z
  .object({
    online: z.boolean(),
    status: z.string(),
    encode: z.string(),
    record: z.string(),
    deviceTime: z.string(),
    reason: z.string(),
    alarms: z.array(z.object({ deviceId: z.string(), dutyStatus: z.string() })),
  })
  .meta({ id: 'DeviceStatus', description: 'GB/T 28181-2022 A.2.6.5; texts as the device sends them.' });

/** A device without its password. */
export function deviceView(device: Device): z.infer<typeof deviceSchema> {
  const { settings, protocol, ...rest } = device;
  return {
    ...rest,
    protocol: protocol === 'tcp' ? 'TCP' : 'UDP',
    settings: viewSettings(settings),
  };
}
