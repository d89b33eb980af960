/** One challenge of a 401 (RFC 7235 §4.1). */
export type Challenge =
  | { readonly scheme: 'basic'; readonly realm: string }
  | {
      readonly scheme: 'digest';
      readonly realm: string;
      readonly nonce: string;
      readonly algorithm: 'MD5' | 'SHA-256';
      readonly opaque?: string;
      /** Whether `qop=auth` is offered. */
      readonly qopAuth: boolean;
      /** The nonce alone was wrong. */
      readonly stale: boolean;
    };

const MAX_CHARS = 8192;
const MAX_CHALLENGES = 8;
/** A scheme is followed by blanks and its first parameter; a parameter by `=`. */
const SCHEME = /(?:^|,)[ \t]*([a-z][a-z0-9-]{0,31})[ \t]+(?=[a-z-]{1,32}[ \t]*=)/gi;
const PARAMETER = /([a-z-]{1,32})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))/gi;

/** The challenges that a client can answer, several headers joined by commas. Never throws. */
export function parseChallenges(value: string): Challenge[] {
  if (value.length > MAX_CHARS) return [];
  // Quoted text may hold anything, schemes too: it is blanked while they are looked for.
  const plain = value.replaceAll(/"(?:[^"\\]|\\.)*"/gs, (quoted) => `"${'x'.repeat(quoted.length - 2)}"`);
  const starts = [...plain.matchAll(SCHEME)].slice(0, MAX_CHALLENGES);
  const challenges: Challenge[] = [];
  starts.forEach((match, index) => {
    const text = value.slice(match.index + match[0].length, starts[index + 1]?.index);
    const challenge = readChallenge((match[1] ?? '').toLowerCase(), readParameters(text));
    if (challenge !== undefined) challenges.push(challenge);
  });
  return challenges;
}

function readParameters(text: string): Map<string, string> {
  const named = new Map<string, string>();
  for (const [, name = '', quoted, bare] of text.matchAll(PARAMETER)) {
    const value = quoted === undefined ? (bare ?? '') : quoted.replaceAll(/\\(.)/gs, '$1');
    if (!named.has(name.toLowerCase())) named.set(name.toLowerCase(), value);
  }
  return named;
}

function readChallenge(scheme: string, named: ReadonlyMap<string, string>): Challenge | undefined {
  const realm = named.get('realm');
  if (realm === undefined) return undefined;
  if (scheme === 'basic') return { scheme, realm };
  const nonce = named.get('nonce');
  const algorithm = (named.get('algorithm') ?? 'MD5').toUpperCase();
  if (scheme !== 'digest' || nonce === undefined || (algorithm !== 'MD5' && algorithm !== 'SHA-256')) return undefined;
  const qops = (named.get('qop') ?? '').split(',').map((text) => text.trim().toLowerCase());
  // Only `auth-int` is offered: the body would have to be signed.
  if (named.has('qop') && !qops.includes('auth') && qops.some((text) => text !== '')) return undefined;
  const opaque = named.get('opaque');
  return {
    scheme,
    realm,
    nonce,
    algorithm,
    qopAuth: qops.includes('auth'),
    stale: named.get('stale')?.toLowerCase() === 'true',
    ...(opaque === undefined ? {} : { opaque }),
  };
}
