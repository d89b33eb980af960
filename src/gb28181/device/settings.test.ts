import { describe, expect, test } from 'vitest';
import type { DeviceSettings } from '../types.ts';
import { profileOf, QUIRK_PROFILES } from './quirk-profiles.ts';
import { DEFAULT_SETTINGS, resolveSettings } from './settings.ts';

const device = (more: {
  userAgent?: string;
  manufacturer?: string;
  gbVersion?: string;
  settings?: DeviceSettings;
}) => ({
  userAgent: '',
  manufacturer: '',
  gbVersion: '2.0',
  settings: {},
  ...more,
});

describe('quirk profile', () => {
  test.each([
    { userAgent: 'IP Camera', profile: 'hikvision' },
    { userAgent: 'Embedded Net DVR/NVR/DVS', profile: 'hikvision' },
    { userAgent: 'NCG V2.6.3', profile: 'hikvision' },
    { userAgent: 'IP Camera', manufacturer: 'ACME', profile: 'generic' },
    { userAgent: 'IP Camera', manufacturer: 'Dahua', profile: 'dahua' },
    { manufacturer: 'Hikvision', profile: 'hikvision' },
    { manufacturer: '海康威视', profile: 'hikvision' },
    { manufacturer: 'EZVIZ', userAgent: 'SIP UAS V3.0.0.1', profile: 'hikvision' },
    { userAgent: 'SIP UAS V3.0.0.1', profile: 'dahua' },
    { userAgent: 'SIP UAS V.2016.0707', profile: 'dahua' },
    { userAgent: 'DH SIP UAS V1.0', manufacturer: 'ACME', profile: 'dahua' },
    { manufacturer: '大华', profile: 'dahua' },
    { manufacturer: 'UNIVIEW', profile: 'uniview' },
    { manufacturer: 'Huawei', profile: 'huawei' },
    { manufacturer: 'TP-LINK', profile: 'tp-link' },
    { manufacturer: 'MERCURY', profile: 'tp-link' },
    { manufacturer: '紫光华智', profile: 'unisinsight' },
    { manufacturer: 'ACME', gbVersion: '3.0', profile: 'generic-2022' },
    { manufacturer: 'ACME', gbVersion: '2.0', profile: 'generic' },
    { profile: 'generic' },
  ])('$manufacturer, $userAgent, $gbVersion: $profile', ({ profile, ...identity }) => {
    expect(profileOf(device(identity)).name).toBe(profile);
  });

  test('the chosen one counts, whatever the device says', () => {
    expect(profileOf(device({ manufacturer: 'Dahua' }), 'generic').name).toBe('generic');
  });

  test('each name is there once', () => {
    const names = QUIRK_PROFILES.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('settings in force', () => {
  test.each([
    { name: 'platform', settings: {}, manufacturer: '', value: 'none', source: 'platform' },
    { name: 'profile', settings: {}, manufacturer: 'Dahua', value: 'streamprofile', source: 'profile' },
    { name: 'own', settings: { subStreamDialect: 'stream' }, manufacturer: 'Dahua', value: 'stream', source: 'own' },
    {
      name: 'own, as by default',
      settings: { subStreamDialect: 'none' },
      manufacturer: 'Dahua',
      value: 'none',
      source: 'own',
    },
    {
      name: 'another profile',
      settings: { quirkProfile: 'tp-link' },
      manufacturer: 'Dahua',
      value: 'streamMode',
      source: 'profile',
    },
  ] as const)('$name', ({ settings, manufacturer, value, source }) => {
    const result = resolveSettings(device({ settings, manufacturer }), DEFAULT_SETTINGS);
    expect([result.effective.subStreamDialect, result.source.subStreamDialect]).toEqual([value, source]);
  });

  test('whole result', () => {
    const settings: DeviceSettings = { name: 'Gate', password: 'p', timeOffsetSec: 28_800, mediaAddress: '192.0.2.1' };
    const result = resolveSettings(device({ settings, manufacturer: 'Hikvision' }), {
      ...DEFAULT_SETTINGS,
      dateHeader: false,
    });
    expect(result).toEqual({
      profile: 'hikvision',
      own: settings,
      byProfile: { ssrcCheck: 'latch' },
      effective: { ...DEFAULT_SETTINGS, dateHeader: false, timeOffsetSec: 28_800, mediaAddress: '192.0.2.1' },
      source: {
        sipTransport: 'platform',
        mediaTransport: 'platform',
        charset: 'platform',
        mediaAddress: 'own',
        ssrcCheck: 'profile',
        subStreamDialect: 'platform',
        requestUriHost: 'platform',
        dateHeader: 'platform',
        timeOffsetSec: 'own',
        eventHeader: 'platform',
        keepaliveTolerance: 'platform',
      },
    });
  });
});
