import type { Peer } from '../../websocket/index.ts';
import { CallError, RESULT } from './errors.ts';
import { Member, type Identity, type PairIce, type Remote, type TokenLife } from './member.ts';
import { notifyNewPeer, relayLeave, respJoin, system } from './replies.ts';
import { RoomTable, type Room } from './room.ts';
import { Talk, type TalkOptions } from './talk.ts';
import type { CallCounts, CallOptions, CallParts, CallRoom, RtcConfiguration } from './types.ts';

const DEFAULT_MAX_USERS = 20_000;
const MIN_SWEEP_MS = 20;
const MAX_SWEEP_MS = 1000;
/** Both ends of a pair get the same configuration; the shortest lifetime of an account is a minute. */
const FRESH_MS = 20_000;
/** RFC 6455 §7.4.1. */
const NORMAL = 1000;
/** With this reason the original's JavaScript client does not connect again, and so fights nobody for its place. */
export const FINAL = 'wsForcedClose';

/** Another WebSocket has the place of this one. */
export function dismiss(peer: Peer, { identity }: Member): void {
  peer.send(system('systemKickUser', identity, `${identity.uid} has come by another connection`));
  peer.close(NORMAL, FINAL);
}

/** Who joins, by which WebSocket. */
export interface Entry {
  readonly identity: Identity;
  readonly roomName: string;
  readonly osName: string;
  readonly browser: string;
  readonly sdkInfo: string;
  readonly peer: Peer;
  readonly token: TokenLife | undefined;
  /** Whom the same WebSocket has been until now. */
  readonly previous: Member | undefined;
}

/** All rooms, who is in them, and for how long. */
export class CallRooms {
  readonly #options: CallOptions;
  readonly #parts: CallParts;
  readonly #talkOptions: TalkOptions;
  readonly #table = new RoomTable();
  readonly #members = new Map<string, Member>();
  readonly #timer: NodeJS.Timeout;
  #closed = false;

  constructor(options: CallOptions, parts: CallParts) {
    this.#options = options;
    this.#parts = parts;
    this.#talkOptions = { costPerMinute: options.costPerMinute, records: parts.records };
    const everyMs = Math.min(options.keepLiveTimeoutMs, options.tokenWarningMs) / 8;
    this.#timer = setInterval(() => this.#sweep(), Math.min(MAX_SWEEP_MS, Math.max(MIN_SWEEP_MS, everyMs)));
    this.#timer.unref();
  }

  find(appId: string, roomId: string): Room | undefined {
    return this.#table.find(appId, roomId);
  }

  bySession(sessionId: string): Member | undefined {
    return this.#members.get(sessionId);
  }

  /** Whether a member has not left yet. */
  has(member: Member): boolean {
    return this.#members.get(member.talk.sessionId) === member;
  }

