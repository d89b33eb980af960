import { CallError, RESULT, parseFailed, remoteNotFound } from './errors.ts';
import { remoteUidOf, textOf, type Fields } from './fields.ts';
import type { Member, Remote } from './member.ts';
import type { ConnectType } from './record-types.ts';
import { answerTo, relayTurnTalkType } from './replies.ts';
import type { CallRooms } from './rooms.ts';

/** @throws CallError */
function remoteOf(member: Member, fields: Fields): Remote {
  const remote = member.remotes.get(remoteUidOf(fields));
  if (remote === undefined) throw remoteNotFound();
  return remote;
}

/**
 * A user whose WebSocket is lost is in the room until the keepLive timeout (seed 002 §6.16), and gets it when it is
 * back. @throws CallError where it can only join again
 */
function pass(target: Member, message: object): void {
  if (!target.send(JSON.stringify(message))) throw new CallError(RESULT.webSocketBroken, 'websocket may be broken');
}

/** SDP or candidate, as the client has packed it; nobody looks into it here. @throws CallError */
function opaque(fields: Fields): unknown {
  const { msg } = fields;
  if (typeof msg === 'string' || (typeof msg === 'object' && msg !== null)) return msg;
  throw parseFailed('msg: expected a string or an object');
}

const done = (cmd: string, { identity: { uid, uname } }: Member, remoteUid: string): string =>
  answerTo(cmd, { uid, uname, remoteUid, result: RESULT.ok, desc: 'ok' });

/** Seed 002 §3, Offer: each end gets its own subsession. Repeated offers of a running pair restart ICE (§9). */
export function relayOffer(rooms: CallRooms, member: Member, fields: Fields): void {
  const msg = opaque(fields);
  const remote = remoteOf(member, fields);
  const { member: target, talk } = remote;
  const { uid, uname } = member.identity;
  const remoteUid = target.identity.uid;
  const theirs = target.remotes.get(uid);
  if (theirs === undefined) throw remoteNotFound();
  const rtcConfig = rooms.rtcConfigFor(member, remote);
  theirs.talk.iceIp = remote.ice.choice.iceIp;
  const sent = {
    cmd: 'relayOffer',
    uid,
    uname,
    remoteUid,
    subSessionId: theirs.talk.subSessionId,
    // Its Android client answers no offer without it, and sends none with it; the original fills it in.
    isIceReset: fields.isIceReset === true,
    msg,
    rtcConfig,
  };
  pass(target, sent);
  talk.begin();
  const answer = { uid, uname, remoteUid, result: RESULT.ok, desc: 'ok', subSessionId: talk.subSessionId };
  member.send(answerTo('offer', answer));
}

export function relayAnswer(member: Member, fields: Fields): void {
  const msg = opaque(fields);
  const { member: target, talk } = remoteOf(member, fields);
  const { uid, uname } = member.identity;
  const remoteUid = target.identity.uid;
  const connectType = typeof fields.connectType === 'number' ? fields.connectType : 0;
  pass(target, { cmd: 'relayAnswer', connectType, uid, uname, remoteUid, msg });
  talk.begin();
  member.send(done('answer', member, remoteUid));
}

/** As in the original only a failure is answered: there are many, and they may be lost. */
export function relayCandidate(member: Member, fields: Fields): void {
  const msg = opaque(fields);
  const { member: target } = remoteOf(member, fields);
  const { uid, uname } = member.identity;
  const remoteUid = target.identity.uid;
  pass(target, { cmd: 'relayCandidate', uid, uname, remoteUid, msg });
}

/** Safari does not tell which it is. */
function connectTypeOf(fields: Fields): ConnectType {
  const type = textOf(fields, 'connectType').toUpperCase();
  return type === 'TURN' || type === 'STUN' ? type : 'Unknown';
}

/** The call is counted from here; the remote learns what was switched off before it could be told. */
export function handlePeerConnected(member: Member, fields: Fields): void {
  const { member: remote, talk } = remoteOf(member, fields);
  talk.connect(connectTypeOf(fields));
  for (const device of member.changedDevices()) remote.send(relayTurnTalkType(member.identity, device));
  member.send(done('peerConnected', member, remote.identity.uid));
}
