import type { Config } from './config/index.ts';

/** Keys whose values nobody needs to see; a webhook's URL is its own key. */
const SECRET_KEY = /(?:^|-)(?:password|secret|credential|token|webhook)$|^pass-?phrase$/i;
const ACCOUNT_IN_URL = /^([a-z][a-z0-9+.-]*:\/\/[^/@]*?:)[^/?#]*(?=@)/i;

function redact(key: string, value: unknown): unknown {
  if (typeof value === 'string') {
    if (SECRET_KEY.test(key)) return value === '' ? '' : '[set]';
    return value.replace(ACCOUNT_IN_URL, '$1[set]');
  }
  if (Array.isArray(value)) return value.map((item: unknown) => redact('', item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, redact(name, inner)]));
}

/** The configuration as the settings page may show it: passwords only as "set". */
export function redactConfig(config: Config): Readonly<Record<string, unknown>> {
  return redact('', config) as Record<string, unknown>;
}
