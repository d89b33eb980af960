import { useI18n } from 'vue-i18n';
import { useServerClock } from './useClock.ts';

const STEPS: readonly (readonly [unit: Intl.RelativeTimeFormatUnit, ms: number])[] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

/** “3 minutes ago” in the language of the console, kept current. */
export function useRelativeTime() {
  const { t, locale } = useI18n();
  const now = useServerClock(15_000);
  return (at: number): string => {
    if (at === 0) return t('devices.never');
    const passed = now.value - at;
    const step = STEPS.find(([, ms]) => passed >= ms);
    if (!step) return t('devices.justNow');
    return new Intl.RelativeTimeFormat(locale.value, { numeric: 'always' }).format(
      -Math.floor(passed / step[1]),
      step[0],
    );
  };
}
