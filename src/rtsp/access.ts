import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { FailureLimit, Logger } from '../util/index.ts';
import { formatChallenges, parseAuthorization, type Credentials } from './headers/authorization.ts';

/** Who has one right. */
export interface RtspAccount {
  readonly username: string;
  /** Empty = nobody by password, only by token. */
  readonly password: string;
  /** Whether the token of a URL gives the right for this stream. */
  readonly checkToken: (token: string, stream: string) => Promise<boolean>;
  /** The member of a room whose token this is. */
  readonly memberOf?: (token: string) => Promise<string | undefined>;
}

/** Who may play, and who may publish. */
export interface RtspAuth extends RtspAccount {
  /** False = everybody may do both, also take a live publication over. */
  readonly enable: boolean;
  readonly publish: RtspAccount;
}

export type RtspRight = 'play' | 'publish';

/** `waitSec`: too many wrong passwords came from this address. */
type RtspVerdict = 'allowed' | 'refused' | { readonly waitSec: number };

/** Who asks, and how often it was wrong. */
interface AccessParts {
  readonly remoteAddress: string;
  /** Of all connections. */
  readonly failures: FailureLimit;
  readonly log: Logger;
}

const REALM = 'gbrtc';

/** The access of one connection: its nonce, and the stream that was opened on it. */
export class Access {
  readonly #auth: RtspAuth;
  readonly #parts: AccessParts;
  readonly #nonce = randomBytes(16).toString('hex');
  #opened: string | undefined;
  #member: string | undefined;

  constructor(auth: RtspAuth, parts: AccessParts) {
    this.#auth = auth;
    this.#parts = parts;
  }

  get challenges(): readonly string[] {
    return formatChallenges({ realm: REALM, nonce: this.#nonce });
  }

  /** The member of a room by whose token the stream was opened. */
  get member(): string | undefined {
    return this.#member;
  }

  /** By token, Basic or Digest. */
  async check(request: {
    readonly right: RtspRight;
    readonly method: string;
    readonly stream: string;
    readonly token: string | undefined;
    readonly authorization: string | undefined;
  }): Promise<RtspVerdict> {
    const { right, method, stream, token, authorization } = request;
    // Some players leave the query out of the URLs that follow DESCRIBE.
    const opening = `${right} ${stream}`;
    if (!this.#auth.enable || this.#opened === opening) return 'allowed';
    const account = right === 'play' ? this.#auth : this.#auth.publish;
    const byToken = token !== undefined && (await account.checkToken(token, stream));
    const verdict = byToken ? 'allowed' : this.#checkPassword(account, method, authorization);
    if (verdict !== 'allowed') return verdict;
    this.#member = byToken ? await account.memberOf?.(token) : undefined;
    this.#opened = opening;
    return verdict;
  }

  #checkPassword(account: RtspAccount, method: string, authorization: string | undefined): RtspVerdict {
    const { remoteAddress, failures, log } = this.#parts;
    if (account.password === '' || authorization === undefined) return 'refused';
    const given = parseAuthorization(authorization);
    if (given === undefined || !this.#isOfThisConnection(given)) return 'refused';
    const waitSec = failures.waitSec(remoteAddress);
    if (waitSec > 0) return { waitSec };
    if (isSame(given.username, account.username) && knowsPassword(given, method, account.password)) return 'allowed';
    failures.count(remoteAddress);
    log.warn({ remoteAddress }, 'RTSP client with a wrong name or password');
    return 'refused';
  }

  /** Another connection's nonce is a client's old habit, and no try of a password. */
  #isOfThisConnection(given: Credentials): boolean {
    return given.scheme === 'basic' || (given.realm === REALM && given.nonce === this.#nonce);
  }
}

function knowsPassword(given: Credentials, method: string, password: string): boolean {
  if (given.scheme === 'basic') return isSame(given.password, password);
  return isSame(given.response.toLowerCase(), digestOf(given, method, password));
}

/** RFC 7616 §3.4.1 with MD5, which is what players of RTSP 1.0 know; without qop as RFC 2069 has it. */
function digestOf(given: Extract<Credentials, { scheme: 'digest' }>, method: string, password: string): string {
  const secret = md5(`${given.username}:${REALM}:${password}`);
  const request = md5(`${method}:${given.uri}`);
  const middle =
    given.qop === undefined ? given.nonce : `${given.nonce}:${given.nc ?? ''}:${given.cnonce ?? ''}:${given.qop}`;
  return md5(`${secret}:${middle}:${request}`);
}

function md5(text: string): string {
  return hash('md5', text, 'hex');
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [given, expected].map((text) => hash('sha256', text, 'buffer'));
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}
