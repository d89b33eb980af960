import { useI18n } from 'vue-i18n';
import type { Device } from '../api/types.ts';
import { useRelativeTime } from './useRelativeTime.ts';

/** When a device was heard of last. Keepalives are no events; but who stays online has just sent one. */
export function useLastSeen() {
  const { t } = useI18n();
  const relative = useRelativeTime();
  return ({ online, lastSeenAt }: Device): string => (online ? t('devices.justNow') : relative(lastSeenAt));
}
