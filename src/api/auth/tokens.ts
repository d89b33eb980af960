import { createHmac, timingSafeEqual } from 'node:crypto';
import { SignJWT, errors, jwtVerify, type JWTPayload } from 'jose';
import { z } from 'zod';

/** What a bearer of a token may do. */
export type Access =
  | { readonly kind: 'admin'; readonly username: string; readonly expiresAt: number }
  | { readonly kind: 'play' | 'publish'; readonly stream: string; readonly expiresAt: number }
  | ({ readonly kind: 'room' } & RoomClaims)
  | { readonly kind: 'member'; readonly member: string; readonly expiresAt: number };

const ROOM_RIGHTS = ['join', 'publish', 'broadcast', 'record', 'relay'] as const;
export const roomRightSchema = z.enum(ROOM_RIGHTS);

/** `admin` may act for every app and room. */
type RoomRight = z.infer<typeof roomRightSchema> | 'admin';

/** What a token lets its bearer do in rooms; `*` as room or user = any. */
export interface RoomClaims {
  readonly app: string;
  readonly room: string;
  readonly user: string;
  readonly rights: readonly RoomRight[];
  /** Unix ms. */
  readonly expiresAt: number;
}

const claimsSchema = z.object({ sub: z.string(), scope: z.string(), exp: z.number() });
const roomClaimsSchema = z.object({
  app: z.string(),
  channel: z.string(),
  endpoint: z.string(),
  rights: z.array(z.string()),
});
const ISSUER = 'gbrtc';
const MAX_TOKEN_CHARACTERS = 2048;
/** `play:<app>/<name>` and `publish:<app>/<name>`. */
const STREAM_SCOPE = /^(play|publish):(.+)$/;
/** The id is the room server's own. */
const MEMBER_SCOPE = /^member:(.+)$/;

export interface SignedToken {
  readonly token: string;
  /** Unix ms. */
  readonly expiresAt: number;
}

/**
 * JWTs (RFC 7519, HS256) with the scopes `admin`, `play:<app>/<name>`, `publish:<app>/<name>`, `room` (with the claims
 * `app`, `channel`, `endpoint`, `rights`) and `member:<id>`.
 */
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

  /** To act as one user, or any (`*`), in one room, or all (`*`), of an app. */
  signRoom({ app, room, user, rights }: Omit<RoomClaims, 'expiresAt'>, ttlMs: number): Promise<SignedToken> {
    return this.#sign(user, 'room', ttlMs, { app, channel: room, endpoint: user, rights });
  }

  /** For the media of one member of a room: holds while the room server says so. */
  signMember(member: string, ttlMs: number): Promise<SignedToken> {
    return this.#sign('member', `member:${member}`, ttlMs);
  }

  /** Undefined for anything that is not a valid token of ours. */
  async verify(token: string): Promise<Access | undefined> {
    const access = await this.read(token);
    return typeof access === 'string' ? undefined : access;
  }

  /** Like `verify`, and tells one that has expired from one that is none. */
  async read(token: string): Promise<Access | 'invalid' | 'expired'> {
    // A longer one is none of ours and not worth hashing.
    if (token === '' || token.length > MAX_TOKEN_CHARACTERS) return 'invalid';
    try {
      const { payload } = await jwtVerify(token, this.#key, { algorithms: ['HS256'], issuer: ISSUER });
      return accessOf(payload) ?? 'invalid';
    } catch (error) {
      return error instanceof errors.JWTExpired ? 'expired' : 'invalid';
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

  async #sign(subject: string, scope: string, ttlMs: number, more: JWTPayload = {}): Promise<SignedToken> {
    const now = Math.floor(Date.now() / 1000);
    const exp = now + Math.max(1, Math.ceil(ttlMs / 1000));
    const token = await new SignJWT({ scope, ...more })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(subject)
      .setIssuer(ISSUER)
      .setIssuedAt(now)
      .setExpirationTime(exp)
      .sign(this.#key);
    return { token, expiresAt: exp * 1000 };
  }
}

function accessOf(payload: JWTPayload): Access | undefined {
  const { sub, scope, exp } = claimsSchema.parse(payload);
  const expiresAt = exp * 1000;
  if (scope === 'admin') return { kind: 'admin', username: sub, expiresAt };
  if (scope === 'room') return roomAccess(payload, expiresAt);
  const member = MEMBER_SCOPE.exec(scope)?.[1];
  if (member !== undefined) return { kind: 'member', member, expiresAt };
  const [, kind, stream] = STREAM_SCOPE.exec(scope) ?? [];
  if (kind === undefined || stream === undefined) return undefined;
  return { kind: kind === 'play' ? 'play' : 'publish', stream, expiresAt };
}

function roomAccess(payload: JWTPayload, expiresAt: number): Access {
  const { app, channel, endpoint, rights } = roomClaimsSchema.parse(payload);
  // A right that a later version may know is none here.
  const known = ROOM_RIGHTS.filter((right) => rights.includes(right));
  return { kind: 'room', app, room: channel, user: endpoint, rights: known, expiresAt };
}
