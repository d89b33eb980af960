import { useI18n } from 'vue-i18n';
import { errorText } from '../lib/error-text.ts';

/** Words for whatever a call of the server has thrown. */
export function useErrorText(): (error: unknown) => string {
  const i18n = useI18n();
  const words = {
    t: (key: string, named: Record<string, unknown>) => i18n.t(key, named),
    te: (key: string) => i18n.te(key),
  };
  return (error) => errorText(error, words);
}
