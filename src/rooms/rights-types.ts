/** What a token lets its bearer do in rooms. */
export interface RoomClaims {
  readonly app: string;
  /** Name of the room (channel, roomId); `*` = every one of the app. */
  readonly room: string;
  /** Endpoint or uid; `*` = whichever the bearer says. */
  readonly user: string;
  readonly rights: readonly RoomRight[];
  /** Unix ms. */
  readonly expiresAt: number;
}

/** `admin` may act for every app and room. */
export type RoomRight = 'join' | 'publish' | 'broadcast' | 'record' | 'relay' | 'admin';

export type RoomTokenProblem = 'missing' | 'invalid' | 'expired';

/** Checks the tokens of both room protocols; the gateway's composition root gives one. */
export interface RoomRights {
  /** False: everybody may do everything, tokens are not looked at. */
  readonly enabled: boolean;
  verify(token: string | undefined): Promise<RoomClaims | RoomTokenProblem>;
}
