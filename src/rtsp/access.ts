import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { formatChallenges, parseAuthorization, type Credentials } from './headers/authorization.ts';

/** Who may play. */
export interface RtspAuth {
  readonly enable: boolean;
  readonly username: string;
  /** Empty = nobody by password, only by token. */
  readonly password: string;
  /** Whether the token of a play URL opens this stream. */
  readonly checkToken: (token: string, stream: string) => Promise<boolean>;
}

const REALM = 'gbrtc';

/** The access of one connection: its nonce, and the stream that a token has opened on it. */
export class Access {
  readonly #auth: RtspAuth;
  readonly #nonce = randomBytes(16).toString('hex');
  #opened: string | undefined;

  constructor(auth: RtspAuth) {
    this.#auth = auth;
  }

  get challenges(): readonly string[] {
    return formatChallenges({ realm: REALM, nonce: this.#nonce });
  }

  /** By token, Basic or Digest. */
  async allows(request: {
    readonly method: string;
    readonly stream: string;
    readonly token: string | undefined;
    readonly authorization: string | undefined;
  }): Promise<boolean> {
    const { method, stream, token, authorization } = request;
    // Some players leave the query out of the URLs that follow DESCRIBE.
    if (!this.#auth.enable || this.#opened === stream) return true;
    const byToken = token !== undefined && (await this.#auth.checkToken(token, stream));
    if (!byToken && !this.#checkPassword(method, authorization)) return false;
    this.#opened = stream;
    return true;
  }

  #checkPassword(method: string, authorization: string | undefined): boolean {
    const { username, password } = this.#auth;
    if (password === '' || authorization === undefined) return false;
    const given = parseAuthorization(authorization);
    if (given === undefined || !isSame(given.username, username)) return false;
    if (given.scheme === 'basic') return isSame(given.password, password);
    if (given.realm !== REALM || given.nonce !== this.#nonce) return false;
    return isSame(given.response.toLowerCase(), digestOf(given, method, password));
  }
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
