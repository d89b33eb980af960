import type { Member, PairIce } from './member.ts';
import { SubTalk, type TalkOptions } from './talk.ts';

/** Users who talk to each other, two and two. */
export class Room {
  readonly appId: string;
  readonly roomId: string;
  readonly roomName: string;
  readonly members = new Map<string, Member>();

  constructor(appId: string, roomId: string, roomName: string) {
    this.appId = appId;
    this.roomId = roomId;
    this.roomName = roomName;
  }

  /** Seed 002 §3, Join: each gets a subsession of its own with each. `ice` has a choice for each who is there. */
  add(member: Member, ice: ReadonlyMap<Member, PairIce>, options: TalkOptions): void {
    for (const [other, choice] of ice) {
      pair(member, other, choice, options);
      pair(other, member, choice, options);
    }
    this.members.set(member.identity.uid, member);
  }

  remove(member: Member): void {
    const { uid } = member.identity;
    if (this.members.get(uid) !== member) return;
    this.members.delete(uid);
    for (const { member: other, talk } of member.remotes.values()) {
      talk.finish();
      other.remotes.get(uid)?.talk.finish();
      other.remotes.delete(uid);
    }
    member.remotes.clear();
  }

  /** Pairs of which at least one end has told so. */
  connectedPairs(): number {
    let count = 0;
    for (const [uid, { remotes }] of this.members) {
      for (const [remoteUid, { member, talk }] of remotes) {
        const theirs = member.remotes.get(uid)?.talk.connected === true;
        // Each pair is met twice, once from either end.
        if ((talk.connected || theirs) && uid < remoteUid) count += 1;
      }
    }
    return count;
  }

  broadcast(text: string, except: Member): void {
    for (const member of this.members.values()) if (member !== except) member.send(text);
  }
}

function pair(own: Member, remote: Member, ice: PairIce, options: TalkOptions): void {
  const { uid: userId, uname: userName } = remote.identity;
  const talk = new SubTalk(own.talk, { userId, userName, userIp: remote.address }, options);
  talk.iceIp = ice.choice.iceIp;
  own.remotes.set(userId, { member: remote, talk, ice });
}

/** Ids have no control characters, so nothing is taken for something else. */
const keyOf = (appId: string, roomId: string): string => `${appId}\n${roomId}`;

/** The running rooms of all apps; one app's are out of reach for another. */
export class RoomTable {
  readonly #rooms = new Map<string, Room>();

  get size(): number {
    return this.#rooms.size;
  }

  find(appId: string, roomId: string): Room | undefined {
    return this.#rooms.get(keyOf(appId, roomId));
  }

  /** The room, made where there is none. */
  open(appId: string, roomId: string, roomName: string): Room {
    const key = keyOf(appId, roomId);
    const room = this.#rooms.get(key) ?? new Room(appId, roomId, roomName);
    this.#rooms.set(key, room);
    return room;
  }

  /** Forgets a room that nobody is in. */
  settle(room: Room): void {
    const key = keyOf(room.appId, room.roomId);
    if (room.members.size === 0 && this.#rooms.get(key) === room) this.#rooms.delete(key);
  }

  values(): Iterable<Room> {
    return this.#rooms.values();
  }
}
