import type { WantedSubscriptions } from '../subscription/types.ts';
import { profileOf, type QuirkProfile, type QuirkProfileName } from './quirk-profiles.ts';
import type { Device } from './types.ts';

export type MediaTransport = 'tcp-passive' | 'udp' | 'tcp-active';
/** `auto`: the way that the device's last message came (GB/T 28181 2.3). */
export type SipTransport = 'auto' | 'udp' | 'tcp';
export type Charset = 'gb18030' | 'utf-8';
/** What stands behind the at sign of a Request-URI: the device's address and port, or the SIP domain. */
export type RequestUriHost = 'address' | 'domain';
export type SubStreamDialect = 'none' | 'stream' | 'streamnumber' | 'streamprofile' | 'streamMode';
/**
 * Event of a SUBSCRIBE (GB/T 28181 11.1): `presence` for all, `<CmdType>;id=<number>` for all, or `auto`: the latter
 * for the catalogue and `presence` for the others.
 */
export type EventHeader = 'auto' | 'presence' | 'package-id';

/** What an operator sets per device; absent = what its quirk profile says, else the platform's default. */
export interface DeviceSettings {
  readonly name?: string;
  readonly password?: string;
  /** Absent = by User-Agent and Manufacturer. */
  readonly quirkProfile?: QuirkProfileName;
  /** Of our requests to the device. */
  readonly sipTransport?: SipTransport;
  /** Fixed media transport; absent = automatic with fallback. */
  readonly mediaTransport?: MediaTransport;
  readonly charset?: Charset;
  /** Address put into the SDP for this device. */
  readonly mediaAddress?: string;
  readonly ssrcCheck?: 'strict' | 'latch';
  readonly subStreamDialect?: SubStreamDialect;
  /** Some devices take only the other form (quirks 2.1). */
  readonly requestUriHost?: RequestUriHost;
  /** `Date` in the 200 to REGISTER, by which devices set their clocks (GB/T 28181 3.6). */
  readonly dateHeader?: boolean;
  /** Seconds that the device's `t=` is ahead of Unix time, e.g. 28800 of recorders that write Beijing time there. */
  readonly timeOffsetSec?: number;
  readonly eventHeader?: EventHeader;
  /** Keepalives that may fail to come before the device is taken for gone. */
  readonly keepaliveTolerance?: number;
  /** Absent kinds follow the configuration. `catalog: false` also leaves unasked NOTIFYs about channels aside. */
  readonly subscriptions?: Partial<WantedSubscriptions>;
}

/** The settings that are about how the device behaves: they may come from a profile. */
export type BehaviourSettings = Omit<DeviceSettings, 'name' | 'password' | 'quirkProfile' | 'subscriptions'>;
type Undecided = 'mediaTransport' | 'mediaAddress';
/** What is in force; an absent media transport or address is found automatically. */
export type EffectiveSettings = Required<Omit<BehaviourSettings, Undecided>> & Pick<BehaviourSettings, Undecided>;
export type SettingSource = 'own' | 'profile' | 'platform';

/** The settings of a device, and where each comes from. */
export interface SettingsInForce {
  readonly profile: QuirkProfileName;
  readonly own: DeviceSettings;
  /** What the profile sets, also where the operator has set something else. */
  readonly byProfile: BehaviourSettings;
  readonly effective: EffectiveSettings;
  readonly source: Readonly<Record<keyof BehaviourSettings, SettingSource>>;
}

export const DEFAULT_SETTINGS: EffectiveSettings = {
  sipTransport: 'auto',
  charset: 'gb18030',
  ssrcCheck: 'latch',
  subStreamDialect: 'none',
  requestUriHost: 'address',
  dateHeader: true,
  timeOffsetSec: 0,
  eventHeader: 'auto',
  // Quirks P8.
  keepaliveTolerance: 3,
};

const KEYS: ReadonlyArray<keyof BehaviourSettings> = [
  'sipTransport',
  'mediaTransport',
  'charset',
  'mediaAddress',
  'ssrcCheck',
  'subStreamDialect',
  'requestUriHost',
  'dateHeader',
  'timeOffsetSec',
  'eventHeader',
  'keepaliveTolerance',
];

/** Of devices for which the operator has set nothing, that is nearly all: one object serves all of a profile. */
const ofProfiles = new WeakMap<EffectiveSettings, Map<QuirkProfileName, SettingsInForce>>();

/** The operator's own over the profile's over the platform's. */
export function resolveSettings(
  device: Pick<Device, 'settings' | 'userAgent' | 'manufacturer' | 'gbVersion'>,
  defaults: EffectiveSettings,
): SettingsInForce {
  const own = device.settings;
  const profile = profileOf(device, own.quirkProfile);
  if (Object.keys(own).length > 0) return combine(own, profile, defaults);
  const known = ofProfiles.get(defaults) ?? new Map<QuirkProfileName, SettingsInForce>();
  const settings = known.get(profile.name) ?? combine(own, profile, defaults);
  ofProfiles.set(defaults, known.set(profile.name, settings));
  return settings;
}

function combine(own: DeviceSettings, profile: QuirkProfile, defaults: EffectiveSettings): SettingsInForce {
  const byProfile = profile.settings;
  const sourceOf = (key: keyof BehaviourSettings): SettingSource => {
    if (own[key] !== undefined) return 'own';
    return byProfile[key] === undefined ? 'platform' : 'profile';
  };
  const chosen = { own, profile: byProfile, platform: defaults };
  const source = Object.fromEntries(KEYS.map((key) => [key, sourceOf(key)])) as SettingsInForce['source'];
  const values = KEYS.map((key) => [key, chosen[source[key]][key]] as const).filter(([, value]) => value !== undefined);
  return {
    profile: profile.name,
    own,
    byProfile,
    effective: Object.fromEntries(values) as unknown as EffectiveSettings,
    source,
  };
}
