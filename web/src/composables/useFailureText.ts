import { useI18n } from 'vue-i18n';
import { isFailure } from '../lib/timeline.ts';

/** Words for a failure code, in three lengths. */
export function useFailureText() {
  const i18n = useI18n();
  const { t } = i18n;
  return (code: string) => {
    const key = isFailure(code) ? code : 'unknown';
    const phrase = `errors.${code}`;
    return {
      title: i18n.te(phrase) ? t(phrase, { message: code }) : t(`failures.${key}.title`),
      text: t(`failures.${key}.text`, { code }),
      advice: t(`failures.${key}.advice`),
    };
  };
}
