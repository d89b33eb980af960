import { errorMessage } from '../../util/index.ts';
import type { Peer, PeerHandler } from '../../websocket/index.ts';
import { CallError, RESULT, parseFailed, roomNotFound, uidNotFound, type CallResult } from './errors.ts';
import { appIdOf, choiceOf, parseFields, remoteUidOf, textOf, type Fields } from './fields.ts';
import { checkApp, completeIdentity, identityByClaims, readJoin, type Wanted } from './join.ts';
import type { Identity, Member, TokenLife } from './member.ts';
import { handlePeerConnected, relayAnswer, relayCandidate, relayOffer } from './relay.ts';
import { answerTo, generalMsgResp, refusal, relayTurnTalkType, respJoin, respKeepLive, respLeave } from './replies.ts';
import { handleReportInfo, handleReportStats } from './reports.ts';
import { FINAL, dismiss, type CallRooms } from './rooms.ts';
import type { CallOptions, CallParts } from './types.ts';

/** Who only holds a connection open takes the place of one who joins. */
const JOIN_TIMEOUT_MS = 10_000;
/** RFC 6455 §7.4.1. */
const NORMAL = 1000;
/** Echoed to whoever sent it, no longer than an id. */
const MAX_ECHO = 64;

/** The words with which the original answers ICE servers over HTTP. */
const ICE_RESULTS: Readonly<Record<string, CallResult>> = {
  successful: RESULT.ok,
  ice_have_registered: RESULT.ok,
  ice_full_loading: RESULT.iceFull,
  ice_no_found: RESULT.iceInvalid,
  ice_not_allowed: RESULT.notAllowed,
};

type Command = (by: Connection, fields: Fields) => void | Promise<void>;

export interface ConnectionParts extends CallParts {
  readonly options: CallOptions;
  readonly rooms: CallRooms;
}

