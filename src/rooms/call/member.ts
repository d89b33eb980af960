import type { Peer } from '../../websocket/index.ts';
import type { Room } from './room.ts';
import type { SubTalk, Talk } from './talk.ts';
import type { IceChoice } from './types.ts';

/** Who joins, as the message says it. */
export interface Identity {
  readonly appId: string;
  readonly roomId: string;
  readonly uid: string;
  readonly uname: string;
  /** 0 normal, 1 observer. */
  readonly userType: number;
  /** 0 audio, 1 audio and video, 2 video, 3 none. */
  readonly talkType: number;
}

/** When a member's token must be renewed. */
export interface TokenLife {
  /** Unix ms. */
  readonly expiresAt: number;
  warned: boolean;
}

/** The ICE server that both ends of a pair have been given. */
export interface PairIce {
  choice: IceChoice;
  /** By performance.now(). */
  chosenAt: number;
}

/** The other end of a pair. */
export interface Remote {
  readonly member: Member;
  /** How this end sees the pair. */
  readonly talk: SubTalk;
  /** Shared by both ends. */
  readonly ice: PairIce;
}

/** Messages kept for a user whose WebSocket is lost, and the characters of all: some forty offers of browsers. */
const MAX_MISSED = 100;
const MAX_MISSED_CHARS = 262_144;
/** Longer than a message is on its way: what was sent so long before a keepLive has arrived. */
const ON_ITS_WAY_MS = 2000;
/** Two of the clients' keepLive: after so long a silence nobody knows whether it is still heard. */
const SILENCE_MS = 10_000;

/** 0 camera, 1 microphone, 2 shared screen, 3 sound of the system; cameras and microphones start as switched on. */
const startsEnabled = (index: number): boolean => index < 2;

/** One user in one room, from join to leave. */
export class Member {
  readonly identity: Identity;
  readonly room: Room;
  readonly talk: Talk;
  /** This user's view of each pair, by the uid at the other end. */
  readonly remotes = new Map<string, Remote>();
  token: TokenLife | undefined;
  /** Of the last keepLive, by a clock that nobody sets. */
  seenAt = performance.now();
  readonly #devices = new Map<number, boolean>();
  #address: string;
  #peer: Peer | undefined;
  /** When something was last sent, by the clock of `seenAt`; of this, what had been missed before. */
  #sentAt = -Infinity;
  #repeatedAt = -Infinity;
  /** What was to be sent while the WebSocket is lost; undefined where it was too much. */
  #missed: string[] | undefined = [];
  #missedChars = 0;

  constructor(parts: {
    readonly identity: Identity;
    readonly room: Room;
    readonly peer: Peer;
    readonly talk: Talk;
    readonly token: TokenLife | undefined;
  }) {
    this.identity = parts.identity;
    this.room = parts.room;
    this.#address = parts.peer.address;
    this.#peer = parts.peer;
    this.talk = parts.talk;
    this.token = parts.token;
  }

  /** Undefined while the WebSocket is lost. */
  get peer(): Peer | undefined {
    return this.#peer;
  }

  /** Of the latest WebSocket. */
  get address(): string {
    return this.#address;
  }

  /** False: it will never arrive. The WebSocket is lost, too much has been missed, and the user must join again. */
  send(text: string): boolean {
    if (this.#peer !== undefined) {
      this.#sentAt = performance.now();
      this.#peer.send(text);
      return true;
    }
    this.#missedChars += text.length;
    const hasRoom = (this.#missed?.length ?? MAX_MISSED) < MAX_MISSED && this.#missedChars <= MAX_MISSED_CHARS;
    if (hasRoom) this.#missed?.push(text);
    else this.#missed = undefined;
    return hasRoom;
  }

  /** The WebSocket has gone; the user is awaited until the keepLive timeout. */
  lose(): void {
    this.#peer = undefined;
    const silent = performance.now() > this.seenAt + SILENCE_MS;
    if (this.#isOnItsWay(silent ? this.#sentAt : this.#repeatedAt)) this.#missed = undefined;
  }

  /**
   * Goes on over another WebSocket with what was missed; the one before it may not be known to have ended. False: too
   * much was missed, or nobody knows what, and the user must join again.
   */
  resume(peer: Peer): boolean {
    if (this.#missed === undefined) return false;
    if (this.#peer !== undefined && this.#isOnItsWay(this.#sentAt)) return false;
    this.#peer = peer;
    this.#address = peer.address;
    if (this.#missed.length > 0) this.#repeatedAt = performance.now();
    this.#missedChars = 0;
    for (const text of this.#missed.splice(0)) this.send(text);
    return true;
  }

  /** No keepLive has shown yet that it has arrived. */
  #isOnItsWay(sentAt: number): boolean {
    return sentAt > this.seenAt - ON_ITS_WAY_MS;
  }

  setDevice(index: number, enabled: boolean): void {
    this.#devices.set(index, enabled);
  }

  /** Devices that are no longer as every user assumes at first. */
  changedDevices(): Array<{ readonly index: number; readonly enable: boolean }> {
    return [...this.#devices]
      .filter(([index, enable]) => enable !== startsEnabled(index))
      .map(([index, enable]) => ({ index, enable }));
  }
}
