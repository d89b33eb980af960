import { hash, randomBytes } from 'node:crypto';
import { parseChallenges, type Challenge } from '../headers/www-authenticate.ts';

/** The account at a server. */
export interface Account {
  readonly username: string;
  readonly password: string;
}

type Digest = Extract<Challenge, { scheme: 'digest' }>;

/** What a client tells a server about who it is, once it was asked (RFC 7616, RFC 7617). */
export class Authentication {
  readonly #account: Account | undefined;
  #challenge: Challenge | undefined;
  #uses = 0;

  constructor(account: Account | undefined) {
    this.#account = account;
  }

  /**
   * Takes a 401 in. False where asking again is of no use: there is no account, nothing that can be answered, or the
   * challenge that was just answered for the same request (`fresh`) comes again.
   */
  accept(value: string, fresh: boolean): boolean {
    const challenge = strongest(parseChallenges(value));
    if (this.#account === undefined || challenge === undefined) return false;
    if (fresh && !(challenge.scheme === 'digest' && challenge.stale)) return false;
    this.#challenge = challenge;
    this.#uses = 0;
    return true;
  }

  /** Value of Authorization for a request; undefined before the first challenge. */
  authorization(method: string, uri: string): string | undefined {
    const challenge = this.#challenge;
    if (this.#account === undefined || challenge === undefined) return undefined;
    this.#uses += 1;
    const { username, password } = this.#account;
    if (challenge.scheme === 'basic') return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    return formatDigest(challenge, { method, uri, username, password, uses: this.#uses });
  }
}

/** SHA-256 before MD5 before Basic. */
function strongest(challenges: readonly Challenge[]): Challenge | undefined {
  const rank = (challenge: Challenge): number => {
    if (challenge.scheme === 'basic') return 2;
    return challenge.algorithm === 'SHA-256' ? 0 : 1;
  };
  return challenges.toSorted((a, b) => rank(a) - rank(b))[0];
}

interface DigestRequest extends Account {
  readonly method: string;
  readonly uri: string;
  readonly uses: number;
}

/** RFC 7616 §3.4; without qop as RFC 2069 has it. */
function formatDigest(challenge: Digest, { method, uri, username, password, uses }: DigestRequest): string {
  const { realm, nonce, algorithm, opaque, qopAuth } = challenge;
  const digest = (text: string): string => hash(algorithm === 'MD5' ? 'md5' : 'sha256', text, 'hex');
  const nc = uses.toString(16).padStart(8, '0');
  const cnonce = randomBytes(8).toString('hex');
  const middle = qopAuth ? `${nonce}:${nc}:${cnonce}:auth` : nonce;
  const response = digest(`${digest(`${username}:${realm}:${password}`)}:${middle}:${digest(`${method}:${uri}`)}`);
  const fields = [
    `username="${quote(username)}"`,
    `realm="${quote(realm)}"`,
    `nonce="${quote(nonce)}"`,
    `uri="${quote(uri)}"`,
    `response="${response}"`,
    // Old cameras refuse what they do not know; MD5 is the default.
    ...(algorithm === 'MD5' ? [] : [`algorithm=${algorithm}`]),
    ...(opaque === undefined ? [] : [`opaque="${quote(opaque)}"`]),
    ...(qopAuth ? ['qop=auth', `nc=${nc}`, `cnonce="${cnonce}"`] : []),
  ];
  return `Digest ${fields.join(', ')}`;
}

/** A line end would start a header of its own. */
function quote(text: string): string {
  return text.replaceAll(/["\\]/g, '\\$&').replaceAll(/[\r\n]/g, '');
}
