import { RESULT, type CallError, type CallResult } from './errors.ts';
import type { Identity, Member } from './member.ts';
import type { RtcConfiguration } from './types.ts';

/** What the server sends: seed 002 §6, with fields more where the document's tables and examples differ. */

const KEEP_LIVE_OK = JSON.stringify({ cmd: 'respKeepLive', result: 0, desc: 'ok' });
export const respKeepLive = (): string => KEEP_LIVE_OK;

/** For what has no answer of its own: unreadable messages, rooms that do not exist. */
export const generalMsgResp = (result: CallResult, desc: string, cmd = '', about = ''): string =>
  JSON.stringify({ cmd: 'generalMsgResp', result, desc, data1: cmd, data2: about });

export interface JoinReply {
  readonly result: CallResult;
  readonly desc: string;
  readonly identity: Identity;
  readonly roomName: string;
  readonly sessionId: string;
  /** In seconds. */
  readonly reportStatsInterval: number;
  readonly others: readonly Member[];
}

export function respJoin({ result, desc, identity, others, ...rest }: JoinReply): string {
  const { roomId, uid, uname } = identity;
  const userList = others.map(({ identity: { appId, uid: id, uname: name, userType, talkType } }) => ({
    appId,
    uid: id,
    uname: name,
    userType,
    talkType,
  }));
  return JSON.stringify({
    cmd: 'respJoin',
    result,
    desc,
    roomId,
    roomName: rest.roomName,
    uid,
    uname,
    sessionId: rest.sessionId,
    reportStatsInterval: rest.reportStatsInterval,
    userList: userList.length === 0 ? null : userList,
  });
}

export const notifyNewPeer = ({ uid, uname, userType, talkType }: Identity, rtcConfig: RtcConfiguration): string =>
  JSON.stringify({ cmd: 'notifyNewPeer', uid, uname, userType, talkType, rtcConfig });

export const respLeave = ({ uid, uname, userType }: Identity): string =>
  JSON.stringify({ cmd: 'respLeave', result: 0, desc: 'ok', uid, uname, userType });

export const relayLeave = ({ appId, roomId, uid, uname, userType }: Identity, sessionId: string): string =>
  JSON.stringify({
    protocol: 'relay',
    cmd: 'relayLeave',
    appId,
    sessionId,
    // 0: peer to peer.
    gate: 0,
    roomId,
    uid,
    uname,
    userType,
    time: String(Date.now()),
  });

export const relayTurnTalkType = ({ uid, uname }: Identity, device: { index: number; enable: boolean }): string =>
  JSON.stringify({ cmd: 'relayTurnTalkType', uid, uname, index: device.index, enable: device.enable });

/** A message of the server's own accord about a token (seed 002 §6.29, §6.30). */
export const system = (
  cmd: 'systemPromptToken' | 'systemKickUser',
  { appId, roomId, uid }: Identity,
  desc: string,
): string => JSON.stringify({ protocol: 'req', cmd, appId, roomId, uid, desc });

/** Commands and their answers; all others are answered by generalMsgResp. */
const ANSWERS: Readonly<Record<string, string>> = {
  join: 'respJoin',
  leave: 'respLeave',
  offer: 'respOffer',
  answer: 'respAnswer',
  candidate: 'respCandidate',
  keepLive: 'respKeepLive',
  turnTalkType: 'respTurnTalkType',
  peerConnected: 'respPeerConnected',
  updateToken: 'respUpdateToken',
};

/** The answer to a command between two users, or to one that failed. */
export function answerTo(
  cmd: string,
  fields: { readonly result: CallResult; readonly desc: string; readonly uid?: string } & Readonly<
    Record<string, unknown>
  >,
): string {
  return JSON.stringify({ cmd: ANSWERS[cmd], ...fields });
}

/** As the original: what it cannot read or find a room for has one common answer. */
export function refusal(cmd: string, error: CallError, about: Readonly<Record<string, unknown>>): string {
  const general = error.result === RESULT.parseFailed || error.result === RESULT.roomNotFound;
  if (general || !Object.hasOwn(ANSWERS, cmd)) return generalMsgResp(error.result, error.message, cmd);
  return answerTo(cmd, { ...about, result: error.result, desc: error.message });
}
