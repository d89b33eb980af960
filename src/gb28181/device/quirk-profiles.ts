import type { BehaviourSettings } from './settings.ts';
import type { Device } from './types.ts';

export type QuirkProfileName =
  | 'hikvision'
  | 'dahua'
  | 'uniview'
  | 'huawei'
  | 'tp-link'
  | 'unisinsight'
  | 'generic-2022'
  | 'generic';

/** What the devices of one vendor want to be set; empty where nothing that can be set is known of them. */
export interface QuirkProfile {
  readonly name: QuirkProfileName;
  /** Of the DeviceInfo answer. */
  readonly manufacturer: RegExp;
  /** Of REGISTER. */
  readonly userAgent: RegExp;
  /** User-Agents that others use as well: they count only while the manufacturer is not known. */
  readonly commonUserAgent?: RegExp;
  readonly settings: BehaviourSettings;
}

type Identity = Pick<Device, 'userAgent' | 'manufacturer' | 'gbVersion'>;

const NEVER = /(?!)/;
const GENERIC: QuirkProfile = { name: 'generic', manufacturer: NEVER, userAgent: NEVER, settings: {} };

/** GB/T 28181 reference 21, quirks 2. */
export const QUIRK_PROFILES: readonly QuirkProfile[] = [
  {
    name: 'hikvision',
    // EZVIZ is derived from it.
    manufacturer: /hikvision|海康|ezviz|萤石/i,
    userAgent: /hikvision|^embedded net (?:dvr|nvr|dvs)|^NCG V\d/i,
    commonUserAgent: /^IP Camera\b/i,
    // Some rewrite the SSRC, and do not always say so in the answer.
    settings: { ssrcCheck: 'latch' },
  },
  {
    name: 'dahua',
    manufacturer: /dahua|大华/i,
    userAgent: /dahua|^(?:DH )?SIP UAS V/i,
    settings: { subStreamDialect: 'streamprofile' },
  },
  { name: 'uniview', manufacturer: /uniview|宇视|^UNV\b/i, userAgent: /uniview/i, settings: {} },
  { name: 'huawei', manufacturer: /huawei|华为/i, userAgent: /huawei/i, settings: {} },
  {
    name: 'tp-link',
    manufacturer: /tp-?link|普联|mercury|水星/i,
    userAgent: /tp-?link|mercury/i,
    settings: { subStreamDialect: 'streamMode' },
  },
  { name: 'unisinsight', manufacturer: /unisinsight|紫光/i, userAgent: /unisinsight/i, settings: {} },
  // The standard's own attribute since 2022 (13.3).
  { name: 'generic-2022', manufacturer: NEVER, userAgent: NEVER, settings: { subStreamDialect: 'streamnumber' } },
  GENERIC,
];

/** The profile that the operator chose, else that of the manufacturer, else that of the User-Agent, else a generic one. */
export function profileOf(device: Identity, chosen?: QuirkProfileName): QuirkProfile {
  const named = (name: QuirkProfileName): QuirkProfile =>
    QUIRK_PROFILES.find((profile) => profile.name === name) ?? GENERIC;
  if (chosen !== undefined) return named(chosen);
  return vendorOf(device) ?? named(Number.parseInt(device.gbVersion, 10) >= 3 ? 'generic-2022' : 'generic');
}

function vendorOf({ userAgent, manufacturer }: Identity): QuirkProfile | undefined {
  const by = (matches: (profile: QuirkProfile) => boolean | undefined): QuirkProfile | undefined =>
    QUIRK_PROFILES.find(matches);
  return (
    by((profile) => profile.manufacturer.test(manufacturer)) ??
    by((profile) => profile.userAgent.test(userAgent)) ??
    (manufacturer === '' ? by((profile) => profile.commonUserAgent?.test(userAgent)) : undefined)
  );
}
