/** Credentials of a request (RFC 7617, RFC 7616). */
export type Credentials =
  | { readonly scheme: 'basic'; readonly username: string; readonly password: string }
  | {
      readonly scheme: 'digest';
      readonly username: string;
      readonly realm: string;
      readonly nonce: string;
      readonly uri: string;
      readonly response: string;
      readonly algorithm?: string;
      readonly qop?: string;
      readonly nc?: string;
      readonly cnonce?: string;
    };

const MAX_CHARS = 4096;
/** A quoted or bare value; players differ in blanks, commas and quotes. */
const PARAMETER = /([a-z]{1,16})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))/gi;

/** Undefined where the server cannot read it. Never throws. */
export function parseAuthorization(value: string): Credentials | undefined {
  if (value.length > MAX_CHARS) return undefined;
  const [, scheme = '', rest = ''] = /^([a-z]{1,16})[ \t]+(.*)$/is.exec(value.trim()) ?? [];
  if (scheme.toLowerCase() === 'basic') return parseBasic(rest);
  return scheme.toLowerCase() === 'digest' ? parseDigest(rest) : undefined;
}

function parseBasic(text: string): Credentials | undefined {
  const decoded = Buffer.from(text.trim(), 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon < 0) return undefined;
  return { scheme: 'basic', username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

function parseDigest(text: string): Credentials | undefined {
  const named = new Map<string, string>();
  for (const [, name = '', quoted, bare] of text.matchAll(PARAMETER)) {
    const value = quoted === undefined ? (bare ?? '') : quoted.replace(/\\(.)/gs, '$1');
    if (!named.has(name.toLowerCase())) named.set(name.toLowerCase(), value);
  }
  const required = ['username', 'realm', 'nonce', 'uri', 'response'].map((name) => named.get(name));
  const [username, realm, nonce, uri, response] = required;
  if (username === undefined || realm === undefined || nonce === undefined) return undefined;
  if (uri === undefined || response === undefined) return undefined;
  const optional: Record<string, string> = {};
  for (const name of ['algorithm', 'qop', 'nc', 'cnonce']) {
    const given = named.get(name);
    if (given !== undefined) optional[name] = given;
  }
  return { scheme: 'digest', username, realm, nonce, uri, response, ...optional };
}

export interface Challenge {
  readonly realm: string;
  readonly nonce: string;
}

/** Digest first: it is what a client should take. */
export function formatChallenges({ realm, nonce }: Challenge): readonly string[] {
  return [`Digest realm="${realm}", nonce="${nonce}", algorithm="MD5"`, `Basic realm="${realm}"`];
}
