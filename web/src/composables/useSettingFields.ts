import { computed, type Ref } from 'vue';
import { useI18n } from 'vue-i18n';
import type { BehaviourSettings, QuirkProfile, SettingsInForce } from '../api/types.ts';

type SelectKey = Exclude<keyof BehaviourSettings, 'mediaAddress' | 'timeOffsetSec' | 'keepaliveTolerance'>;

export interface SettingField {
  readonly key: SelectKey | 'quirkProfile';
  readonly label: string;
  readonly hint?: string;
  readonly options: readonly { readonly value: string; readonly label: string }[];
}

const PROFILES: readonly QuirkProfile[] = [
  'hikvision',
  'dahua',
  'uniview',
  'huawei',
  'tp-link',
  'unisinsight',
  'generic-2022',
  'generic',
];

/** The settings that are chosen from a list; the first choice tells what holds without one, and who says so. */
export function useSettingFields(inForce: Readonly<Ref<SettingsInForce | undefined>>) {
  const { t } = useI18n();
  const profileName = (profile: QuirkProfile) => t(`devices.form.profiles.${profile}`);

  /** What an empty field means. */
  function inherited(key: keyof BehaviourSettings, labelOf: (value: string) => string, automatic: string): string {
    const { source, effective, profile } = inForce.value ?? {};
    if (!source || !effective || !profile || source[key] === 'own') return t('devices.form.default');
    const value = effective[key] === undefined ? automatic : labelOf(String(effective[key]));
    if (source[key] === 'profile') return t('devices.form.byProfile', { profile: profileName(profile), value });
    return t('devices.form.byDefault', { value });
  }

  function select(key: SelectKey, label: string, choices: Record<string, string>, hint?: string): SettingField {
    const labelOf = (value: string) => choices[value] ?? value;
    const options = Object.entries(choices).map(([value, text]) => ({ value, label: text }));
    const first = { value: '', label: inherited(key, labelOf, t('devices.form.auto')) };
    return { key, label, ...(hint !== undefined && { hint }), options: [first, ...options] };
  }

  const word = (name: string) => t(`devices.form.${name}`);
  const dialects = ['stream', 'streamnumber', 'streamprofile', 'streamMode'].map((value) => [value, `a=${value}`]);

  const fields = computed<SettingField[]>(() => [
    {
      key: 'quirkProfile',
      label: word('profile'),
      hint: word('profileHint'),
      options: [
        {
          value: '',
          label: inForce.value
            ? t('devices.form.profileTold', { profile: profileName(inForce.value.profile) })
            : word('default'),
        },
        ...PROFILES.map((value) => ({ value, label: profileName(value) })),
      ],
    },
    select('sipTransport', word('sip'), { auto: word('sipAuto'), udp: 'UDP', tcp: 'TCP' }, word('sipHint')),
    select('mediaTransport', word('transport'), {
      'tcp-passive': word('tcpPassive'),
      udp: word('udp'),
      'tcp-active': word('tcpActive'),
    }),
    select('charset', word('charset'), { gb18030: 'GB18030 / GB2312', 'utf-8': 'UTF-8' }, word('charsetHint')),
    select('ssrcCheck', word('ssrc'), { strict: word('ssrcStrict'), latch: word('ssrcLatch') }),
    select('subStreamDialect', word('sub'), { none: word('subNone'), ...Object.fromEntries(dialects) }),
    select(
      'requestUriHost',
      word('uriHost'),
      { address: word('uriAddress'), domain: word('uriDomain') },
      word('uriHostHint'),
    ),
    select('dateHeader', word('date'), { true: word('dateOn'), false: word('dateOff') }, word('dateHint')),
    select('eventHeader', word('event'), {
      auto: word('eventAuto'),
      presence: 'presence',
      'package-id': word('eventPackage'),
    }),
  ]);

  /** Of a field that is typed. */
  const placeholder = (key: 'timeOffsetSec' | 'keepaliveTolerance') => inherited(key, (value) => value, '');
  return { fields, placeholder, profileName };
}
