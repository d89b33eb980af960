import type { RoomClaims, RoomRight } from '../rights-types.ts';
import { AdmissionError } from './errors.ts';
import { ALL_RIGHTS, newId, type MemberRights } from './member.ts';
import type { JoinRequest } from './messages.ts';
import type { MeetingRights } from './types.ts';

const PROBLEMS = {
  missing: ['token_missing', 'a token is needed'],
  invalid: ['token_invalid', 'the token is not valid'],
  expired: ['token_expired', 'the token has expired'],
} as const;

/** The right that a role needs beside `join`. */
const RIGHT_OF_ROLE = { normal: 'join', recorder: 'record', relayer: 'relay' } as const;

export interface Admission {
  readonly endpoint: string;
  readonly rights: MemberRights;
  /** The token is for whichever endpoint its bearer says: it proves nothing about one that is there already. */
  readonly anyone: boolean;
}

/** Whether somebody may join, and as whom: without an endpoint the token's, or a new one. @throws AdmissionError */
export async function admit(
  rights: MeetingRights,
  data: JoinRequest['data'],
  urlToken: string | undefined,
): Promise<Admission> {
  const given = data.endpoint === '' ? undefined : data.endpoint;
  if (!rights.enabled) return { endpoint: given ?? newId(), rights: ALL_RIGHTS, anyone: false };
  const claims = await rights.verify(data.token || urlToken);
  if (typeof claims === 'string') {
    const [code, text] = PROBLEMS[claims];
    throw new AdmissionError(code, text);
  }
  const endpoint = given ?? (claims.user === '*' ? newId() : claims.user);
  if (claims.rights.includes('admin')) return { endpoint, rights: ALL_RIGHTS, anyone: false };
  check(claims, { ...data, endpoint });
  const has = (right: RoomRight): boolean => claims.rights.includes(right);
  const allowed = { publish: has('publish'), broadcast: has('broadcast'), trusted: false };
  return { endpoint, rights: allowed, anyone: claims.user === '*' };
}

function check({ app, room, user, rights }: RoomClaims, data: JoinRequest['data']): void {
  const refuse = (what: string): never => {
    throw new AdmissionError('not_allowed', `${what}: the token does not allow that`);
  };
  if (app !== data.app) refuse('app');
  if (room !== '*' && room !== data.channel) refuse('channel');
  if (user !== '*' && user !== data.endpoint) refuse('endpoint');
  if (!rights.includes('join')) refuse('channel.join');
  if (!rights.includes(RIGHT_OF_ROLE[data.role])) refuse('role');
}