  /** Tells all who are concerned. @throws CallError, and nothing has changed */
  join(entry: Entry): Member {
    const { identity, peer, previous } = entry;
    const running = this.#table.find(identity.appId, identity.roomId);
    const replaced = running?.members.get(identity.uid);
    const others = [...(running?.members.values() ?? [])].filter((other) => other !== replaced && other !== previous);
    this.#checkSpace(others.length, replaced !== undefined || previous !== undefined);
    const ice = new Map(others.map((other) => [other, this.#chooseIce(other, identity, peer.address)]));

    if (previous !== undefined && previous !== replaced) this.leave(previous, false);
    if (replaced !== undefined) this.#replace(replaced, peer);
    const room = this.#table.open(identity.appId, identity.roomId, entry.roomName);
    const member = new Member({ identity, room, peer, token: entry.token, talk: this.#begin(entry) });
    room.add(member, ice, this.#talkOptions);
    this.#members.set(member.talk.sessionId, member);
    this.#tellJoined(member, ice);
    return member;
  }

  /** The configuration of a pair whose sender wants to connect; accounts of an older one may have expired. @throws CallError */
  rtcConfigFor(member: Member, { member: other, ice, talk }: Remote): RtcConfiguration {
    if (performance.now() - ice.chosenAt > FRESH_MS) {
      Object.assign(ice, this.#chooseIce(other, member.identity, member.address));
      talk.iceIp = ice.choice.iceIp;
    }
    return ice.choice.config;
  }

  /** Ends the member's session and tells the others. */
  leave(member: Member, timedOut: boolean): void {
    if (!this.has(member)) return;
    this.#members.delete(member.talk.sessionId);
    member.room.remove(member);
    member.talk.finish(timedOut);
    member.room.broadcast(relayLeave(member.identity, member.talk.sessionId), member);
    this.#table.settle(member.room);
  }

  get counts(): CallCounts {
    let pairs = 0;
    let connectedPairs = 0;
    for (const room of this.#table.values()) {
      pairs += (room.members.size * (room.members.size - 1)) / 2;
      connectedPairs += room.connectedPairs();
    }
    return { rooms: this.#table.size, users: this.#members.size, pairs, connectedPairs };
  }

  list(limit: number): CallRoom[] {
    const rooms: CallRoom[] = [];
    for (const room of this.#table.values()) {
      if (rooms.length >= limit) break;
      const { appId, roomId, roomName } = room;
      const users = [...room.members.values()].map(({ identity, talk, peer }) => {
        const { uid, uname, userType, talkType } = identity;
        const { sessionId, joinedAt } = talk;
        return { uid, uname, userType, talkType, sessionId, joinedAt, online: peer !== undefined };
      });
      rooms.push({ appId, roomId, roomName, users, connectedPairs: room.connectedPairs() });
    }
    return rooms;
  }

  /** Ends all sessions in the records. Idempotent. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    for (const member of this.#members.values()) {
      member.room.remove(member);
      member.talk.finish(false);
      this.#table.settle(member.room);
    }
    this.#members.clear();
  }

  #checkSpace(inRoom: number, hasPlace: boolean): void {
    const { capacity, maxUsers = DEFAULT_MAX_USERS } = this.#options;
    if (this.#closed) throw new CallError(RESULT.webSocketFailed, 'the server is closing');
    if (inRoom >= capacity) {
      throw new CallError(RESULT.roomFull, `room is full, it up to max number:${capacity}`);
    }
    if (!hasPlace && this.#members.size >= maxUsers) {
      throw new CallError(RESULT.webSocketFailed, `the server has ${this.#members.size} users, at most ${maxUsers}`);
    }
  }

  #begin({ identity, osName, browser, sdkInfo, peer }: Entry): Talk {
    const { appId, roomId, uid: userId, uname: userName, talkType } = identity;
    const facts = { appId, roomId, userId, userName, talkType, userIp: peer.address, osName, browser, sdkInfo };
    return new Talk(facts, this.#parts.records);
  }

  /** Where nothing may go directly, a call without a relay is none. @throws CallError */
  #chooseIce(other: Member, { talkType, uid }: Identity, address: string): PairIce {
    const choice = this.#parts.ice.rtcConfigFor({
      addresses: [address, other.address],
      talkTypes: [talkType, other.identity.talkType],
      user: uid,
    });
    if (choice.config.iceTransportPolicy !== 'relay' || choice.relays) return { choice, chosenAt: performance.now() };
    if (choice.iceIp === '') throw new CallError(RESULT.iceInvalid, 'ice server invalid: none is running');
    throw new CallError(RESULT.iceFull, 'ice server bandwidth is full loading');
  }

  #tellJoined(member: Member, ice: ReadonlyMap<Member, PairIce>): void {
    const { identity, room, talk } = member;
    const { roomName } = room;
    const { sessionId } = talk;
    const reportStatsInterval = Math.round(this.#options.reportStatsIntervalMs / 1000);
    const reply = { result: RESULT.ok, desc: 'ok', identity, roomName, sessionId, reportStatsInterval };
    member.send(respJoin({ ...reply, others: [...ice.keys()] }));
    for (const [other, { choice }] of ice) other.send(notifyNewPeer(identity, choice.config));
  }

  /** Somebody joins with a uid that is in the room already: the newer connection is right. */
  #replace(member: Member, by: Peer): void {
    const { peer } = member;
    this.leave(member, false);
    if (peer !== undefined && peer !== by) dismiss(peer, member);
  }

  #sweep(): void {
    const now = Date.now();
    const silentSince = performance.now() - this.#options.keepLiveTimeoutMs;
    for (const member of this.#members.values()) {
      // It may connect and join again.
      if (member.seenAt < silentSince)
        this.#putOut(member, { timedOut: true, desc: this.#silence(), reason: 'timeout' });
      else if (member.token !== undefined) this.#checkToken(member, member.token, now);
    }
  }

  #checkToken(member: Member, token: TokenLife, now: number): void {
    if (now >= token.expiresAt) {
      this.#putOut(member, { timedOut: false, desc: 'token is expire', reason: FINAL });
    } else if (!token.warned && now >= token.expiresAt - this.#options.tokenWarningMs) {
      token.warned = true;
      const leftSec = Math.max(0, Math.round((token.expiresAt - now) / 1000));
      member.send(system('systemPromptToken', member.identity, `token expires in ${leftSec} s`));
    }
  }

  #silence(): string {
    return `no keepLive for ${this.#options.keepLiveTimeoutMs / 1000} s`;
  }

  #putOut(
    member: Member,
    { timedOut, desc, reason }: { readonly timedOut: boolean; readonly desc: string; readonly reason: string },
  ): void {
    this.#parts.log.info({ room: member.room.roomId, uid: member.identity.uid, desc }, 'user put out of a call');
    const { peer } = member;
    this.leave(member, timedOut);
    peer?.send(system('systemKickUser', member.identity, desc));
    peer?.close(NORMAL, reason);
  }
}
