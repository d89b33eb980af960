import type { Device, DeviceSettingsPatch } from '../api/types.ts';

const TEXT_KEYS = [
  'name',
  'quirkProfile',
  'sipTransport',
  'mediaTransport',
  'mediaAddress',
  'charset',
  'ssrcCheck',
  'subStreamDialect',
  'requestUriHost',
  'eventHeader',
] as const;
const NUMBER_KEYS = ['timeOffsetSec', 'keepaliveTolerance'] as const;
const KEYS = [...TEXT_KEYS, ...NUMBER_KEYS, 'dateHeader'] as const;

/** The settings as the form holds them: an empty text is what the profile or the platform says. */
export type SettingsForm = Record<(typeof KEYS)[number] | 'password', string>;

export function toForm({ settings }: Device): SettingsForm {
  const values = KEYS.map((key) => [key, settings[key] === undefined ? '' : String(settings[key])]);
  return { ...(Object.fromEntries(values) as SettingsForm), password: '' };
}

const isNumber = (key: string) => (NUMBER_KEYS as readonly string[]).includes(key);

function valueOf(key: (typeof KEYS)[number], text: string): string | number | boolean | null | undefined {
  if (text === '') return null;
  if (key === 'dateHeader') return text === 'true';
  if (!isNumber(key)) return text;
  return Number.isInteger(Number(text)) ? Number(text) : undefined;
}

/** Only what differs from the device; null resets. A password is sent only when one was typed, a number when it is one. */
export function toPatch(device: Device, form: SettingsForm): DeviceSettingsPatch {
  const before = toForm(device);
  const patch: Record<string, unknown> = {};
  for (const key of KEYS) {
    const text = String(form[key]).trim();
    const value = text === before[key] ? undefined : valueOf(key, text);
    if (value !== undefined) patch[key] = value;
  }
  if (form.password !== '') patch['password'] = form.password;
  return patch as DeviceSettingsPatch;
}

/** The form on what the gateway has now: what was typed since `before` stays, all else follows. */
export function rebase(form: SettingsForm, before: SettingsForm, now: SettingsForm): SettingsForm {
  const entries = Object.entries(form) as Array<[keyof SettingsForm, string]>;
  return Object.fromEntries(
    entries.map(([key, text]) => [key, text === before[key] ? now[key] : text]),
  ) as SettingsForm;
}
