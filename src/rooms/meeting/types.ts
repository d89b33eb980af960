import type { EventEmitter } from 'node:events';
import type { Streams } from '../../stream/index.ts';
import type { Logger } from '../../util/index.ts';
import type { PeerLimits, WebSocketProtocol } from '../../websocket/index.ts';
import type { RoomRights } from '../rights-types.ts';
import type { RoomStream } from './messages.ts';

/** Of clients those of seed 004; `camera` only of members that the gateway itself brings in. */
export type MemberRole = 'normal' | 'recorder' | 'relayer' | 'camera';

/** Protocols of `media_server` in the order of seed 004. */
export const MEDIA_PROTOCOLS = ['wss', 'ws', 'https', 'http', 'rtsp'] as const;
export type MediaProtocol = (typeof MEDIA_PROTOCOLS)[number];
/** A URL for each; empty = not served. */
export type MediaAddresses = Readonly<Record<MediaProtocol, string>>;

export interface MeetingOptions {
  readonly location: string;
  readonly limits: PeerLimits;
  /** A member whose connection is lost may come back within this time. */
  readonly graceMs: number;
  /** Members of one room. */
  readonly maxMembers: number;
  /** A media node without a heartbeat for so long is dead. */
  readonly nodeTimeoutMs: number;
  /** Our own media ports; a protocol that is off is absent. */
  readonly media: Readonly<Partial<Record<MediaProtocol, { readonly port: number; readonly path: string }>>>;
  /** Host in our addresses for clients that do not say which one they used. */
  readonly host: string;
}

export interface MeetingRights extends RoomRights {
  /** A token by which this member publishes and plays; see `Meetings.mayUse`. */
  signMember(member: string): Promise<string>;
}

export interface MeetingParts {
  readonly rights: MeetingRights;
  readonly streams: Pick<
    Streams,
    'on' | 'off' | 'find' | 'ownerOf' | 'isCamera' | 'closePublication' | 'closeOwned' | 'closeViewersOf'
  >;
  readonly log: Logger;
}

/** Who joins from inside the gateway. */
export interface LocalMemberRequest {
  readonly app: string;
  readonly channel: string;
  /** Must be free in the room. */
  readonly endpoint: string;
  readonly role: MemberRole;
  readonly device: string;
}

/** A stream of another member of the room. */
export interface MemberStream {
  readonly endpoint: string;
  readonly device: string;
  readonly role: MemberRole;
  readonly stream: RoomStream;
}

export type LocalMemberEvents = {
  /** Somebody else has declared a stream; its media has the name `stream.stream_id`. */
  streamPublished: [stream: MemberStream];
  /** It is over, or its member has left. */
  streamUnpublished: [stream: MemberStream];
  endpointJoined: [endpoint: string];
  endpointLeft: [endpoint: string];
  /** Once, unless it left by itself. */
  ended: [reason: 'kicked' | 'closed'];
};

/**
 * A member that the gateway itself brings in: a camera, a recorder, a relayer.
 *
 * A camera joins with role `camera`, declares one stream of type `camera` whose `stream_id` is the gateway's name of
 * the stream (`live/<device>_<channel>`), so that members play it under that very name, and leaves when its device
 * goes offline. A recorder or relayer joins, takes what `streams()` lists, then follows the events:
 *
 *     const member = meetings.joinLocal({ app, channel, endpoint: 'recorder-1', role: 'recorder', device: '' });
 *     member.on('streamPublished', ({ stream }) => record(stream.stream_id));
 *     for (const { stream } of member.streams()) record(stream.stream_id);
 *
 * Its room lives as long as it stays, also when everybody else has gone (`others()` is empty then).
 */
export interface LocalMember extends EventEmitter<LocalMemberEvents> {
  readonly app: string;
  readonly channel: string;
  readonly endpoint: string;
  readonly closed: boolean;
  /** Streams of all other members. */
  streams(): MemberStream[];
  /** The other members. */
  others(): ReadonlyArray<{ readonly endpoint: string; readonly role: MemberRole }>;
  /** Declares a stream; every member of the room may play it. @throws MeetingError (`name_invalid`, `stream_taken`, `stream_limit`) */
  addStream(stream: RoomStream): void;
  /** Returns false for an unknown stream. */
  deleteStream(streamId: string): boolean;
  /** Idempotent. */
  leave(): void;
}

export interface RoomSummary {
  readonly app: string;
  readonly channel: string;
  readonly members: number;
  readonly streams: number;
  /** Unix ms. */
  readonly createdAt: number;
}

export interface MemberView {
  readonly endpoint: string;
  readonly device: string;
  readonly role: MemberRole;
  /** False: its connection is lost, it may still come back. */
  readonly connected: boolean;
  readonly remoteAddress: string;
  readonly joinedAt: number;
  readonly streams: readonly RoomStream[];
}

export interface RoomView extends RoomSummary {
  readonly endpoints: readonly MemberView[];
}

/** A media server other than this gateway, as it says of itself. */
export interface MediaNode {
  readonly id: string;
  readonly addresses: Partial<MediaAddresses>;
  /** In units of its own, e.g. streams. */
  readonly load: number;
  readonly capacity: number;
}

export interface MediaNodeView extends MediaNode {
  readonly addresses: MediaAddresses;
  readonly alive: boolean;
  /** Unix ms. */
  readonly heardAt: number;
}

export interface MeetingCounters {
  readonly rooms: number;
  readonly members: number;
  /** Requests of clients. */
  readonly requests: number;
  /** Of those the failed ones. */
  readonly failures: number;
  /** Events that were sent to members. */
  readonly events: number;
}

/** The MeetingServer of seed 004. */
export interface Meetings {
  readonly protocol: WebSocketProtocol;
  readonly counters: MeetingCounters;
  /** By app and channel. */
  list(): RoomSummary[];
  get(app: string, channel: string): RoomView | undefined;
  /** Puts a member out; its connection closes. Returns false for an unknown one. */
  kick(app: string, channel: string, endpoint: string): boolean;
  /**
   * Whether the member of a `signMember` token may publish or play `<app>/<name>`: play what is declared in its room,
   * publish what is no camera and nobody else publishes or has declared. A name that it may publish is kept for it
   * for a moment, then only while it publishes it.
   */
  mayUse(member: string, right: 'play' | 'publish', stream: string): boolean;
  /** @throws MeetingError (`name_invalid`, `endpoint_taken`, `room_full`, `room_limit`, `room_elsewhere`, `closed`) */
  joinLocal(request: LocalMemberRequest): LocalMember;
  /** A media node is there, or still there. @throws MeetingError `media_node_limit` */
  heartbeat(node: MediaNode): MediaNodeView;
  nodes(): MediaNodeView[];
  /** Returns false for an unknown one. */
  removeNode(id: string): boolean;
  /** Idempotent. */
  close(): void;
}
