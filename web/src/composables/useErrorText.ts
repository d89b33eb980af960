import { useI18n } from 'vue-i18n';
import { errorText } from '../lib/error-text.ts';

/** Words for whatever a call of the server has thrown. */
export function useErrorText(): (error: unknown) => string {
  const { t, te } = useI18n();
  return (error) => errorText(error, { t, te });
}