/** The commands of seed 002 §6 from one WebSocket, which is at most one user at a time. */
export class Connection implements PeerHandler {
  static readonly #commands: ReadonlyMap<string, Command> = new Map<string, Command>([
    ['join', (by, fields) => by.#join(fields)],
    ['leave', (by, fields) => by.#leave(by.#own(fields))],
    ['offer', (by, fields) => relayOffer(by.#parts.rooms, by.#own(fields), fields)],
    ['answer', (by, fields) => relayAnswer(by.#own(fields), fields)],
    ['candidate', (by, fields) => relayCandidate(by.#own(fields), fields)],
    ['keepLive', (by, fields) => by.#keepLive(by.#own(fields))],
    ['turnTalkType', (by, fields) => by.#turnTalkType(by.#own(fields), fields)],
    ['peerConnected', (by, fields) => handlePeerConnected(by.#own(fields), fields)],
    ['reportInfo', (by, fields) => by.#report(by.#own(fields), fields)],
    ['reportStats', (by, fields) => handleReportStats(by.#own(fields), fields, by.#parts.records)],
    ['updateToken', (by, fields) => by.#updateToken(fields)],
    ['iceRegister', (by, fields) => by.#ice(fields)],
    ['iceDeregister', (by, fields) => by.#ice(fields)],
    ['iceReportRxTxRate', (by, fields) => by.#ice(fields)],
  ]);
  readonly #peer: Peer;
  readonly #parts: ConnectionParts;
  #member: Member | undefined;
  /** Until it has joined, or an ICE server, which never does, has registered. */
  readonly #joinTimer: NodeJS.Timeout;

  constructor(peer: Peer, parts: ConnectionParts) {
    this.#peer = peer;
    this.#parts = parts;
    // With another reason the original's JavaScript client, once refused, would join again for as long as its page is open.
    const close = (): void => peer.close(NORMAL, FINAL);
    this.#joinTimer = setTimeout(close, JOIN_TIMEOUT_MS).unref();
  }

  handleMessage(text: string): void | Promise<void> {
    let cmd = '';
    let fields: Fields = {};
    try {
      ({ cmd, fields } = parseFields(text));
      const command = Connection.#commands.get(cmd);
      if (command === undefined) throw parseFailed('cmd: no such command');
      return command(this, fields)?.catch((error: unknown) => this.#refuse(cmd, fields, error));
    } catch (error) {
      this.#refuse(cmd, fields, error);
    }
  }

  handleRefused(reason: string): void {
    this.#peer.send(generalMsgResp(RESULT.webSocketFailed, reason));
  }

  /** The user is awaited until the keepLive timeout. */
  handleClose(): void {
    clearTimeout(this.#joinTimer);
    if (this.#member?.peer === this.#peer) this.#member.lose();
  }

  #refuse(cmd: string, fields: Fields, error: unknown): void {
    if (!(error instanceof CallError)) {
      this.#parts.log.error({ cmd, error: errorMessage(error) }, 'command of a call failed');
    }
    const known = error instanceof CallError ? error : new CallError(RESULT.webSocketFailed, 'internal error');
    const { uid = '', uname = '' } = this.#current()?.identity ?? {};
    const about = { uid, uname, remoteUid: echoOf(fields), ...(cmd === 'offer' ? { subSessionId: '' } : {}) };
    this.#peer.send(refusal(cmd, known, about));
  }

  /** Whom this WebSocket is. */
  #current(): Member | undefined {
    return this.#member !== undefined && this.#parts.rooms.has(this.#member) ? this.#member : undefined;
  }

  /** The sender's own member; nobody speaks for another. @throws CallError */
  #own(fields: Fields): Member {
    const uid = textOf(fields, 'uid');
    const sessionId = textOf(fields, 'sessionId');
    const { rooms } = this.#parts;
    const member = this.#current() ?? this.#awaited(sessionId, uid);
    this.#checkRoom(member, appIdOf(fields), textOf(fields, 'roomId'));
    if (member === undefined || (uid !== '' && uid !== member.identity.uid)) throw uidNotFound();
    // A session of the past is an old habit, one of somebody else an attempt.
    if (sessionId !== '' && sessionId !== member.talk.sessionId && rooms.bySession(sessionId)) throw uidNotFound();
    if (member.peer !== this.#peer) this.#resume(member);
    return member;
  }

  /** Rooms of other apps do not exist. @throws CallError where a message is for another room than the member's */
  #checkRoom(member: Member | undefined, appId: string, roomId: string): void {
    const own = member?.room;
    const app = appId || (own?.appId ?? '');
    const id = roomId || (own?.roomId ?? '');
    if (own !== undefined && app === own.appId && id === own.roomId) return;
    const exists = (own === undefined || app === own.appId) && this.#parts.rooms.find(app, id) !== undefined;
    throw exists ? uidNotFound() : roomNotFound();
  }

  /** Nobody but the user itself was told its session. */
  #awaited(sessionId: string, uid: string): Member | undefined {
    const member = sessionId === '' ? undefined : this.#parts.rooms.bySession(sessionId);
    return member?.identity.uid === uid ? member : undefined;
  }

  /** The session goes on; that the WebSocket before this one has ended is often noticed much later. @throws CallError */
  #resume(member: Member): void {
    const before = member.peer;
    if (!member.resume(this.#peer)) throw uidNotFound();
    this.#member = member;
    clearTimeout(this.#joinTimer);
    if (before !== undefined) dismiss(before, member);
  }

  #join(fields: Fields): void | Promise<void> {
    const wanted = readJoin(fields);
    const refuse = (error: unknown): void => this.#refuseJoin(wanted, error);
    try {
      checkApp(this.#parts.options.apps, wanted.identity.appId, this.#peer);
      if (this.#parts.rights.enabled) return this.#joinByToken(wanted).catch(refuse);
      this.#enter(wanted, wanted.identity, undefined);
    } catch (error) {
      refuse(error);
    }
  }

  async #joinByToken(wanted: Wanted): Promise<void> {
    const claims = await this.#parts.rights.verify(wanted.token || this.#peer.token);
    // Nobody is left to be let in.
    if (this.#peer.closed) return;
    const identity = identityByClaims(wanted.identity, claims);
    const expiresAt = typeof claims === 'object' ? claims.expiresAt : 0;
    this.#enter(wanted, identity, { expiresAt, warned: false });
  }

  #enter({ roomName, osName, browser, sdkInfo }: Wanted, identity: Identity, token: TokenLife | undefined): void {
    this.#member = this.#parts.rooms.join({
      identity: completeIdentity(identity),
      roomName,
      osName,
      browser,
      sdkInfo,
      token,
      peer: this.#peer,
      previous: this.#current(),
    });
    clearTimeout(this.#joinTimer);
  }

  #refuseJoin({ identity, roomName }: Wanted, error: unknown): void {
    if (!(error instanceof CallError)) throw error;
    const { result, message: desc } = error;
    const reportStatsInterval = Math.round(this.#parts.options.reportStatsIntervalMs / 1000);
    this.#peer.send(respJoin({ result, desc, identity, roomName, sessionId: '', reportStatsInterval, others: [] }));
    if (result >= RESULT.tokenInvalid) this.#peer.close(NORMAL, FINAL);
  }

  #leave(member: Member): void {
    this.#parts.rooms.leave(member, false);
    this.#peer.send(respLeave(member.identity));
  }

  #keepLive(member: Member): void {
    member.seenAt = performance.now();
    this.#peer.send(respKeepLive());
  }

  #turnTalkType(member: Member, fields: Fields): void {
    const index = choiceOf(fields, 'index', { max: 3 });
    const { enable } = fields;
    if (typeof enable !== 'boolean') throw parseFailed('enable: expected true or false');
    member.setDevice(index, enable);
    member.room.broadcast(relayTurnTalkType(member.identity, { index, enable }), member);
    this.#peer.send(answerTo('turnTalkType', { uid: member.identity.uid, result: RESULT.ok, desc: 'ok' }));
  }

  /** The document gives the report of the quality this name, too. */
  #report(member: Member, fields: Fields): void {
    const { records, log } = this.#parts;
    if (fields.audio === undefined && fields.video === undefined) handleReportInfo(member, fields, log);
    else handleReportStats(member, fields, records);
  }

  async #updateToken(fields: Fields): Promise<void> {
    const member = this.#own(fields);
    const { appId, roomId, uid } = member.identity;
    if (this.#parts.rights.enabled) {
      const claims = await this.#parts.rights.verify(textOf(fields, 'token') || undefined);
      identityByClaims(member.identity, claims);
      if (typeof claims === 'object') member.token = { expiresAt: claims.expiresAt, warned: false };
    }
    this.#peer.send(answerTo('updateToken', { result: RESULT.ok, desc: 'ok', appId, roomId, uid }));
  }

  #ice(fields: Fields): void {
    const { address, token } = this.#peer;
    const text = this.#parts.ice.handle(fields, { address, token: textOf(fields, 'token') || token });
    const ip = textOf(fields, 'ip').slice(0, MAX_ECHO);
    const cmd = textOf(fields, 'cmd');
    const result = ICE_RESULTS[text] ?? RESULT.parseFailed;
    if (result === RESULT.ok && cmd !== 'iceDeregister') clearTimeout(this.#joinTimer);
    this.#peer.send(generalMsgResp(result, text, cmd, ip));
  }
}

function echoOf(fields: Fields): string {
  try {
    return remoteUidOf(fields).slice(0, MAX_ECHO);
  } catch {
    return '';
  }
}
