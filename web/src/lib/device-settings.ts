import type { Device, DeviceSettings, DeviceSettingsPatch } from '../api/types.ts';

/** The settings as the form holds them: an empty text is the platform's default. */
export interface SettingsForm {
  name: string;
  password: string;
  mediaTransport: string;
  mediaAddress: string;
  charset: string;
  ssrcCheck: string;
  subStreamDialect: string;
  requestUriHost: string;
}

const KEYS = [
  'name',
  'mediaTransport',
  'mediaAddress',
  'charset',
  'ssrcCheck',
  'subStreamDialect',
  'requestUriHost',
] as const;

export const toForm = ({ settings }: Device): SettingsForm => ({
  name: settings.name ?? '',
  password: '',
  mediaTransport: settings.mediaTransport ?? '',
  mediaAddress: settings.mediaAddress ?? '',
  charset: settings.charset ?? '',
  ssrcCheck: settings.ssrcCheck ?? '',
  subStreamDialect: settings.subStreamDialect ?? '',
  requestUriHost: settings.requestUriHost ?? '',
});

/** Only what differs from the device; null resets. A password is sent only when one was typed. */
export function toPatch(device: Device, form: SettingsForm): DeviceSettingsPatch {
  const before = toForm(device);
  const patch: Record<string, string | null> = {};
  for (const key of KEYS) {
    const value = form[key].trim();
    if (value !== before[key]) patch[key] = value === '' ? null : value;
  }
  if (form.password !== '') patch['password'] = form.password;
  return patch as Partial<Record<keyof DeviceSettings, never>>;
}
