import type { Peer } from '../../websocket/index.ts';
import type { RoomClaims, RoomTokenProblem } from '../rights-types.ts';
import { allowsPage } from './domains.ts';
import { CallError, RESULT } from './errors.ts';
import { appIdOf, checkId, choiceOf, nameOf, textOf, type Fields } from './fields.ts';
import { newRoomId, newUid, newUname } from './ids.ts';
import type { Identity } from './member.ts';
import type { Entry } from './rooms.ts';
import type { CallApp } from './types.ts';

/** A join as it was asked for; ids may be empty. */
export interface Wanted extends Pick<Entry, 'identity' | 'roomName' | 'osName' | 'browser' | 'sdkInfo'> {
  readonly token: string;
}

/** @throws CallError */
export function readJoin(fields: Fields): Wanted {
  return {
    identity: {
      appId: checkId('appId', appIdOf(fields)),
      roomId: checkId('roomId', textOf(fields, 'roomId')),
      uid: checkId('uid', textOf(fields, 'uid')),
      uname: nameOf(fields, 'uname'),
      userType: choiceOf(fields, 'userType', { max: 1, absent: 0 }),
      talkType: choiceOf(fields, 'talkType', { max: 3, absent: 1 }),
    },
    token: textOf(fields, 'token'),
    roomName: nameOf(fields, 'roomName'),
    // The table says osInfo, the example osName.
    osName: nameOf(fields, 'osName') || nameOf(fields, 'osInfo'),
    browser: nameOf(fields, 'browser'),
    sdkInfo: nameOf(fields, 'sdkInfo'),
  };
}

/** What the client left empty. */
export const completeIdentity = (identity: Identity): Identity => ({
  ...identity,
  roomId: identity.roomId || newRoomId(),
  uid: identity.uid || newUid(),
  uname: identity.uname || newUname(),
});

/** @throws CallError where the app or the page is not among the configured ones */
export function checkApp(apps: readonly CallApp[], appId: string, { origin }: Peer): void {
  if (apps.length === 0) return;
  const app = apps.find((known) => known.appId === appId);
  if (app === undefined) throw new CallError(RESULT.notAllowed, `appId ${appId} does not exist`);
  if (origin !== undefined && !allowsPage(app, origin)) {
    throw new CallError(RESULT.notAllowed, `appId ${appId} is not authorised for ${origin.slice(0, 253)}`);
  }
}

const matches = (claim: string, value: string): boolean => claim === '*' || claim === value;

/** The identity that a token lets its bearer have; what was left empty comes from it. @throws CallError */
export function identityByClaims(identity: Identity, claims: RoomClaims | RoomTokenProblem): Identity {
  if (claims === 'missing') throw new CallError(RESULT.tokenInvalid, 'a token is needed');
  if (claims === 'invalid') throw new CallError(RESULT.tokenInvalid, 'token is invalid');
  if (claims === 'expired') throw new CallError(RESULT.tokenExpired, 'token is expire');
  const named = {
    ...identity,
    roomId: identity.roomId || (claims.room === '*' ? '' : claims.room),
    uid: identity.uid || (claims.user === '*' ? '' : claims.user),
  };
  const allowed =
    claims.rights.some((right) => right === 'join' || right === 'admin') &&
    matches(claims.app, named.appId) &&
    matches(claims.room, named.roomId) &&
    matches(claims.user, named.uid);
  if (!allowed) throw new CallError(RESULT.notAllowed, 'this token does not allow that');
  return named;
}
