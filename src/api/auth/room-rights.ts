import { Tokens, type RoomClaims } from './tokens.ts';

/** A member's media token; who stays longer in a room gets a new one with each answer about media servers. */
const MEMBER_TOKEN_TTL_MS = 86_400_000;

/** Who may do what in rooms, for the room protocols. */
export interface RoomRights {
  /** False: everybody may do everything, tokens are not looked at. */
  readonly enabled: boolean;
  /** A token of the administrator counts as all rights in every room. */
  verify(token: string | undefined): Promise<RoomClaims | 'missing' | 'invalid' | 'expired'>;
  /** A token by which a member of a room publishes and plays; see MemberStreams. */
  signMember(member: string): Promise<string>;
}

/** Rights by the tokens of this gateway; with authentication off everybody may do everything. */
export function createRoomRights(signingKey: Uint8Array, enabled: boolean): RoomRights {
  const tokens = new Tokens(signingKey);
  return {
    enabled,
    async verify(token) {
      if (token === undefined || token === '') return 'missing';
      const access = await tokens.read(token);
      if (typeof access === 'string') return access;
      if (access.kind === 'admin') {
        return { app: '*', room: '*', user: '*', rights: ['admin'], expiresAt: access.expiresAt };
      }
      return access.kind === 'room' ? access : 'invalid';
    },
    async signMember(member) {
      return (await tokens.signMember(member, MEMBER_TOKEN_TTL_MS)).token;
    },
  };
}
