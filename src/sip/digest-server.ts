import { randomBytes, timingSafeEqual } from 'node:crypto';
import { computeDigest, digestAlgorithm, type DigestAlgorithm, type DigestInput } from './digest.ts';
import { formatAuth, parseAuthorization } from './headers/authorization.ts';
import { NonceKey } from './nonce-key.ts';

const DEFAULT_LIFETIME_MS = 5 * 60_000;
const TIME_HEX_LENGTH = 12;
const MAC_HEX_LENGTH = 32;
/** An IP address has 39 characters at most; with one more of these the hash would need another block. */
const SOURCE_LENGTH = 43;
const MAX_FIELD_LENGTH = 512;

export interface DigestServerOptions {
  readonly realm: string;
  /** Key of the nonces; random where absent, then nonces end with the process. */
  readonly secret?: Buffer;
  readonly nonceLifetimeMs?: number;
  /** One challenge each, in this order. MD5 alone by default: many devices read only the first challenge. */
  readonly algorithms?: readonly DigestAlgorithm[];
  /** Offers `qop="auth"`; answers without it are taken all the same. */
  readonly qop?: boolean;
  readonly now?: () => number;
}

/** Outcome of a check; `username` is what the header says, proven only for `ok`. */
export type DigestVerdict =
  | { readonly result: 'ok'; readonly username: string }
  | {
      readonly result:
        | 'missing'
        | 'malformed'
        | 'stale'
        | 'bad_nonce'
        | 'wrong_realm'
        | 'unknown_user'
        | 'wrong_response';
      readonly username?: string;
    };

/** What is checked: the method, the value of Authorization, and who knows the passwords. */
export interface DigestCheck {
  readonly method: string;
  readonly authorization: string | undefined;
  readonly passwordOf: (username: string) => string | undefined;
  /** Where the request comes from, as it was told to `challenge`. */
  readonly source?: string;
}

/** Digest of RFC 3261 §22 and RFC 7616 for a server. Nonces carry their time and a MAC, so nothing is stored. */
export class DigestServer {
  readonly #realm: string;
  readonly #key: NonceKey;
  readonly #lifetimeMs: number;
  readonly #algorithms: readonly DigestAlgorithm[];
  readonly #qop: boolean;
  readonly #now: () => number;

  constructor(options: DigestServerOptions) {
    this.#realm = options.realm;
    this.#key = new NonceKey(options.secret ?? randomBytes(32), TIME_HEX_LENGTH + SOURCE_LENGTH);
    this.#lifetimeMs = options.nonceLifetimeMs ?? DEFAULT_LIFETIME_MS;
    this.#algorithms = options.algorithms ?? ['MD5'];
    this.#qop = options.qop ?? false;
    this.#now = options.now ?? Date.now;
  }

  /**
   * Values of WWW-Authenticate, one per algorithm; `stale` tells the client that only its nonce is too old. A nonce is
   * good for its source alone: who has overheard an answer cannot use it from an address of its own.
   */
  challenge(stale = false, source = ''): string[] {
    const nonce = this.#newNonce(source);
    return this.#algorithms.map((algorithm) => {
      const params = new Map([
        ['realm', this.#realm],
        ['nonce', nonce],
        ['algorithm', algorithm],
      ]);
      if (this.#qop) params.set('qop', 'auth');
      if (stale) params.set('stale', 'true');
      return formatAuth(params, true);
    });
  }

  verify({ method, authorization, passwordOf, source = '' }: DigestCheck): DigestVerdict {
    if (authorization === undefined) return { result: 'missing' };
    const answer = readAnswer(authorization);
    if (answer === undefined) return { result: 'malformed' };
    const { username, realm, nonce } = answer.input;
    const age = this.#ageOf(nonce, source);
    if (realm !== this.#realm) return { result: 'wrong_realm', username };
    if (age === undefined) return { result: 'bad_nonce', username };
    if (!this.#algorithms.includes(answer.input.algorithm)) return { result: 'malformed', username };
    const password = passwordOf(username);
    if (password === undefined) return { result: 'unknown_user', username };
    const expected = computeDigest({ ...answer.input, method, password });
    if (!sameText(expected, answer.response)) return { result: 'wrong_response', username };
    // RFC 7616 §3.3: stale only where the digest proves that the client knows the password.
    if (age > this.#lifetimeMs) return { result: 'stale', username };
    return { result: 'ok', username };
  }

  #newNonce(source: string): string {
    const time = Math.max(0, this.#now()).toString(16).padStart(TIME_HEX_LENGTH, '0');
    return time + this.#mac(time, source);
  }

  /** Undefined where the nonce is not ours, or was for another source. */
  #ageOf(nonce: string, source: string): number | undefined {
    if (nonce.length !== TIME_HEX_LENGTH + MAC_HEX_LENGTH) return undefined;
    const time = nonce.slice(0, TIME_HEX_LENGTH);
    if (!sameText(this.#mac(time, source), nonce.slice(TIME_HEX_LENGTH))) return undefined;
    return this.#now() - Number.parseInt(time, 16);
  }

  #mac(time: string, source: string): string {
    return this.#key.mac(time + source.slice(0, SOURCE_LENGTH).padEnd(SOURCE_LENGTH)).slice(0, MAC_HEX_LENGTH);
  }
}

type Answer = { readonly input: Omit<DigestInput, 'method' | 'password'>; readonly response: string };

function readAnswer(authorization: string): Answer | undefined {
  const header = parseAuthorization(authorization);
  if (header?.scheme !== 'digest') return undefined;
  const { params } = header;
  const [username, realm, nonce, uri, response] = ['username', 'realm', 'nonce', 'uri', 'response'].map((name) =>
    params.get(name),
  );
  const algorithm = digestAlgorithm(params.get('algorithm'));
  if (username === undefined || realm === undefined || nonce === undefined) return undefined;
  if (uri === undefined || response === undefined || algorithm === undefined) return undefined;
  if (uri.length > MAX_FIELD_LENGTH || username.length > MAX_FIELD_LENGTH) return undefined;
  return {
    input: { username, realm, nonce, uri, algorithm, ...countedFields(params) },
    response: response.toLowerCase(),
  };
}

function countedFields(params: ReadonlyMap<string, string>): { qop?: string; nc?: string; cnonce?: string } {
  const qop = params.get('qop');
  if (qop === undefined || qop === '') return {};
  return { qop, nc: params.get('nc') ?? '', cnonce: params.get('cnonce') ?? '' };
}

function sameText(expected: string, given: string): boolean {
  const one = Buffer.from(expected, 'latin1');
  const other = Buffer.from(given, 'latin1');
  return one.length === other.length && timingSafeEqual(one, other);
}
