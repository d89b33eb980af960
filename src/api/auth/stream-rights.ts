import { Tokens } from './tokens.ts';

/** Which streams members of rooms may use; the room server knows. */
export interface MemberStreams {
  /** Whether this member, who must still be in its room, may do that. The stream is `<app>/<name>`. */
  mayUse(member: string, right: 'play' | 'publish', stream: string): boolean;
}

/** Who may do what with a stream, for parts that have their own protocol. */
export interface StreamRights {
  /** `none`: no valid token; `other`: a valid one for something else. The stream is `<app>/<name>`. */
  check(token: string | undefined, right: 'play' | 'publish', stream: string): Promise<'ok' | 'none' | 'other'>;
  /** The member of a room whose token this is. */
  memberOf(token: string | undefined): Promise<string | undefined>;
}

/** Rights by the tokens of this gateway; with authentication off everybody may do everything. */
export function createStreamRights(signingKey: Uint8Array, enabled: boolean, members?: MemberStreams): StreamRights {
  const tokens = new Tokens(signingKey);
  return {
    async check(token, right, stream) {
      if (!enabled) return 'ok';
      const access = token === undefined ? undefined : await tokens.verify(token);
      if (access === undefined) return 'none';
      if (access.kind === 'admin' || (access.kind === right && access.stream === stream)) return 'ok';
      if (access.kind === 'member' && members?.mayUse(access.member, right, stream) === true) return 'ok';
      return 'other';
    },
    async memberOf(token) {
      const access = enabled && token !== undefined ? await tokens.verify(token) : undefined;
      return access?.kind === 'member' ? access.member : undefined;
    },
  };
}
