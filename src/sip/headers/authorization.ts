import { quote, unquote } from './params.ts';
import { splitList } from './list.ts';

/** Authorization, WWW-Authenticate and their proxy forms (RFC 3261 §20.7, §20.44). */
export interface AuthHeader {
  /** Lower case, `digest` mostly. */
  readonly scheme: string;
  /** Names in lower case, values without quotes. */
  readonly params: ReadonlyMap<string, string>;
}

/**
 * Credentials of a request. Tolerant: any order, unquoted or quoted values, blanks around `=`, missing or doubled
 * commas. Undefined where there is no scheme.
 */
export function parseAuthorization(value: string): AuthHeader | undefined {
  return parseAuthHeader(value);
}

/** One challenge of a 401 or 407. */
export function parseChallenge(value: string): AuthHeader | undefined {
  return parseAuthHeader(value);
}

function parseAuthHeader(value: string): AuthHeader | undefined {
  const text = value.trim();
  const blank = text.search(/[ \t]/);
  if (blank <= 0) return undefined;
  const params = new Map<string, string>();
  for (const part of splitList(text.slice(blank + 1))) {
    const equals = part.indexOf('=');
    if (equals <= 0) continue;
    const name = part.slice(0, equals).trim().toLowerCase();
    if (name !== '' && !params.has(name)) params.set(name, unquote(part.slice(equals + 1).trim()));
  }
  return { scheme: text.slice(0, blank).toLowerCase(), params };
}

/** Parameters that RFC 3261 §25.1 writes without quotes. */
const BARE: ReadonlySet<string> = new Set(['algorithm', 'nc', 'qop', 'stale']);

/** `Digest name="value", …`; `quoteQop` for challenges, where qop is a quoted list. */
export function formatAuth(params: ReadonlyMap<string, string>, quoteQop = false): string {
  const parts: string[] = [];
  for (const [name, value] of params) {
    const bare = BARE.has(name) && !(quoteQop && name === 'qop');
    parts.push(`${name}=${bare ? value : quote(value)}`);
  }
  return `Digest ${parts.join(', ')}`;
}
