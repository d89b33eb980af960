import { createHmac, timingSafeEqual } from 'node:crypto';
import { SignJWT, jwtVerify } from 'jose';
import { z } from 'zod';

/** What a bearer of a token may do. */
export type Access =
  | { readonly kind: 'admin'; readonly username: string; readonly expiresAt: number }
  | { readonly kind: 'play' | 'publish'; readonly stream: string; readonly expiresAt: number };

const claimsSchema = z.object({ sub: z.string(), scope: z.string(), exp: z.number() });
const ISSUER = 'gbrtc';
/** `play:<app>/<name>` and `publish:<app>/<name>`. */
const STREAM_SCOPE = /^(play|publish):(.+)$/;

export interface SignedToken {
  readonly token: string;
  /** Unix ms. */
  readonly expiresAt: number;
}

/** JWTs (RFC 7519, HS256) with the scopes `admin`, `play:<app>/<name>` and `publish:<app>/<name>`. */
export class Tokens {
  readonly #key: Uint8Array;

  constructor(signingKey: Uint8Array) {
    this.#key = signingKey;
  }

  signAdmin(username: string, ttlMs: number): Promise<SignedToken> {
    return this.#sign(username, 'admin', ttlMs);
  }

  /** For one stream, `<app>/<name>`. */
  signPlay(stream: string, ttlMs: number): Promise<SignedToken> {
    return this.#sign('viewer', `play:${stream}`, ttlMs);
  }

  /** To publish one stream, `<app>/<name>`. */
  signPublish(stream: string, ttlMs: number): Promise<SignedToken> {
    return this.#sign('publisher', `publish:${stream}`, ttlMs);
  }

  /** Undefined for anything that is not a valid token of ours. */
  async verify(token: string): Promise<Access | undefined> {
    // A longer one is none of ours and not worth hashing.
    if (token === '' || token.length > 2048) return undefined;
    try {
      const { payload } = await jwtVerify(token, this.#key, { algorithms: ['HS256'], issuer: ISSUER });
      const { sub, scope, exp } = claimsSchema.parse(payload);
      const expiresAt = exp * 1000;
      if (scope === 'admin') return { kind: 'admin', username: sub, expiresAt };
      const [, kind, stream] = STREAM_SCOPE.exec(scope) ?? [];
      if (kind === undefined || stream === undefined) return undefined;
      return { kind: kind === 'play' ? 'play' : 'publish', stream, expiresAt };
    } catch {
      return undefined;
    }
  }

  /**
   * Proof that a WHEP session URL is ours. It has no expiry: a viewer must be able to leave after its play
   * token is gone.
   */
  sessionKey(viewerId: string): string {
    return createHmac('sha256', this.#key).update(`whep:${viewerId}`).digest('base64url').slice(0, 22);
  }

  checkSessionKey(viewerId: string, key: string): boolean {
    const expected = Buffer.from(this.sessionKey(viewerId));
    const given = Buffer.from(key);
    return expected.length === given.length && timingSafeEqual(expected, given);
  }

  async #sign(subject: string, scope: string, ttlMs: number): Promise<SignedToken> {
    const now = Math.floor(Date.now() / 1000);
    const exp = now + Math.max(1, Math.ceil(ttlMs / 1000));
    const token = await new SignJWT({ scope })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(subject)
      .setIssuer(ISSUER)
      .setIssuedAt(now)
      .setExpirationTime(exp)
      .sign(this.#key);
    return { token, expiresAt: exp * 1000 };
  }
}
