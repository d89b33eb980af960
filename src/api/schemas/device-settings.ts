import { z } from 'zod';
import {
  QUIRK_PROFILES,
  type DeviceSettings,
  type QuirkProfileName,
  type SettingsInForce,
} from '../../gb28181/index.ts';

const profileNames = QUIRK_PROFILES.map(({ name }) => name) as [QuirkProfileName, ...QuirkProfileName[]];

export const mediaTransportSchema = z.enum(['tcp-passive', 'udp', 'tcp-active']);
export const quirkProfileSchema = z.enum(profileNames);

/** A day is more than any zone is away. */
const MAX_OFFSET_SEC = 86_400;

/** How the device behaves; what a profile may set. */
const behaviour = {
  sipTransport: z.enum(['auto', 'udp', 'tcp']),
  mediaTransport: mediaTransportSchema,
  charset: z.enum(['gb18030', 'utf-8']),
  mediaAddress: z.string(),
  ssrcCheck: z.enum(['strict', 'latch']),
  subStreamDialect: z.enum(['none', 'stream', 'streamnumber', 'streamprofile', 'streamMode']),
  requestUriHost: z.enum(['address', 'domain']),
  dateHeader: z.boolean(),
  timeOffsetSec: z.int().min(-MAX_OFFSET_SEC).max(MAX_OFFSET_SEC).meta({
    description: 'Seconds that the times in the device’s SDP (t=) are ahead of Unix time, e.g. 28800.',
  }),
  eventHeader: z.enum(['auto', 'presence', 'package-id']).meta({
    description: 'Event of a SUBSCRIBE: presence, or `<CmdType>;id=<number>`; auto: the latter for the catalogue only.',
  }),
  keepaliveTolerance: z.int().min(1).max(100).meta({
    description: 'Keepalives that may fail to come before the device is taken for gone.',
  }),
};

const subscriptions = z
  .strictObject({ catalog: z.boolean(), alarm: z.boolean(), mobilePosition: z.boolean(), ptzPosition: z.boolean() })
  .partial()
  .meta({ description: 'Kinds that are absent follow the configuration.' });

const behaviourSchema = z.object(behaviour).partial();

/** The operator's own settings, as shown. */
export const settingsView = behaviourSchema.extend({
  name: z.string().optional(),
  quirkProfile: quirkProfileSchema.optional(),
  subscriptions: subscriptions.optional(),
  passwordSet: z.boolean(),
});

type Behaviour = typeof behaviour;
type NullableBehaviour = { [K in keyof Behaviour]: z.ZodNullable<Behaviour[K]> };
const nullableBehaviour = Object.fromEntries(
  Object.entries(behaviour).map(([key, type]) => [key, type.nullable()]),
) as unknown as NullableBehaviour;

/** Part of the settings; null takes a value back to what the profile or the platform says. */
export const settingsPatchSchema = z
  .strictObject({
    name: z.string().min(1).max(128).nullable(),
    password: z.string().min(1).max(128).nullable(),
    quirkProfile: quirkProfileSchema.nullable(),
    subscriptions: subscriptions.nullable(),
    ...nullableBehaviour,
    mediaAddress: z.union([z.ipv4(), z.ipv6(), z.hostname()]).nullable(),
  })
  .partial()
  .meta({
    id: 'DeviceSettings',
    description: 'null takes a value back to what the quirk profile of the device or the platform says.',
  });

const sourceSchema = z.enum(['own', 'profile', 'platform']);

export const settingsInForceSchema = z
  .object({
    profile: quirkProfileSchema,
    own: settingsView,
    byProfile: behaviourSchema,
    effective: z.object({
      ...behaviour,
      mediaTransport: mediaTransportSchema.optional(),
      mediaAddress: z.string().optional(),
    }),
    source: z.object(
      Object.fromEntries(Object.keys(behaviour).map((key) => [key, sourceSchema])) as Record<
        keyof Behaviour,
        typeof sourceSchema
      >,
    ),
  })
  .meta({
    id: 'SettingsInForce',
    description:
      'The operator’s own settings, those of the quirk profile (by Manufacturer and User-Agent), what is in force, and where each value comes from. A media transport or address that is absent is found automatically.',
  });

/** The operator's settings without the password. */
export function viewSettings({ password, ...shown }: DeviceSettings): z.infer<typeof settingsView> {
  return { ...shown, passwordSet: password !== undefined };
}

export function viewSettingsInForce({ own, ...rest }: SettingsInForce): z.infer<typeof settingsInForceSchema> {
  return { ...rest, own: viewSettings(own) };
}

/** The settings after a patch. */
export function patchSettings(old: DeviceSettings, patch: z.infer<typeof settingsPatchSchema>): DeviceSettings {
  const given = Object.entries({ ...old, ...patch });
  return Object.fromEntries(given.filter(([, value]) => value !== null && value !== undefined)) as DeviceSettings;
}
