import { z } from 'zod';
import type { Device, DeviceSettings } from '../../gb28181/index.ts';

const mediaTransport = z.enum(['tcp-passive', 'udp', 'tcp-active']);
const charset = z.enum(['gb18030', 'utf-8']);
const ssrcCheck = z.enum(['strict', 'latch']);
const dialect = z.enum(['none', 'stream', 'streamnumber', 'streamprofile', 'streamMode']);
const requestUriHost = z.enum(['address', 'domain']);
export const admissionSchema = z.enum(['approved', 'pending', 'denied']);

const settingsView = z.object({
  name: z.string().optional(),
  mediaTransport: mediaTransport.optional(),
  charset: charset.optional(),
  mediaAddress: z.string().optional(),
  ssrcCheck: ssrcCheck.optional(),
  subStreamDialect: dialect.optional(),
  requestUriHost: requestUriHost.optional(),
  dateHeader: z.boolean().optional(),
  passwordSet: z.boolean(),
});

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
    learnedTransport: mediaTransport.optional(),
    settings: settingsView,
  })
  .meta({ id: 'Device' });

/** Part of the settings; null takes a value back to the platform's default. */
export const settingsPatchSchema = z
  .strictObject({
    name: z.string().min(1).max(128).nullable(),
    password: z.string().min(1).max(128).nullable(),
    mediaTransport: mediaTransport.nullable(),
    charset: charset.nullable(),
    mediaAddress: z.union([z.ipv4(), z.ipv6(), z.hostname()]).nullable(),
    ssrcCheck: ssrcCheck.nullable(),
    subStreamDialect: dialect.nullable(),
    requestUriHost: requestUriHost.nullable(),
    dateHeader: z.boolean().nullable(),
  })
  .partial()
  .meta({ id: 'DeviceSettings', description: 'null takes a value back to the default of the platform.' });

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
  })
  .meta({ id: 'DeviceStatus' });

/** A device without its password. */
export function deviceView(device: Device): z.infer<typeof deviceSchema> {
  const { settings, protocol, ...rest } = device;
  const { password, ...shown } = settings;
  return {
    ...rest,
    protocol: protocol === 'tcp' ? 'TCP' : 'UDP',
    settings: { ...shown, passwordSet: password !== undefined },
  };
}

/** The settings after a patch. */
export function patchSettings(old: DeviceSettings, patch: z.infer<typeof settingsPatchSchema>): DeviceSettings {
  const given = Object.entries({ ...old, ...patch });
  return Object.fromEntries(given.filter(([, value]) => value !== null && value !== undefined)) as DeviceSettings;
}
