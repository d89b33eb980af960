import { ApiError } from '../api/http.ts';

/** Of vue-i18n. */
interface Words {
  readonly t: (key: string, named: Record<string, unknown>) => string;
  readonly te: (key: string) => boolean;
}

/** What went wrong, in the language of the console; the server's own words only where its code has none here. */
export function errorText(error: unknown, { t, te }: Words): string {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof ApiError)) return message;
  const { code } = error;
  const key = [`errors.${code}`, `failures.${code}.title`].find((each) => te(each)) ?? 'errors.other';
  return t(key, { message, code });
}
