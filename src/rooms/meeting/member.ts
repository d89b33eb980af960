import { randomBytes } from 'node:crypto';
import type { EventText } from './envelope.ts';
import type { RoomStream } from './messages.ts';
import type { Room } from './room.ts';
import type { LocalMemberEvents, MemberRole, MemberView } from './types.ts';

/** The connection of a member. */
export interface MemberLink {
  readonly address: string;
  send(text: string): void;
  /** Whether the client is still there. Never rejects. */
  answers(withinMs: number): Promise<boolean>;
  /** Tells the client by an `error` event that it is no member any more, and closes. */
  end(event: EventText, session: string, reason: string): void;
}

/** Where a member inside the gateway hears of its room. */
export interface LocalSink {
  tell<K extends keyof LocalMemberEvents>(event: K, ...args: LocalMemberEvents[K]): void;
}

/** What the token of a member allows. */
export interface MemberRights {
  readonly publish: boolean;
  readonly broadcast: boolean;
  /** The others may play whatever it declares, not only what it publishes by its member token. */
  readonly trusted: boolean;
}

export const ALL_RIGHTS: MemberRights = { publish: true, broadcast: true, trusted: true };

interface MemberSeed {
  /** Subject of its media tokens. */
  readonly id: string;
  readonly room: Room;
  readonly endpoint: string;
}

/** Names are the media server's: `live` where a stream id has no app. */
export const mediaName = (streamId: string): string => (streamId.includes('/') ? streamId : `live/${streamId}`);

/** Nobody guesses it, and JSON and URLs need not escape it. */
export const newId = (): string => randomBytes(16).toString('base64url');

/** One endpoint of a room. */
export class Member {
  readonly id: string;
  readonly room: Room;
  readonly endpoint: string;
  readonly joinedAt = Date.now();
  /** By media name. */
  readonly streams = new Map<string, RoomStream>();
  /** Streams that ended by themselves: the client may still say so. */
  readonly ended = new Set<string>();
  device = '';
  role: MemberRole = 'normal';
  rights: MemberRights = ALL_RIGHTS;
  /** Of the connection; new with each. */
  session = '';
  link: MemberLink | undefined;
  local: LocalSink | undefined;
  graceTimer: NodeJS.Timeout | undefined;
  #json: string | undefined;

  constructor({ id, room, endpoint }: MemberSeed) {
    this.id = id;
    this.room = room;
    this.endpoint = endpoint;
  }

  /** An entry of `endpoint_list` (seed 004 §1.5); `streams` is there where one does not say it all. */
  get json(): string {
    if (this.#json !== undefined) return this.#json;
    const streams = [...this.streams.values()];
    this.#json = JSON.stringify({
      endpoint: this.endpoint,
      device: this.device,
      role: this.role,
      ...(streams.length === 0 ? {} : { stream: streams[0] }),
      ...(streams.length > 1 ? { streams } : {}),
    });
    return this.#json;
  }

  get view(): MemberView {
    const { endpoint, device, role, joinedAt, link, local } = this;
    return {
      endpoint,
      device,
      role,
      connected: link !== undefined || local !== undefined,
      remoteAddress: link?.address ?? '',
      joinedAt,
      streams: [...this.streams.values()],
    };
  }

  /** Something that `json` shows is different now. */
  changed(): void {
    this.#json = undefined;
    this.room.changed();
  }
}
